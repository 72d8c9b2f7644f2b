// A long list of which only what is visible is in the document, with the chosen row's details below.

import { fill, h } from "../dom.js";
import { add, say } from "../words.js";

const SPARE = 8; // rows drawn above and below those that are visible
let lists = 0;

class Rows {
  #list;
  #space = h("div", { class: "space", role: "none" });
  #nothing;
  #more = h("button", { type: "button", class: "button more", hidden: true });
  #details;
  #inside = h("div", { class: "inside" });
  #name = `rows-${++lists}`;
  #options;
  #items = [];
  #drawn = new Map(); // key → {item, node}
  #chosen = null;
  #opened = null;
  #tall = 1;
  #following = true;
  #unseen = 0;

  constructor(options) {
    this.#options = options;
    const { label, head, empty } = options;
    const close = h(
      "button",
      { type: "button", class: "button small", on: { click: () => this.#close() } },
      say("rows.close"),
    );
    this.#list = h(
      "div",
      { class: "list", role: "listbox", tabindex: "0", "aria-label": label },
      this.#space,
    );
    this.#nothing = h("div", { class: "nothing" }, empty);
    this.#details = h(
      "section",
      { class: "details", "aria-label": say("rows.details", { label }), hidden: true },
      close,
      this.#inside,
    );
    this.element = h(
      "div",
      { class: "rows" },
      h("div", { class: "window" }, head, this.#list, this.#nothing, this.#more),
      this.#details,
    );
    this.#listen();
  }

  #listen() {
    this.#list.addEventListener("scroll", () => {
      this.#following = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < this.#tall;
      if (this.#following) this.#unseen = 0;
      this.#draw();
    });
    this.#list.addEventListener("keydown", (event) => this.#move(event));
    this.#more.addEventListener("click", () => (this.#list.scrollTop = this.#list.scrollHeight));
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.#details.hidden) return;
      this.#close();
      event.stopPropagation();
    });
    const size = new ResizeObserver(() => {
      if (this.#list.clientHeight) this.#place();
    });
    size.observe(this.#list);
    this.#options.feed.ending(() => size.disconnect());
  }

  /** Show these items, the newest last. */
  show(items) {
    const last = this.#items.at(-1)?.key;
    this.#items = items;
    this.#nothing.hidden = items.length > 0;
    if (!this.#following && this.#index(last) >= 0) this.#unseen += items.length - 1 - this.#index(last);
    this.#place();
    const now = this.#opened && items.find((item) => item.key === this.#opened.key);
    if (now && now !== this.#opened) this.#fill(now);
  }

  /** Make each row anew the next time: what rows show has changed, though the items have not. */
  forget() {
    for (const { node } of this.#drawn.values()) node.remove();
    this.#drawn.clear();
  }

  #place() {
    this.#draw();
    if (!this.#following) return;
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#draw();
  }

  #draw() {
    const { height } = this.#options;
    this.#tall = height(this.#list.clientWidth);
    this.#space.style.height = `${this.#items.length * this.#tall}px`;
    const first = Math.max(0, Math.floor(this.#list.scrollTop / this.#tall) - SPARE);
    const bottom = this.#list.scrollTop + this.#list.clientHeight;
    const visible = this.#items.slice(first, Math.ceil(bottom / this.#tall) + SPARE);
    const next = new Map(visible.map((item, number) => [item.key, this.#row(item, first + number)]));
    for (const [key, { node }] of this.#drawn) if (next.get(key)?.node !== node) node.remove();
    let place = this.#space.firstChild;
    for (const { node } of next.values()) {
      if (node === place) place = place.nextSibling;
      else this.#space.insertBefore(node, place);
    }
    this.#drawn = next;
    const chosen = next.get(this.#chosen);
    if (chosen) this.#list.setAttribute("aria-activedescendant", chosen.node.id);
    else this.#list.removeAttribute("aria-activedescendant");
    this.#more.hidden = !this.#unseen;
    this.#more.textContent = say("rows.new", { count: this.#unseen });
  }

  #row(item, at) {
    const old = this.#drawn.get(item.key);
    const node = old?.item === item ? old.node : this.#make(item);
    node.style.transform = `translateY(${at * this.#tall}px)`;
    node.style.height = `${this.#tall}px`;
    node.setAttribute("aria-posinset", at + 1);
    node.setAttribute("aria-setsize", this.#items.length);
    node.setAttribute("aria-selected", String(item.key === this.#chosen));
    return { item, node };
  }

  #make(item) {
    const { row, kind } = this.#options;
    const props = { id: `${this.#name}-${item.key}`, role: "option", class: `row ${kind?.(item) ?? ""}` };
    return h("div", { ...props, on: { click: () => this.open(item.key) } }, row(item));
  }

  #index(key) {
    return this.#items.findIndex((item) => item.key === key);
  }

  #choose(key) {
    this.#chosen = key;
    const top = this.#index(key) * this.#tall;
    const list = this.#list;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + this.#tall > list.scrollTop + list.clientHeight)
      list.scrollTop = top + this.#tall - list.clientHeight;
    this.#draw();
  }

  /** Show the details of the item of this key. */
  open(key) {
    const item = this.#items[this.#index(key)];
    if (!item) return;
    this.#details.hidden = false;
    this.#fill(item);
    this.#details.scrollTop = 0;
    this.#choose(key);
  }

  #fill(item) {
    this.#opened = item;
    fill(this.#inside, this.#options.detail(item));
  }

  #close() {
    this.#opened = null;
    this.#details.hidden = true;
    this.#list.focus();
  }

  #move(event) {
    const page = Math.max(1, Math.floor(this.#list.clientHeight / this.#tall) - 1);
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    if (event.key in steps && this.#items.length) {
      const at = this.#index(this.#chosen);
      const from = at < 0 ? this.#items.length : at;
      const to = Math.min(this.#items.length - 1, Math.max(0, from + steps[event.key]));
      this.#choose(this.#items[to].key);
      if (this.#opened) this.open(this.#chosen);
    } else if ((event.key === "Enter" || event.key === " ") && this.#chosen !== null) this.open(this.#chosen);
    else return;
    event.preventDefault();
  }
}

/**
 * A list of items, each with a `key` of its own and replaced when it changes.
 * Options: feed; label; height(width) → a row's pixels; row(item) → its children; kind(item) → its
 * class; detail(item) → nodes; head: column titles; empty: a node for when there is nothing.
 */
export function rows(options) {
  return new Rows(options);
}

add({
  "rows.close": ["收起", "Close"],
  "rows.details": ["{label}：详情", "{label}: details"],
  "rows.new": ["{count} 条新的 ↓", "{count} new ↓"],
});
