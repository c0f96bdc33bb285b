// A run: one press of a button, and the results of the clients in the three lanes. Draws nothing.

import { LANES } from "./dom.js";

const MOST = 100; // maximum number of blocks kept per client

/** The results of one client, in ms since the run began; null: not yet. */
const idle = () => ({
  asked: null,
  port: null,
  sent: 0,
  status: null,
  reason: "",
  first: null,
  blocks: [],
  size: 0,
  end: null,
  failed: null,
  open: null,
  refused: null,
});

export class Run {
  /** `expected`: expected duration in ms, if known. */
  constructor(action, clients, expected) {
    this.action = action;
    this.expected = expected;
    this.clock = null;
    this.length = 0;
    this.digest = "";
    this.target = "";
    this.over = false;
    this.problem = "";
    this.began = performance.now();
    this.last = 0;
    this.lanes = Object.fromEntries(LANES.map((lane) => [lane, Array.from({ length: clients }, idle)]));
  }

  /** Handle a note from the server. */
  add(note) {
    this.last = Math.max(this.last, note.at);
    if (note.what === "began") {
      this.began = performance.now() - note.at;
      Object.assign(this, { clock: note.clock, length: note.length, digest: note.digest, target: note.target });
      return;
    }
    const client = this.lanes[note.lane][note.client];
    const { at } = note;
    if (note.what === "asked") Object.assign(client, { asked: client.asked ?? at, port: note.port });
    else if (note.what === "head")
      Object.assign(client, { status: note.status, reason: note.reason, first: client.first ?? at });
    else if (note.what === "block") this.#block(client, { at, size: note.size, text: note.text, way: "out" });
    else if (note.what === "said") this.#block(client, { at, size: note.text.length, text: note.text, way: "out" });
    else if (note.what === "sent" && note.text !== undefined) this.#block(client, { at, text: note.text, way: "in" });
    else if (note.what === "sent") client.sent = note.size;
    else if (note.what === "open") client.open = client.first = at;
    else if (note.what === "refused") this.#refused(client, note);
    else if (note.what === "end" || note.what === "closed") client.end = at;
    else if (note.what === "failed") Object.assign(client, { failed: note.why, end: at });
  }

  #block(client, block) {
    client.blocks.push(block);
    client.blocks.splice(0, client.blocks.length - MOST); // a chat has no end
    client.size += block.size ?? 0;
  }

  #refused(client, { at, status, reason, text }) {
    client.refused = { status, reason };
    client.first = at;
    if (text) {
      Object.assign(client, { status, reason, end: at });
      this.#block(client, { at, size: text.length, text, way: "out" });
    }
  }

  finish(problem = "") {
    this.over = true;
    this.problem = problem;
  }

  /** Return ms since the start: now, or at the last event. */
  get elapsed() {
    return this.over ? this.last : Math.max(this.last, performance.now() - this.began);
  }

  get clients() {
    return LANES.flatMap((lane) => this.lanes[lane].map((client, index) => ({ lane, index, client })));
  }
}

/** Start a run, and call `told` for each note until it ends. Throws if the server refuses. */
export async function ask(run, query, body, signal, told) {
  const response = await fetch(`/run/${run.action}?${new URLSearchParams(query)}`, { method: "POST", body, signal });
  if (!response.ok) throw new Error((await response.text()).trim());
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (held + value).split("\n");
    held = lines.pop();
    for (const line of lines) run.add(JSON.parse(line));
    if (lines.length) told();
  }
}
