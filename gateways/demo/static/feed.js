// The feed of events: what happens between the servers and the app, whichever client sends the requests. Knows EventSource and the status line.

import { $ } from "./dom.js";

/** Calls lanes(description) once a connection is there, items([item…]) for what happens, renewed() before another demo's. */
export function follow({ lanes, items, renewed }) {
  let source = null;
  let last = 0;
  let instance = null;

  function open() {
    if (source) return;
    source = new EventSource(`/feed?after=${last}`);
    source.addEventListener("error", () => say("lost", "not connected: the demo has ended, or is busy"));
    source.addEventListener("lanes", (event) => described(JSON.parse(event.data)));
    source.addEventListener("message", (event) => {
      last = Number(event.lastEventId);
      items(JSON.parse(event.data));
    });
  }

  function described(description) {
    const another = instance !== null && instance !== description.instance;
    instance = description.instance;
    say("live", `live, on Python ${description.python}`);
    if (another) {
      // the demo was started again on the same port: its events are counted from 1
      last = 0;
      close();
      renewed();
      open();
    } else lanes(description);
  }

  function close() {
    source?.close();
    source = null;
  }

  // A browser has six connections to a server: a hidden page keeps no connection open.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  if (!document.hidden) open();
}

function say(state, text) {
  const status = $("status");
  if (status.textContent !== text) status.textContent = text;
  status.dataset.state = state;
}
