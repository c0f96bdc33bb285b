// The feed's data on each request: its steps, process, thread, and start and end times. Draws nothing.

const MOST = 60; // maximum number of requests kept per lane
export const STEPS = 200; // maximum number per request: the first ones and the last ones

/** A request in the feed. `from` and `until` (s): when the app ran; for a program, from its start to the end of its output. */
function begun(item) {
  return {
    lane: item.lane,
    number: item.request,
    heading: item.heading,
    began: item.when,
    steps: [],
    port: null,
    from: item.lane === "cgi" ? null : item.when,
    until: null,
    output: null,
    process: null,
    thread: null,
    summary: null,
    good: true,
  };
}

export class Requests {
  constructor() {
    this.byLane = { cgi: new Map(), wsgi: new Map(), asgi: new Map() };
  }

  /** Add an item of the feed; return its request, or null if its first item was dropped. */
  add(item) {
    const lane = this.byLane[item.lane];
    if (item.kind === "begin") {
      lane.set(item.request, begun(item));
      if (lane.size > MOST) lane.delete(lane.keys().next().value);
    }
    const request = lane.get(item.request);
    if (!request) return null;
    if (item.kind === "end") this.#ended(request, item);
    if (item.kind === "step") this.#stepped(request, item);
    return request;
  }

  #ended(request, item) {
    request.summary = item.summary;
    request.good = item.good;
    if (request.lane !== "cgi") request.until = item.when;
  }

  #stepped(request, item) {
    request.steps.push(item);
    if (request.steps.length > STEPS) request.steps.splice(1, 1);
    if (item.port) request.port = item.port;
    if (request.lane === "cgi") {
      if (item.step === "process") Object.assign(request, { from: item.when, process: item.data[0] });
      if (item.step === "stdout") request.output ??= item.when;
      if (item.step === "exit" || (item.step === "stdout" && item.data.bytes === "")) request.until ??= item.when;
    } else if (item.step === "scope" || item.step === "environ") {
      [request.process, request.thread] = item.thread;
    }
  }

  /** Return the request from that client port, shortly before `since` (s) or later. */
  from(lane, port, since) {
    for (const request of [...this.byLane[lane].values()].reverse()) {
      if (request.port === port && request.began > since - 0.05) return request;
    }
    return null;
  }

  clear() {
    for (const lane of Object.values(this.byLane)) lane.clear();
  }
}
