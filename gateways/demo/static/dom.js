// Elements and figures, shared by all parts of the page.

/** Create an element with attributes (on…: a listener; null: omitted) and children, which are elements or text. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key === "class_" ? "class" : key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const LANES = ["cgi", "wsgi", "asgi"];

export const $ = (id) => document.getElementById(id);

/** Format milliseconds: "3.4 ms", "149 ms", "2.01 s". The unit stays on the same line. */
export function ms(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(2)}\u00a0s`;
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)}\u00a0ms`;
}

/** Format bytes: "98 bytes", "8.0 MB". */
export function size(value) {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} MB`;
  if (value >= 10000) return `${Math.round(value / 1000)} kB`;
  return `${value.toLocaleString("en")} byte${value === 1 ? "" : "s"}`;
}

/** "a", "a and b", "a, b and c". */
export const listed = (parts) =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;

export const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
