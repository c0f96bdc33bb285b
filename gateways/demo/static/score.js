// The timing chart: three rows on one clock, to scale. One line per client: it waits, the app runs, bytes arrive.

import { $, LANES, el, ms, reducedMotion } from "./dom.js";

const names = { cgi: "CGI", wsgi: "WSGI", asgi: "ASGI" };
const plots = {};
const reads = {};
let ticks, head;
let run = null;
let requests = null;
let frame = 0;

/** Create the rows. */
export function prepare(known) {
  requests = known;
  for (const lane of LANES) {
    plots[lane] = el("div", { class_: "plot" });
    reads[lane] = el("span", { class_: "read" });
    $("rows").append(
      el(
        "div",
        { class_: `row ${lane}` },
        el("div", { class_: "name" }, el("b", {}, names[lane]), reads[lane]),
        plots[lane],
      ),
    );
  }
  ticks = el("div", { class_: "ticks" });
  head = el("div", { class_: "playhead", hidden: true });
  $("rows").append(el("div", { class_: "axis" }, ticks, head));
  show(null);
}

/** Show a run. */
export function show(next) {
  run = next;
  $("rows").classList.toggle("crowded", Boolean(run && run.lanes.cgi.length > 1));
  for (const lane of LANES) {
    const clients = run ? run.lanes[lane] : [null];
    plots[lane].replaceChildren(...clients.map(() => el("div", { class_: "client" })));
    reads[lane].textContent = "";
  }
  draw();
}

/** Redraw after an event. */
export function changed() {
  if (!frame) frame = requestAnimationFrame(draw);
}

function draw() {
  frame = 0;
  const end = run ? Math.max(run.expected * (run.over ? 0 : 1), (run.over ? lastOf() : run.elapsed) * 1.04, 10) : 1000;
  scale(end);
  if (!run) return;
  const now = run.elapsed;
  for (const { lane, index, client } of run.clients) line(plots[lane].children[index], marksOf(lane, client, now), end);
  for (const lane of LANES) reads[lane].textContent = read(lane, run.lanes[lane]);
  head.hidden = run.over || reducedMotion.matches;
  head.style.left = `${(now / end) * 100}%`;
  if (run.over || run.clock === null || reducedMotion.matches) return;
  if (now < 6000) changed();
  else setTimeout(changed, 200); // on a long axis a frame's progress is not visible
}

/** Return the time of the last event; a CGI program may exit after its response. */
function lastOf() {
  const works = run.clients.map(({ lane, client }) => workOf(lane, client)).filter((work) => work?.until);
  return Math.max(run.last, ...works.map((work) => work.until));
}

/** Return the time at which the app ran for a client, in ms since the run began. */
function workOf(lane, client) {
  const request = client.port && run.clock !== null ? requests.from(lane, client.port, run.clock) : null;
  if (!request?.from) return null;
  const at = (when) => (when - run.clock) * 1000;
  return { from: at(request.from), until: request.until === null ? null : at(request.until) };
}

function marksOf(lane, client, now) {
  const marks = [];
  if (client.asked === null) return marks;
  const work = workOf(lane, client);
  if (work) marks.push(["work", work.from, work.until ?? (client.end !== null && run.over ? client.end : now)]);
  const first = client.first ?? client.end ?? now;
  marks.push(["wait", client.asked, first]);
  if (client.first !== null) marks.push(["flow", first, client.end ?? now]);
  if (run.length && client.sent)
    marks.push(["sent", client.asked, client.asked + (first - client.asked) * (client.sent / run.length)]);
  for (const block of client.blocks) marks.push([`dot ${block.way}`, block.at, block.at]);
  if (client.failed || client.status >= 400) marks.push(["dot bad", client.end ?? first, client.end ?? first]);
  return marks;
}

/** Create or move the marks of a line. */
function line(place, marks, end) {
  while (place.children.length > marks.length) place.lastChild.remove();
  marks.forEach(([kind, from, until], index) => {
    const mark = place.children[index] ?? place.appendChild(el("i"));
    if (mark.className !== kind) mark.className = kind;
    mark.style.left = `${(from / end) * 100}%`;
    if (!kind.startsWith("dot")) mark.style.width = `${(Math.max(0, until - from) / end) * 100}%`;
    else mark.style.removeProperty("width");
  });
}

/** Return the figures of a row. */
function read(lane, clients) {
  const working = run.over ? 0 : clients.filter((client) => workOf(lane, client)?.until === null).length;
  if (working && clients.length > 1) return `${working} running`;
  if (clients.length > 1)
    return `${clients.filter((client) => client.end !== null && !client.failed).length} of ${clients.length}`;
  const [{ first, failed, refused, status }] = clients;
  if (failed) return "failed";
  if (refused) return `${status ?? refused.status}`;
  return first === null ? "" : ms(first);
}

/** Round times below the rows. */
function scale(end) {
  const rough = end / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const times = Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step);
  while (ticks.children.length > times.length) ticks.lastChild.remove();
  times.forEach((time, index) => {
    const tick = ticks.children[index] ?? ticks.appendChild(el("span"));
    const text = time >= 1000 || end >= 2000 ? `${+(time / 1000).toFixed(2)} s` : `${+time.toFixed(1)} ms`;
    if (tick.textContent !== text) tick.textContent = text;
    tick.style.left = `${(time / end) * 100}%`;
    tick.hidden = time > end * 0.97;
  });
}
