// The guided tour: its button, and the strip above the groups in which it speaks. Both are there
// where the server offers a tour.

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import * as words from "./words.js";

function step(tour) {
  const { title, text } = tour.steps[tour.at];
  return [
    h("span", { class: "tour-count" }, `${tour.at + 1}/${tour.steps.length}`),
    h(
      "div",
      { class: "tour-text" },
      h("b", {}, words.pick(title)),
      h("p", {}, words.pick(text)),
      tour.error ? h("p", { class: "tour-error" }, words.pick(tour.error)) : null,
    ),
    h(
      "button",
      {
        type: "button",
        class: "button primary",
        disabled: Boolean(tour.playing),
        on: { click: () => api.attempt("tour.next") },
      },
      words.say("tour.next"),
    ),
    h(
      "button",
      { type: "button", class: "button", on: { click: () => api.attempt("tour.leave") } },
      words.say("tour.leave"),
    ),
  ];
}

/** {strip, button, entry}: the strip, the button in the top bar, the entry of the bar below on a phone. */
export function tour(feed) {
  const strip = h("section", {
    class: "tour-strip",
    hidden: true,
    "aria-live": "polite",
    "aria-label": words.say("tour.title"),
  });
  const start = (name) =>
    h(
      "button",
      { type: "button", class: name, hidden: true, on: { click: () => api.attempt("tour.start") } },
      icon("flag"),
      h("span", {}, words.say("tour.title")),
    );
  const [button, entry] = [start("button tour-button"), start("nav-item")];
  feed.subscribe("tour", () => {
    const now = feed.get("tour", "tour");
    button.hidden = entry.hidden = !now;
    strip.hidden = !Number.isInteger(now?.at);
    fill(strip, strip.hidden ? null : step(now));
  });
  return { strip, button, entry };
}

words.add({
  "tour.title": ["导览", "Tour"],
  "tour.next": ["下一步", "Next"],
  "tour.leave": ["自己来", "Leave the tour"],
});
