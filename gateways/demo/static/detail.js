// The dialog of one event: its meaning, its source and all values; bytes as text and in hexadecimal.

import { $, el } from "./dom.js";
import { KINDS, PARTS } from "./kinds.js";

const ARROWS = { in: "→", out: "←" };
let opener = null;
let neighbour = () => null;

/** Open the event of a button. `beside(button, by)` returns the previous (-1) or next (1) button. */
export function open(button, request, item, beside) {
  [opener, neighbour] = [button, beside];
  const step = (by) =>
    el(
      "button",
      {
        type: "button",
        "data-by": by,
        disabled: !beside(button, by),
        onclick: () => go(by),
        "aria-keyshortcuts": by < 0 ? "ArrowLeft" : "ArrowRight",
      },
      by < 0 ? "‹ earlier" : "later ›",
    );
  const [process, thread] = item.thread;
  const dialog = $("detail");
  const by = document.activeElement?.dataset.by; // keep the focus on the button that was used
  dialog.className = request.lane;
  dialog.replaceChildren(
    el(
      "header",
      {},
      el("p", { class_: "whose" }, `${request.lane.toUpperCase()} ${request.number} · ${request.heading}`),
      el("h2", { id: "detail-title" }, `${ARROWS[item.way]} ${item.what}`),
      el("p", { class_: "kind" }, KINDS[item.step] ?? ""),
    ),
    el(
      "dl",
      { class_: "facts" },
      ...[
        ["after", `${item.at.toFixed(2)} ms`],
        ["process", process],
        ["thread", thread],
      ].map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))),
    ),
    el("div", { class_: "values", tabindex: "0", role: "region", "aria-label": "Values" }, values(item)),
    el("footer", {}, step(-1), step(1), el("button", { type: "button", class_: "close", onclick: close }, "Close")),
  );
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector(`[data-by="${by}"]:enabled`) ?? dialog.querySelector(".close")).focus();
}

/** Close the dialog and focus the event it shows, which may not be the one it was opened from. */
function close() {
  $("detail").close();
  opener.focus();
}

function go(by) {
  neighbour(opener, by)?.click();
}

/** Handle the keys of the dialog. */
export function prepare() {
  const dialog = $("detail");
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault(); // Escape also focuses the shown event
    close();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    go(by);
  });
}

function values(item) {
  const { data, step } = item;
  if (PARTS[step] && Array.isArray(data)) return table(data.map((part, index) => [PARTS[step][index], part]));
  if (isPlain(data)) return table(Object.entries(data));
  return data === null ? el("p", { class_: "nothing" }, "This event has no data.") : value(data);
}

const isBytes = (data) =>
  data !== null &&
  typeof data === "object" &&
  typeof data.bytes === "string" &&
  Object.keys(data).every((key) => key === "bytes" || key === "length");
const isText = (data) =>
  data !== null &&
  typeof data === "object" &&
  typeof data.text === "string" &&
  "length" in data &&
  Object.keys(data).length === 2;
const isObject = (data) =>
  data !== null && typeof data === "object" && typeof data.object === "string" && Object.keys(data).length === 1;
const isPlain = (data) =>
  data !== null &&
  typeof data === "object" &&
  !Array.isArray(data) &&
  !isBytes(data) &&
  !isText(data) &&
  !isObject(data);
const isPairs = (data) => data.length > 0 && data.every((pair) => Array.isArray(pair) && pair.length === 2);

const table = (pairs) =>
  el(
    "dl",
    { class_: "table" },
    ...pairs.flatMap(([name, data]) => [el("dt", {}, String(name)), el("dd", {}, value(data))]),
  );

/** Return a value as an element. `deep`: inside another value, where bytes take one line. */
function value(data, deep = false) {
  if (data === null) return el("code", { class_: "soft" }, "None");
  if (typeof data === "boolean") return el("code", {}, data ? "True" : "False");
  if (typeof data !== "object") return el("code", {}, typeof data === "string" ? data || "''" : String(data));
  if (isBytes(data)) return bytes(data, deep);
  if (isText(data))
    return el(
      "code",
      {},
      `${data.text}… ${data.length.toLocaleString("en")} characters; the recorder keeps ${data.text.length}`,
    );
  if (isObject(data)) return el("code", { class_: "soft" }, data.object);
  if (!Array.isArray(data)) return table(Object.entries(data));
  if (isPairs(data))
    return el(
      "dl",
      { class_: "table pairs" },
      ...data.flatMap(([name, each]) => [el("dt", {}, value(name, true)), el("dd", {}, value(each, true))]),
    );
  return el(
    "span",
    {},
    ...data.flatMap((each, index) => [index ? ", " : "", value(each, true)]),
    data.length ? "" : "[]",
  );
}

function bytes({ bytes: text, length }, deep) {
  if (deep || !text) return el("code", { class_: "bytes" }, `b'${escaped(text)}'`);
  const whole = length ?? text.length;
  const cut = whole > text.length ? `; the recorder keeps the first ${text.length}` : "";
  return el(
    "div",
    { class_: "octets" },
    el("p", { class_: "soft" }, `${whole.toLocaleString("en")} byte${whole === 1 ? "" : "s"}${cut}`),
    el("code", { class_: "bytes" }, `b'${escaped(text)}'`),
    el("pre", { class_: "hex" }, hex(text)),
  );
}

/** Format bytes (one character each) as Python does. */
const escaped = (text) =>
  text.replace(
    /[\\'\x00-\x1f\x7f-\xff]/g,
    (char) =>
      ({ "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t" })[char] ??
      `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );

function hex(text) {
  const lines = [];
  for (let start = 0; start < text.length; start += 16) {
    const row = text.slice(start, start + 16);
    const codes = [...row].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
    lines.push(`${start.toString(16).padStart(4, "0")}  ${codes.padEnd(47)}  ${row.replace(/[^\x20-\x7e]/g, "·")}`);
  }
  return lines.join("\n");
}
