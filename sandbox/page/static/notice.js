// The page's own short messages: what did not work, what was done.

import { h } from "./dom.js";
import * as words from "./words.js";

const SECONDS = { error: 8, warning: 8, info: 4, success: 4 };
const place = h("div", { class: "notices", role: "status", "aria-live": "polite" });

/** Where notices appear; the page puts it in once. */
export function notices() {
  return place;
}

/** Show a sentence for a few seconds; kind "info", "success", "warning" or "error". */
export function notice(text, kind = "info") {
  const shown = h(
    "div",
    { class: `notice ${kind}` },
    h("span", { class: "notice-text" }, text),
    h(
      "button",
      {
        class: "notice-close",
        type: "button",
        "aria-label": words.say("notice.close"),
        on: { click: () => shown.remove() },
      },
      "×",
    ),
  );
  place.append(shown);
  setTimeout(() => shown.remove(), SECONDS[kind] * 1000);
}

words.add({ "notice.close": ["关闭", "Close"] });
