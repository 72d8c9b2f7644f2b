// The list of completions over where one writes: arrows choose, Tab takes, a click takes, too.

import { fill, h } from "./dom.js";
import * as words from "./words.js";

export class CompletionList {
  #items = [];
  #chosen = -1;

  /** `accept(item)` is called with the one that is taken. */
  constructor(input, accept) {
    Object.assign(this, { input, accept });
    const id = `${input.id}-list`;
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", id);
    const label = words.say("completion.label");
    this.list = h("ul", { class: "completion", id, role: "listbox", "aria-label": label, hidden: true });
    this.status = h("div", { class: "visually-hidden", role: "status" });
    this.nodes = [this.list, this.status];
  }

  get open() {
    return this.#items.length > 0;
  }

  /** Has one been chosen with the arrows? */
  get chosen() {
    return this.#chosen >= 0;
  }

  show(items) {
    this.#items = items;
    this.#chosen = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.list.hidden = !this.open;
    fill(
      this.list,
      items.map((item, index) => this.#row(item, index)),
    );
    this.status.textContent = this.open ? words.say("completion.count", { count: items.length }) : "";
  }

  close() {
    if (this.open) this.show([]);
  }

  #row(item, index) {
    const take = (event) => {
      event.preventDefault(); // the focus stays where one writes
      this.accept(item);
    };
    return h(
      "li",
      {
        role: "option",
        id: `${this.input.id}-${index}`,
        class: "completion-item",
        "aria-selected": "false",
        on: { mousedown: take },
      },
      h("span", { class: "completion-label" }, item.label),
      item.required ? h("span", { class: "tag warn" }, words.say("completion.required")) : null,
      h("span", { class: "completion-detail" }, item.detail),
    );
  }

  move(step) {
    const rows = [...this.list.children];
    this.#chosen = (Math.max(this.#chosen, step < 0 ? 0 : -1) + step + rows.length) % rows.length;
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === this.#chosen)));
    rows[this.#chosen].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", rows[this.#chosen].id);
  }

  /** Take the one that is chosen, else the first. */
  take() {
    this.accept(this.#items[Math.max(0, this.#chosen)]);
  }
}

words.add({
  "completion.label": ["可以补全成", "Completions"],
  "completion.count": [
    "{count} 个补全，Tab 采用，方向键选择",
    "{count} completions: Tab takes, arrows choose",
  ],
  "completion.required": ["必填", "required"],
});
