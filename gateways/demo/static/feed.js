// The feed of events between servers and apps, for requests from any client. Knows EventSource and the status line.

import { $ } from "./dom.js";

/** Call lanes(description) when connected, items([item…]) for events, renewed() before the events of a restarted demo. */
export function follow({ lanes, items, renewed }) {
  let source = null;
  let last = 0;
  let instance = null;

  function open() {
    if (source) return;
    source = new EventSource(`/feed?after=${last}`);
    source.addEventListener("error", () => say("lost", "not connected: the demo has stopped or is busy"));
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
      // the demo was restarted on the same port: its events start at 1 again
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
