// The page: tabs, the form, and the data flow. The page's own server sends the requests.

import { $, LANES } from "./dom.js";
import * as detail from "./detail.js";
import { follow } from "./feed.js";
import * as lanes from "./lanes.js";
import { Requests } from "./requests.js";
import { Run, ask } from "./run.js";
import * as score from "./score.js";
import * as stage from "./stage.js";
import { ABOUT, verdict } from "./words.js";

const CROWD = 10;
const LARGEST = 100e6;
const tabs = [...document.querySelectorAll('[role="tab"]')];
const form = $("form");
const requests = new Requests();
let action = "hello";
let run = null;
let leave = () => {};
let waiting = 0;

/** Draw the lanes. */
function draw() {
  waiting = 0;
  if (!run) return;
  for (const lane of LANES) {
    const works = run.lanes[lane].map((client) =>
      client.port && run.clock !== null ? requests.from(lane, client.port, run.clock) : null,
    );
    stage.draw(lanes.stage(lane), run, lane, works);
  }
  if (run.over || run.action === "chat") announce();
}

/** Schedule one redraw for all changes of a frame. */
function changed() {
  score.changed();
  waiting ||= requestAnimationFrame(draw);
}

function announce() {
  const text = verdict(run);
  if ($("verdict").textContent !== text) $("verdict").textContent = text;
}

function choose(name) {
  if (name !== action) leave();
  action = name;
  for (const tab of tabs) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  form.setAttribute("aria-labelledby", `tab-${name}`);
  $("about").textContent = ABOUT[name];
  for (const label of form.querySelectorAll("[data-for]")) {
    const wanted = label.dataset.for.split(" ").includes(name);
    label.hidden = !wanted;
    label.querySelector("input").disabled = !wanted;
  }
  buttons(false);
}

function buttons(busy) {
  $("go").textContent =
    { crowd: "Send ten to each", chat: busy ? "Send" : "Connect and send" }[action] ?? "Send to all three";
  $("go").disabled = busy && action !== "chat";
  $("stop").textContent = action === "chat" ? "Disconnect" : "Stop";
  $("stop").hidden = !busy;
}

/** Return the expected duration in ms, if known. */
function expected(values) {
  const number = (name) => Number(values.get(name));
  if (action === "crowd") return number("seconds") * 2000 + 400;
  if (action === "stream" || action === "events")
    return ((number("chunks") || number("count")) - 1) * number("delay") * 1000 + 250;
  return action === "chat" ? 5000 : 80;
}

function begin(values) {
  run = new Run(action, action === "crowd" ? CROWD : 1, expected(values));
  $("verdict").textContent = "";
  score.show(run);
  buttons(true);
  changed();
  return run;
}

function end(problem = "") {
  const focused = document.activeElement === $("stop");
  run.finish(problem);
  leave = () => {};
  buttons(false);
  if (focused) $("go").focus();
  score.changed();
  draw();
}

async function press() {
  const values = new FormData(form);
  const file = values.get("file");
  const chosen = file instanceof File && file.size > 0 ? file : null;
  values.delete("file");
  if (chosen) values.delete("megabytes");
  const current = begin(values);
  const ended = (problem) => run === current && end(problem);
  if (chosen && chosen.size > LARGEST) return ended("The file is larger than 100 MB.");
  const abort = new AbortController();
  leave = () => abort.abort();
  try {
    await ask(current, values, chosen, abort.signal, changed);
    ended();
  } catch (error) {
    ended(error.name === "AbortError" ? "Stopped." : error.message);
  }
}

let chat = null;

function say(text) {
  if (chat) return chat.send(text);
  const current = begin(new FormData());
  chat = new WebSocket(`ws://${location.host}/chat`);
  const mine = chat;
  leave = () => mine.close();
  mine.addEventListener("open", () => mine.send(text));
  mine.addEventListener("message", (event) => {
    current.add(JSON.parse(event.data));
    changed();
  });
  mine.addEventListener("close", () => {
    chat = null;
    if (run === current) end();
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!form.reportValidity() || $("go").disabled) return;
  if (action !== "chat") return press();
  say(form.elements.text.value);
  form.elements.text.select();
});
$("stop").addEventListener("click", () => leave());
for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab.id.slice(4)));
  tab.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs.at(to % tabs.length);
    choose(next.id.slice(4));
    next.focus();
  });
}

lanes.prepare(requests);
detail.prepare();
score.prepare(requests);
choose(action);
follow({
  renewed: () => {
    requests.clear();
    lanes.clear();
  },
  lanes: lanes.describe,
  items: (items) => {
    lanes.add(items);
    changed();
  },
});
