// What somebody said before in this window, for ArrowUp.

import { tab } from "./memory.js";

const KEPT = 50;

export class Said {
  #past = -1;

  constructor(name) {
    this.name = `said.${name}`;
  }

  /** Is a former text being looked at? */
  get looking() {
    return this.#past >= 0;
  }

  add(text) {
    this.#past = -1;
    const before = tab.get(this.name, []).filter((each) => each !== text);
    tab.set(this.name, [text, ...before].slice(0, KEPT));
  }

  /** Look no longer at what was said. */
  leave() {
    this.#past = -1;
  }

  /** The text before (1) or after (-1) the one that is looked at; "" after the last, null where there is none. */
  step(by) {
    const texts = tab.get(this.name, []);
    const next = this.#past + by;
    if (next < -1 || next >= texts.length) return null;
    this.#past = next;
    return texts[next] ?? "";
  }
}
