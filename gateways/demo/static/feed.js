// The feed of events: what happens between the servers and the app, whoever asks. Knows EventSource and the status line.

import { $ } from "./dom.js";

/** Calls lanes(description) once a connection is there, and items([item…]) for what happens. */
export function follow({ lanes, items }) {
  let source = null;
  let last = 0;

  function open() {
    if (source) return;
    source = new EventSource(`/feed?after=${last}`);
    source.addEventListener("open", () => say("live", "live"));
    source.addEventListener("error", () => say("lost", "not connected: the demo has ended, or is busy"));
    source.addEventListener("lanes", (event) => lanes(JSON.parse(event.data)));
    source.addEventListener("message", (event) => {
      last = Number(event.lastEventId);
      items(JSON.parse(event.data));
    });
  }

  function close() {
    source?.close();
    source = null;
  }

  // A browser has six connections to a server: a page that nobody sees keeps none of them.
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
