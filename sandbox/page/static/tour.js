// The guided tour: its button, and the strip above the groups in which it speaks. Both are there
// where the server offers a tour.

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import * as words from "./words.js";

const act = (name, body) => () => api.attempt(name, body);

/** The first step of each chapter, with its number. */
function chapters(steps) {
  return steps.map((step, at) => ({ ...step, at })).filter(({ at, id }) => at === 0 || steps[at - 1].id !== id);
}

/** Turn the page to where a step says to look. */
function look({ platform, chat, look: place }) {
  const panel = place === "group" ? null : place;
  document.dispatchEvent(new CustomEvent("look", { detail: { platform, chat, panel } }));
}

function picker(tour) {
  const current = tour.steps[tour.at].id;
  const options = chapters(tour.steps).map(({ id, title }) => h("option", { value: id }, words.pick(title)));
  const change = (event) => api.attempt("tour.start", { chapter: event.target.value });
  return h(
    "select",
    { class: "tour-chapter", "aria-label": words.say("tour.chapter"), value: current, on: { change } },
    options,
  );
}

function label(tour) {
  if (tour.playing) return words.say("tour.playing");
  return tour.at === tour.steps.length - 1 ? words.say("tour.end") : words.say("tour.next");
}

function button(look, action, text, disabled = false) {
  const click = act(action, {});
  return h("button", { type: "button", class: `button ${look}`, "aria-disabled": String(disabled), on: { click } }, text);
}

function step(tour) {
  const { text } = tour.steps[tour.at];
  return [
    picker(tour),
    h("span", { class: "tour-count" }, `${tour.at + 1}/${tour.steps.length}`),
    h(
      "p",
      { class: "tour-text" },
      words.pick(text),
      tour.error ? h("span", { class: "tour-error" }, " ", words.pick(tour.error)) : null,
    ),
    button("primary tour-next", "tour.next", label(tour), Boolean(tour.playing)),
    button("", "tour.leave", words.say("tour.leave")),
  ];
}

/** {strip, button, entry}: the strip, the button in the top bar, the entry of the bar below on a phone. */
export function tour(feed) {
  const strip = h("section", { class: "tour-strip", hidden: true, "aria-live": "polite", "aria-label": words.say("tour.title") });
  const start = (name) =>
    h(
      "button",
      { type: "button", class: name, hidden: true, on: { click: act("tour.start", {}) } },
      icon("flag"),
      h("span", {}, words.say("tour.title")),
    );
  const [opener, entry] = [start("button tour-button"), start("nav-item")];
  let shown = null;
  feed.subscribe("tour", () => {
    const now = feed.get("tour", "tour");
    const focused = strip.contains(document.activeElement);
    opener.hidden = entry.hidden = !now || Number.isInteger(now.at);
    strip.hidden = !Number.isInteger(now?.at);
    fill(strip, strip.hidden ? null : step(now));
    if (focused && !strip.hidden) strip.querySelector(".tour-next").focus();
    if (!strip.hidden && shown !== now.at) look(now.steps[now.at]);
    shown = now?.at ?? null;
  });
  return { strip, button: opener, entry };
}

words.add({
  "tour.title": ["导览", "Tour"],
  "tour.chapter": ["选择一段", "Choose a chapter"],
  "tour.next": ["下一步", "Next"],
  "tour.playing": ["进行中…", "Playing…"],
  "tour.end": ["结束", "Finish"],
  "tour.leave": ["自己来", "Leave the tour"],
});
