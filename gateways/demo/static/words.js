// What a run showed, in words, with the figures that were measured. Pure: a run and its requests in, text out.

import { LANES, listed, ms } from "./dom.js";

const NAMES = { cgi: "CGI", wsgi: "WSGI", asgi: "ASGI" };

/** Before anything is asked: what there is to see. */
export const ABOUT = {
  hello: "One short answer. See what each side is given, and what it costs to be asked at all.",
  stream: "A response whose blocks are sent as they are made. All three stream; CGI has a process to start first.",
  upload:
    "A body with some weight, sent to all three at once. Each app reads it as it arrives, and answers with its SHA-256.",
  crowd: "Ten clients at the same moment, each of whom has to wait. How many can be served at once, and by what?",
  chat: "A WebSocket: texts both ways, until one side leaves. Only ASGI has it; an adapter can give it to an ASGI app on a WSGI server.",
  events:
    "Server-sent events: one long response that never hurries. It looks like the stream; ask what it holds on to meanwhile.",
};

/** What each interface is. */
export const WHAT = {
  cgi: "A program, run once for each request: the head is in its environment, the body on its standard input, and what it prints is the response.",
  wsgi: "A function, called once for each request: app(environ, start_response) returns the blocks of the response.",
  asgi: "A coroutine function, called once for each connection: app(scope, receive, send), with messages both ways.",
};

/** One sentence on a lane, or "" where nothing can be said. `works`: what the feed knows of each client's request. */
export function reason(run, lane, works) {
  const known = works.filter(Boolean);
  const [client] = run.lanes[lane];
  if (client.failed) return client.failed;
  if (run.action === "chat") return chatting(lane, client);
  if (known.length && run.action === "crowd") return crowd(run, lane, known);
  if (!known.length || client.first === null) return "";
  const [work] = known;
  if (run.action === "upload") return read(run, lane, work);
  if (lane === "cgi") return started(run, work, client);
  if (lane === "wsgi") {
    const waits = paced(run)
      ? ", which sleeps through each pause and can do nothing else"
      : ", which was there already";
    return `The server called the app on its thread ${thread(work)}${waits}.`;
  }
  const free = paced(run) ? " In each pause the loop is free for others." : "";
  return `The server’s event loop called the app itself: nothing was started, no thread was taken.${free}`;
}

const paced = (run) => run.action === "stream" || run.action === "events";

function started(run, work, client) {
  if (!work.from || !work.output) return "";
  const share = ms((work.output - work.from) * 1000);
  return (
    `${share} of the ${ms(client.first)} before the first byte went by between starting a Python process and its ` +
    `first output. It was process ${work.process}, for this one request.`
  );
}

function read(run, lane, work) {
  if (!work.from) return "";
  const after = ms((work.from - run.clock) * 1000);
  if (lane === "cgi")
    return `Process ${work.process} was started after ${after}, and read the body from its standard input, a pipe.`;
  if (lane === "wsgi")
    return `The app was called after ${after}, on the thread ${thread(work)}, and read the body from wsgi.input.`;
  return `The app was called after ${after}, and awaited receive() for each piece of the body.`;
}

const thread = (work) => work.thread.replaceAll("-", "\u2011"); // a name is not broken over two lines

function crowd(run, lane, works) {
  const clients = run.lanes[lane].filter((client) => client.end !== null);
  if (clients.length < run.lanes[lane].length) return meanwhile(run, lane, works);
  const slowest = ms(Math.max(...clients.map((client) => client.end)));
  if (lane === "cgi")
    return `${atOnce(works)} processes at once, one for each client. The last had its answer after ${slowest}.`;
  const threads = new Set(works.map((work) => `${work.process} ${work.thread}`)).size;
  if (lane === "asgi")
    return `${atOnce(works)} waits held at once by one loop, on one thread. The last had its answer after ${slowest}.`;
  const late = clients.length - threads;
  const waited = late > 0 ? `the other ${late} waited until one was free` : "enough for all";
  return `${threads} threads: ${waited}. The last had its answer after ${slowest}.`;
}

function meanwhile(run, lane, works) {
  const working = works.filter((work) => work.from && !work.until).length;
  const waiting = run.lanes[lane].filter((client) => client.end === null).length - working;
  if (!working || run.over) return "";
  if (lane === "cgi") return `${working} processes are at work.`;
  if (lane === "asgi") return `One loop, on one thread, holds ${working} waits.`;
  return `${working} threads are at work${waiting > 0 ? `, and ${waiting} clients wait until one is free` : ""}.`;
}

/** The most that were at work at the same time. */
function atOnce(works) {
  const starts = works.filter((work) => work.from).map((work) => [work.from, 1]);
  const ends = works.filter((work) => work.from && work.until).map((work) => [work.until, -1]);
  let now = 0;
  return [...starts, ...ends].sort((a, b) => a[0] - b[0]).reduce((most, [, by]) => Math.max(most, (now += by)), 0);
}

function chatting(lane, client) {
  if (client.open !== null)
    return client.end === null ? "Connected: the loop holds it open, and is free for others." : "Over.";
  if (!client.refused) return "";
  const { status, reason: said } = client.refused;
  const handshake = `${status}${said ? ` ${said}` : ""} to the handshake`;
  if (lane === "cgi")
    return `${handshake}: the gateway has no way to pass a WebSocket to a program, and starts none. Asked without one, the program says why.`;
  return `${handshake}: the app got it as a plain request, and says why it cannot. An ASGI app behind ASGIToWSGI could: the adapter takes over the socket of the WSGI server.`;
}

/** The result of a run in one sentence. */
export function verdict(run) {
  if (run.problem) return run.problem;
  const failed = run.clients.filter(({ client }) => client.failed);
  if (failed.length)
    return `${listed([...new Set(failed.map(({ lane }) => NAMES[lane]))])} failed: ${failed[0].client.failed}`;
  if (run.action === "chat") return talk(run);
  if (run.action === "upload") return digests(run);
  if (run.action === "crowd") {
    const slowest = (lane) => Math.max(...run.lanes[lane].map((client) => client.end));
    return `All thirty answered. The last in each lane: ${each(run, slowest)}.`;
  }
  const bodies = new Set(LANES.map((lane) => run.lanes[lane][0].blocks.map((block) => block.text).join("")));
  return `${bodies.size === 1 ? "The same bytes from all three" : "Not the same bytes"}. First byte: ${each(run, (lane) => run.lanes[lane][0].first)}.`;
}

function talk(run) {
  const {
    cgi: [cgi],
    wsgi: [wsgi],
    asgi: [asgi],
  } = run.lanes;
  if (asgi.open === null || cgi.end === null || wsgi.end === null) return "";
  const said = asgi.blocks.findLast((block) => block.way === "out");
  return `ASGI ${asgi.end === null ? "talks" : "talked"}; CGI answers ${cgi.status}, WSGI ${wsgi.status}.${said ? ` ASGI says: “${said.text}”` : ""}`;
}

function digests(run) {
  const got = LANES.map((lane) => digestOf(run.lanes[lane][0]));
  if (got.some((digest) => digest !== run.digest)) return "The digests differ from what was sent.";
  return `All three read what was sent: the same SHA-256 in each. Answered after ${each(run, (lane) => run.lanes[lane][0].end)}.`;
}

/** The digest that an answer to an upload holds; null if it holds none. */
export function digestOf(client) {
  return (
    client.blocks
      .map((block) => block.text)
      .join("")
      .match(/"sha256": "([0-9a-f]{64})"/)?.[1] ?? null
  );
}

const each = (run, figure) => listed(LANES.map((lane) => `${NAMES[lane]} ${ms(figure(lane))}`));
