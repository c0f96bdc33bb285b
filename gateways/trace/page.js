"use strict";
const steps = [...document.querySelectorAll("details.step")];
const all = (open) => steps.forEach((step) => { step.open = open; });
document.querySelector("#open")?.addEventListener("click", () => all(true));
document.querySelector("#close")?.addEventListener("click", () => all(false));

// A selected step is highlighted on the axis, and a mark on the axis opens its step.
for (const step of steps) {
  const mark = document.querySelector(`.axis a[href="#${step.id}"]`);
  for (const [kind, on] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
    step.addEventListener(kind, () => mark?.classList.toggle("on", on));
  }
  mark?.addEventListener("click", (event) => {
    event.preventDefault(); // navigating to the fragment would move the focus
    step.open = true;
    step.firstElementChild.focus({ preventScroll: true });
    step.scrollIntoView({ block: "center" });
  });
}

// Arrow keys move between steps, like Tab.
document.addEventListener("keydown", (event) => {
  const at = steps.findIndex((step) => step.firstElementChild === document.activeElement);
  const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (at < 0 || !by || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = steps[at + by]?.firstElementChild;
  if (next) { event.preventDefault(); next.focus(); }
});

// Open all sections for printing.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((each) => { each.open = true; });
});
addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
