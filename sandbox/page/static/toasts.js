// The short answers that a platform shows over a chat after a click.

import { h } from "./dom.js";
import * as words from "./words.js";

const SECONDS = 5;
const KINDS = ["info", "success", "warning", "error"];

export class Toasts {
  /** Shows toasts that come from now on, of this platform and for the person picked (`me()`); while the
   * tour plays other people, theirs too, with the name. */
  constructor({ platform, feed, me }) {
    this.feed = feed;
    this.element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    const known = new Set(feed.all("toasts").keys());
    feed.subscribe("toasts", (changes) => {
      for (const [key, toast] of changes) {
        if (toast && feed.ready && !known.has(key) && toast.platform === platform) this.#show(toast, me());
        known.add(key);
      }
    });
  }

  #show(toast, me) {
    const toured = Number.isInteger(this.feed.get("tour", "tour")?.at);
    if (!toast.text || (toast.person !== me && !toured)) return;
    const name = this.feed.get("people", toast.person)?.name ?? toast.person;
    const text = toast.person === me ? toast.text : words.say("toasts.other", { name, text: toast.text });
    const kind = KINDS.includes(toast.kind) ? toast.kind : "info";
    const shown = h("div", { class: `toast ${kind}` }, h("span", { class: "toast-text" }, text));
    this.element.append(shown);
    setTimeout(() => shown.remove(), SECONDS * 1000);
  }
}

words.add({ "toasts.other": ["{name}：{text}", "{name}: {text}"] });
