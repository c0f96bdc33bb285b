// The three lanes: the interface, the clients' output (stage.js), and the events by request, newest first.

import { $, LANES, el } from "./dom.js";
import * as detail from "./detail.js";
import { STEPS } from "./requests.js";
import { WHAT } from "./words.js";

const FACE = {
  cgi: ["CGI", "1993", "Between server and program"],
  wsgi: ["WSGI", "2003", "Between server and app"],
  asgi: ["ASGI", "2016", "Between server and app"],
};
const ARROWS = { in: "→", out: "←" };
const SHOWN = 24; // maximum number of requests in a lane
const HELD = 3000; // maximum number of items kept while paused
const OPEN = 2; // number of newest requests that are unfolded

const parts = {};
let paused = false;
let held = [];
let known = null;

export const stage = (lane) => parts[lane].stage;

/** Create the lanes. `requests` stores the items of the feed. */
export function prepare(requests) {
  known = requests;
  for (const lane of LANES) {
    const [name, year, between] = FACE[lane];
    const model = el("p", { class_: "model" });
    const place = el("div", { class_: "stage" }, el("p", { class_: "what" }, WHAT[lane]));
    const list = el("ol", { class_: "requests", id: `requests-${lane}`, "aria-label": `Events of ${name}` });
    const none = el("p", { class_: "none" }, "Nothing yet.");
    list.addEventListener("keydown", (event) => moved(event, lane));
    list.addEventListener("focusin", (event) => stopAt(lane, event.target));
    list.addEventListener("toggle", () => focusable(lane), true);
    $("lanes").append(
      el(
        "section",
        { class_: `lane ${lane}`, "aria-labelledby": `name-${lane}` },
        el("header", {}, el("h2", { id: `name-${lane}` }, name), el("span", { class_: "year" }, year), model),
        place,
        el("div", { class_: "between" }, el("h3", {}, between), none, list),
      ),
    );
    parts[lane] = { model, stage: place, list, none, shown: new Map() };
  }
  $("pause").addEventListener("click", pause);
  $("clear").addEventListener("click", clear);
}

/** Show the description of the lanes. */
export function describe({ lanes, quiet }) {
  for (const { lane, server, version, model, url } of lanes) {
    parts[lane].model.replaceChildren(
      el("b", {}, `${server} ${version}`),
      ` ${model} `,
      el("span", { class_: "url" }, url.replace("http://", "")),
    );
    if (quiet) parts[lane].none.textContent = "With --quiet: one line per request.";
  }
}

/** Add items of the feed. */
export function add(items) {
  for (const item of items) {
    const request = known.add(item);
    if (request && paused) held.push([request, item]);
    else if (request) place(request, item);
  }
  held.splice(0, held.length - HELD);
  if (paused) $("pause").textContent = held.length ? `Resume (${held.length})` : "Resume";
}

function pause() {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  $("pause").textContent = paused ? "Resume" : "Pause";
  if (!paused) for (const [request, item] of held.splice(0)) place(request, item);
}

/** Clear the events received so far. */
export function clear() {
  held = [];
  for (const { list, shown, none } of Object.values(parts)) {
    list.replaceChildren();
    shown.clear();
    none.hidden = false;
  }
}

function place(request, item) {
  if (item.kind === "begin") begin(request);
  const group = parts[request.lane].shown.get(request.number);
  if (!group) return; // cleared in the meantime
  if (item.kind === "step") group.steps.append(row(request, item));
  if (item.kind === "more") group.steps.append(skipped(item));
  if (item.kind === "end") {
    group.sum.textContent = item.summary;
    group.sum.classList.toggle("bad", !item.good);
  }
  if (group.steps.children.length > STEPS) group.steps.children[1].remove();
  focusable(request.lane);
}

const skipped = (item) => el("li", { class_: "more" }, `${item.skipped.toLocaleString("en")} more steps like these`);

/** Add a request on top. Drop the oldest, and fold older ones unless the reader has opened them. */
function begin(request) {
  const { list, shown, none } = parts[request.lane];
  const made = heading(request);
  shown.set(request.number, made);
  list.prepend(made.item);
  none.hidden = true;
  while (shown.size > SHOWN) {
    const [number, oldest] = shown.entries().next().value;
    oldest.item.remove();
    shown.delete(number);
  }
  [...list.children].forEach((each, index) => {
    const group = each.firstElementChild;
    if (index >= OPEN && !group.dataset.wanted && !group.contains(document.activeElement)) group.open = false;
  });
}

function heading(request) {
  const sum = el("span", { class_: "sum" });
  const steps = el("ol", { class_: "steps" });
  const head = el(
    "summary",
    {
      tabindex: "-1",
      onclick: () => {
        group.dataset.wanted = "yes";
      },
    },
    el("span", { class_: "number" }, String(request.number)),
    el("span", { class_: "heading" }, request.heading),
    sum,
  );
  const group = el("details", { open: true }, head, steps);
  return { item: el("li", {}, group), steps, sum };
}

function row(request, item) {
  const button = el(
    "button",
    {
      type: "button",
      tabindex: "-1",
      class_: `event ${item.step}`,
      onclick: () => detail.open(button, request, item, beside),
    },
    el("span", { class_: "at" }, item.at.toFixed(2)),
    el(
      "span",
      { class_: "arrow", role: "img", "aria-label": item.way === "in" ? "into the app" : "out of the app" },
      ARROWS[item.way],
    ),
    el("span", { class_: "what" }, item.what),
    el("span", { class_: "text" }, item.text.slice(0, 160)),
  );
  return el("li", {}, button);
}

/** Return the previous or next event of the same request. */
function beside(button, by) {
  for (let item = button.parentElement; (item = by < 0 ? item.previousElementSibling : item.nextElementSibling);) {
    if (item.firstElementChild) return item.firstElementChild;
  }
  return null;
}

/** Return the targets of the arrow keys: headings, and events that are not folded. */
const stops = (lane) => [...parts[lane].list.querySelectorAll("summary, details[open] .event")];

/** Make one item of each lane's list reachable by Tab; the arrow keys move from there. */
function focusable(lane) {
  const stop = parts[lane].list.querySelector('[tabindex="0"]');
  if (!stop || (stop.matches(".event") && !stop.closest("details").open)) stopAt(lane, stops(lane)[0]);
}

function stopAt(lane, stop) {
  parts[lane].list.querySelectorAll('[tabindex="0"]').forEach((each) => each.setAttribute("tabindex", "-1"));
  stop?.setAttribute("tabindex", "0");
}

function moved(event, lane) {
  const by = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  const aside = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if ((!by && !aside) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (aside) return parts[LANES[LANES.indexOf(lane) + aside]]?.list.querySelector('[tabindex="0"]')?.focus();
  const all = stops(lane);
  const at = all.indexOf(document.activeElement);
  all[Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
}
