"use strict";
const find = (selector, within = document) => [...within.querySelectorAll(selector)];

// Show or hide a contender in all tables and charts.
const switches = find("[data-switch]");
const all = document.querySelector("#all");
const shown = (series) => series === null || switches[series]?.getAttribute("aria-pressed") !== "false";
const show = () => {
  for (const each of find("[data-series]")) each.classList.toggle("off", !shown(each.getAttribute("data-series")));
  const on = switches.filter((each) => each.getAttribute("aria-pressed") === "true").length;
  all.hidden = on === switches.length;
  document.querySelector("#shown").textContent =
    all.hidden ? `${on} contenders` : `${on} of ${switches.length} contenders`;
  find("figure.chart").forEach((figure) => figure.dispatchEvent(new Event("leave")));
};
for (const each of switches) {
  each.addEventListener("click", () => {
    each.setAttribute("aria-pressed", String(each.getAttribute("aria-pressed") !== "true"));
    show();
  });
}
all.addEventListener("click", () => {
  switches.forEach((each) => each.setAttribute("aria-pressed", "true"));
  show();
  switches[0]?.focus();
});
const legend = document.querySelector("details.legend");
legend.classList.add("stays");
// Sticky elements must not fill the screen.
if (legend.offsetHeight > 100 || matchMedia("(max-width: 46rem)").matches) {
  legend.classList.add("folds");
  legend.open = false;
}

// Show the values of a chart column by column, from its table: with the pointer or the arrow keys.
for (const figure of find("figure.chart")) {
  const area = figure.querySelector(".area");
  const rows = find("tbody tr", figure);
  const labels = find("thead th", figure);
  if (!rows.length) continue;
  const rule = area.appendChild(document.createElement("i"));
  const box = area.appendChild(document.createElement("div"));
  rule.className = "rule";
  box.className = "readout";
  box.setAttribute("role", "status");
  let at = -1;
  const places = rows.map((row) => Number(row.dataset.across));

  let dots = [];
  const dot = (cell) => {
    const series = cell.getAttribute("data-series");
    const made = document.createElement("i");
    made.className = `dot ${series === null ? "other" : switches[series].querySelector(".swatch").classList[1]}`;
    made.style.left = `${places[at]}%`;
    made.style.top = `${cell.dataset.up}px`;
    return area.appendChild(made);
  };

  const read = (column) => {
    at = Math.max(0, Math.min(rows.length - 1, column));
    const cells = find("td", rows[at])
      .map((cell, number) => ({ cell, name: labels[number].textContent, up: Number(cell.dataset.up) }))
      .filter(({ cell }) => cell.textContent && shown(cell.getAttribute("data-series")));
    if (figure.querySelector(".up")) cells.sort((a, b) => a.up - b.up);
    const title = document.createElement("b");
    title.textContent = rows[at].querySelector("th").textContent;
    box.replaceChildren(title, ...cells.map(({ cell, name }) => {
      const line = document.createElement("span");
      const series = cell.getAttribute("data-series");
      const mark = series === null ? null : switches[series].querySelector(".swatch").cloneNode(true);
      const said = document.createElement("span");
      const value = document.createElement("em");
      said.textContent = name;
      value.textContent = cell.textContent;
      line.append(...(mark ? [mark] : []), said, value);
      return line;
    }));
    rule.style.left = `${places[at]}%`;
    dots.forEach((each) => each.remove());
    dots = cells.map(({ cell }) => dot(cell));
    figure.classList.add("read");
    // Beside the line, on the side with more room, and never off the screen.
    const width = area.clientWidth;
    const across = (places[at] / 100) * width;
    const left = across > width / 2 ? across - box.offsetWidth - 12 : across + 12;
    const room = document.documentElement.clientWidth - area.getBoundingClientRect().left - box.offsetWidth - 4;
    box.style.left = `${Math.max(4 - area.getBoundingClientRect().left, Math.min(left, room))}px`;
  };
  const leave = () => {
    at = -1;
    figure.classList.remove("read");
    dots.forEach((each) => each.remove());
  };
  const point = (event) => {
    const bounds = area.getBoundingClientRect();
    const across = ((event.clientX - bounds.left) / bounds.width) * 100;
    const near = places.reduce((best, place, n) => (Math.abs(place - across) < Math.abs(places[best] - across) ? n : best), 0);
    if (near !== at) read(near);
  };
  area.addEventListener("pointermove", point);
  area.addEventListener("pointerdown", point);
  area.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") leave(); });
  figure.addEventListener("leave", leave);
  figure.addEventListener("focusout", leave);
  figure.addEventListener("keydown", (event) => {
    if (event.target !== figure || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? rows.length - 1 : at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); read(to); }
    else if (event.key === "Escape") leave();
  });
}
// A touch elsewhere closes the read-out.
addEventListener("pointerdown", (event) => {
  for (const figure of find("figure.read")) if (!figure.contains(event.target)) figure.dispatchEvent(new Event("leave"));
});

// Create the data file only on request, because it may be large.
const save = document.querySelector("#save");
save.addEventListener("click", () => {
  const data = document.querySelector("#record").textContent;
  if (!save.href.startsWith("blob:")) save.href = URL.createObjectURL(new Blob([data], { type: "application/json" }));
});
save.hidden = false;

// A printed page has no controls.
let closed = [];
addEventListener("beforeprint", () => {
  closed = find("details:not([open]):not(.values)");
  closed.forEach((each) => { each.open = true; });
});
addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
