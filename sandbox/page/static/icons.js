// Small drawings of our own, in the colour of the text around them.

import { h, svg } from "./dom.js";

const PATHS = {
  sun: [
    "M12 4V2M12 22v-2M4 12H2M22 12h-2M6.3 6.3 4.9 4.9M19.1 19.1l-1.4-1.4M17.7 6.3l1.4-1.4M4.9 19.1l1.4-1.4",
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  ],
  more: ["M5 12h.01M12 12h.01M19 12h.01"],
  down: ["M6 9l6 6 6-6"],
  send: ["M12 20V5M5.5 11.5 12 5l6.5 6.5"],
  bulb: ["M9 18h6M10 21h4M12 3a6 6 0 0 0-3.6 10.8c.7.6 1.1 1.3 1.1 2.2h5c0-.9.4-1.6 1.1-2.2A6 6 0 0 0 12 3z"],
  close: ["M6 6l12 12M18 6 6 18"],
  reply: ["M10 6 4 12l6 6M4 12h9a7 7 0 0 1 7 7"],
  undo: ["M9 7H4V2M4.5 7A9 9 0 1 1 3 13"],
  copy: ["M9 9h11v11H9zM5 15H4V4h11v1"],
  stage: ["M3 5h18v11H3zM8 20h8M12 16v4"],
  flag: ["M6 21V4M6 5h12l-2.5 4L18 13H6"],
  play: ["M8 5l11 7-11 7z"],
  bolt: ["M13 3 5 14h6l-1 7 8-11h-6z"],
  globe: [
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9S9 6 12 3z",
  ],
};

export function icon(name) {
  const paths = PATHS[name].map((d) => svg("path", { d }));
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    paths,
  );
}

/** A button that shows a drawing; `label` is read aloud and stands beside the pointer. */
export function iconButton(name, label, props = {}) {
  const usual = { type: "button", class: "button quiet square", "aria-label": label, title: label };
  return h("button", { ...usual, ...props }, icon(name));
}

/** The bot's own mark: a seal with a tick. */
export function mark() {
  return svg(
    "svg",
    { class: "mark", viewBox: "0 0 32 32", "aria-hidden": "true", focusable: "false" },
    svg("rect", { x: 2, y: 2, width: 28, height: 28, rx: 7, class: "mark-ground" }),
    svg("path", { d: "M8 17l5 5L24 10", class: "mark-tick" }),
  );
}

/** A platform's sign: the first letter of its name on its colour. */
export function sign(platform, name) {
  return h("span", { class: `platform-sign ${platform}`, "aria-hidden": "true" }, [...name][0]);
}

/** Somebody's picture: the first letter of the name on a colour of their own. */
export function avatar(id, name) {
  if (id === "bot") return h("span", { class: "avatar bot", "aria-hidden": "true" }, mark());
  const tone = (id.codePointAt(0) * 6 + id.codePointAt(id.length - 1)) % 7;
  return h(
    "span",
    { class: `avatar tone-${tone}`, "aria-hidden": "true" },
    [...name][0]?.toUpperCase() ?? "?",
  );
}
