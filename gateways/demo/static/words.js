// Describe a run in sentences, with the measured figures. Pure: a run and its requests in, text out.

import { LANES, listed, ms } from "./dom.js";

const NAMES = { cgi: "CGI", wsgi: "WSGI", asgi: "ASGI" };

/** Description of each button, shown before a run. */
export const ABOUT = {
  hello: "One short response. See the input of each app, and the cost of a single request.",
  stream: "A response sent block by block. All three stream; CGI must start a process first.",
  upload:
    "A large request body, sent to all three at once. Each app reads it as it arrives and responds with its SHA-256.",
  crowd: "Ten clients at the same time, each waiting for a slow response. How many run concurrently: processes, threads or tasks?",
  chat: "A WebSocket: messages in both directions until one side disconnects. ASGI supports it. WSGI does not, but an adapter can take over the server’s connection and serve an ASGI app.",
  events:
    "Server-sent events: one long, slow response. It looks like Stream. Note the resources that each interface uses while the response is open.",
};

/** Description of each interface. */
export const WHAT = {
  cgi: "A program, run once for each request. It gets the request headers in its environment and the body on standard input; its output is the response.",
  wsgi: "A function, called once for each request: app(environ, start_response) returns the blocks of the response.",
  asgi: "A coroutine function, called once for each connection: app(scope, receive, send), with messages in both directions.",
};

/** Return one sentence about a lane, "" if unknown. `works`: the feed's data on each client's request. */
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
      ? ", which sleeps during each pause and cannot do anything else"
      : ", which already existed";
    return `The server called the app on its thread ${thread(work)}${waits}.`;
  }
  const free = paced(run) ? " During each pause the loop can serve other requests." : "";
  return `The server’s event loop called the app directly, without a new process or thread.${free}`;
}

const paced = (run) => run.action === "stream" || run.action === "events";

function started(run, work, client) {
  if (!work.from || !work.output) return "";
  const share = ms((work.output - work.from) * 1000);
  return (
    `${share} of the ${ms(client.first)} before the first byte passed between the start of a Python process and its ` +
    `first output. Process ${work.process} served only this request.`
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

const thread = (work) => work.thread.replaceAll("-", "\u2011"); // keep the name on one line

function crowd(run, lane, works) {
  const clients = run.lanes[lane].filter((client) => client.end !== null);
  if (clients.length < run.lanes[lane].length) return meanwhile(run, lane, works);
  const slowest = ms(Math.max(...clients.map((client) => client.end)));
  if (lane === "cgi")
    return `${atOnce(works)} concurrent processes, one for each client. The last response was complete after ${slowest}.`;
  const threads = new Set(works.map((work) => `${work.process} ${work.thread}`)).size;
  if (lane === "asgi")
    return `${atOnce(works)} concurrent waits in one event loop, on one thread. The last response was complete after ${slowest}.`;
  const late = clients.length - threads;
  const waited = late > 0 ? `the other ${late} requests waited for a free thread` : "enough for all";
  return `${threads} threads: ${waited}. The last response was complete after ${slowest}.`;
}

function meanwhile(run, lane, works) {
  const working = works.filter((work) => work.from && !work.until).length;
  const waiting = run.lanes[lane].filter((client) => client.end === null).length - working;
  if (!working || run.over) return "";
  if (lane === "cgi") return `${working} processes are running.`;
  if (lane === "asgi") return `One event loop, on one thread, holds ${working} waits.`;
  return `${working} threads are running${waiting > 0 ? `, and ${waiting} clients wait for a free thread` : ""}.`;
}

/** Return the maximum number that ran at the same time. */
function atOnce(works) {
  const starts = works.filter((work) => work.from).map((work) => [work.from, 1]);
  const ends = works.filter((work) => work.from && work.until).map((work) => [work.until, -1]);
  let now = 0;
  return [...starts, ...ends].sort((a, b) => a[0] - b[0]).reduce((most, [, by]) => Math.max(most, (now += by)), 0);
}

function chatting(lane, client) {
  if (client.open !== null) return client.end === null ? connected(lane) : "Closed.";
  if (!client.refused) return "";
  const { status, reason: said } = client.refused;
  const handshake = `${status}${said ? ` ${said}` : ""} to the handshake`;
  if (lane === "cgi")
    return `${handshake}: the gateway cannot pass a WebSocket to a program, so it starts no program. On a plain request, the program explains why.`;
  return `${handshake}: this server does not expose the connection, so ASGIToWSGI cannot take it over.`;
}

function connected(lane) {
  if (lane === "wsgi")
    return "Connected to an ASGI app through ASGIToWSGI: the adapter took over the server’s connection, and serves it on its own event loop. It holds no thread of the server.";
  return "Connected: the event loop keeps it open and can serve other requests.";
}

/** Return the result of a run in one sentence. */
export function verdict(run) {
  if (run.problem) return run.problem;
  const failed = run.clients.filter(({ client }) => client.failed);
  if (failed.length)
    return `${listed([...new Set(failed.map(({ lane }) => NAMES[lane]))])} failed: ${failed[0].client.failed}`;
  if (run.action === "chat") return talk(run);
  if (run.action === "upload") return digests(run);
  if (run.action === "crowd") {
    const slowest = (lane) => Math.max(...run.lanes[lane].map((client) => client.end));
    return `All thirty requests succeeded. Time of the last response: ${each(run, slowest)}.`;
  }
  const bodies = new Set(LANES.map((lane) => run.lanes[lane][0].blocks.map((block) => block.text).join("")));
  return `${bodies.size === 1 ? "All three sent the same bytes" : "The bytes differ"}. First byte: ${each(run, (lane) => run.lanes[lane][0].first)}.`;
}

function talk(run) {
  const {
    cgi: [cgi],
    wsgi: [wsgi],
    asgi: [asgi],
  } = run.lanes;
  if (asgi.open === null || cgi.end === null || (wsgi.open === null && wsgi.end === null)) return "";
  const said = asgi.blocks.findLast((block) => block.way === "out");
  const too = wsgi.open === null ? `, WSGI ${wsgi.status}` : "";
  const through = wsgi.open === null ? "" : ", and WSGI through ASGIToWSGI";
  return `ASGI ${asgi.end === null ? "is connected" : "was connected"}${through}; CGI responds ${cgi.status}${too}.${said ? ` ASGI sent: “${said.text}”` : ""}`;
}

function digests(run) {
  const got = LANES.map((lane) => digestOf(run.lanes[lane][0]));
  if (got.some((digest) => digest !== run.digest)) return "A digest differs from the digest of the sent body.";
  return `All three read the same body (same SHA-256). Responses complete after ${each(run, (lane) => run.lanes[lane][0].end)}.`;
}

/** Return the digest in an upload's response; null if absent. */
export function digestOf(client) {
  return (
    client.blocks
      .map((block) => block.text)
      .join("")
      .match(/"sha256": "([0-9a-f]{64})"/)?.[1] ?? null
  );
}

const each = (run, figure) => listed(LANES.map((lane) => `${NAMES[lane]} ${ms(figure(lane))}`));
