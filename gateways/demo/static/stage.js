// The upper half of a lane: the responses of its clients, and the reason for their timing.

import { el, ms, size } from "./dom.js";
import { digestOf, reason } from "./words.js";

/** Draw the clients of a lane. `works`: the feed's data on each client's request. */
export function draw(place, run, lane, works) {
  const clients = run.lanes[lane];
  const parts =
    clients.length > 1
      ? crowd(clients)
      : [figures(run, clients[0]), ...(run.length ? upload(run, clients[0]) : received(run, clients[0]))];
  const why = reason(run, lane, works);
  place.replaceChildren(...parts, ...(why ? [el("p", { class_: "why" }, why)] : []));
  const out = place.querySelector(".out");
  if (out && !run.over) out.scrollTop = out.scrollHeight;
}

function figures(run, client) {
  const pairs = [];
  const status = client.status ?? (client.open !== null ? 101 : client.refused?.status);
  if (status) pairs.push(["status", String(status), status >= 400 ? "bad" : null]);
  if (client.first !== null) pairs.push([client.open === null ? "first byte" : "open after", ms(client.first)]);
  if (client.end !== null && !client.failed) pairs.push(["whole", ms(client.end)]);
  if (client.size && !run.length && client.open === null) pairs.push(["body", size(client.size)]);
  if (client.failed) pairs.push(["failed", "", "bad"]);
  return el(
    "dl",
    { class_: "figures" },
    ...pairs.map(([name, value, kind]) => el("div", { class_: kind }, el("dt", {}, name), el("dd", {}, value))),
  );
}

function received(run, client) {
  if (!client.blocks.length) return [];
  const chat = run.action === "chat";
  const [first] = client.blocks;
  return [
    el(
      "ol",
      { class_: chat ? "out chat" : "out" },
      ...client.blocks.map((block) =>
        el(
          "li",
          { class_: block.way },
          el("span", { class_: "at" }, chat || block === first ? ms(block.at) : `+${ms(block.at - first.at)}`),
          el("span", { class_: "text" }, block.text.trimEnd()),
        ),
      ),
    ),
  ];
}

function upload(run, client) {
  const digest = digestOf(client);
  const same = digest && digest === run.digest;
  return [
    el("progress", { max: run.length, value: client.sent, "aria-label": "sent" }),
    el("p", { class_: "sentence" }, `${size(client.sent)} of ${size(run.length)} sent`),
    ...(digest
      ? [
          el(
            "p",
            { class_: same ? "digest" : "digest bad", title: digest },
            `${same ? "=" : "≠"} ${digest.slice(0, 16)}…${digest.slice(-8)}`,
          ),
        ]
      : []),
  ];
}

function crowd(clients) {
  const state = (client) => (client.failed ? "failed" : client.end !== null ? "answered" : "waiting");
  return [
    el(
      "ol",
      { class_: "crowd" },
      ...clients.map((client, index) =>
        el(
          "li",
          { class_: state(client) },
          el("b", {}, String(index + 1)),
          el("span", {}, client.end === null ? "…" : client.failed ? "failed" : ms(client.end)),
        ),
      ),
    ),
  ];
}
