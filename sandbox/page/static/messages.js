// The messages of one chat: keyed, the newest in the page, older ones as one scrolls up to them.

import { fill, h } from "./dom.js";
import { unseen } from "./unseen.js";
import * as words from "./words.js";

const FIRST = 60; // blocks that are drawn at first
const MORE = 40; // blocks that are added at the upper end
const MOST = 120; // blocks in the page before the upper end is cut
const FOLLOWS = 180; // seconds within which one sender's messages stand together
const MARK = 300; // seconds of silence after which the time stands in between
const NEAR = 60; // pixels from the bottom that count as the bottom

/** One message with what hangs on it: the root of a topic, or a message alone. */
class Block {
  constructor(row) {
    this.root = row;
    this.replies = [];
    this.node = null;
  }

  get at() {
    return this.root.message.at;
  }

  get rows() {
    return [this.root, ...this.replies];
  }
}

function insert(list, item, at) {
  let index = list.length;
  while (index > 0 && at(list[index - 1]) > at(item)) index -= 1;
  list.splice(index, 0, item);
  return index;
}

export class Messages {
  #blocks = [];
  #rows = new Map();
  #from = 0; // the first block in the page
  #stuck = true;
  #reached = null; // the one message's menu that Tab reaches

  /** `drawRow(message, follows) → Node` and `changeRow(node, message)` draw; `find(id)` gives a message as it
   * is now. `own(message)`: is it by the viewer? `ready()`: is known what there is? */
  constructor({ drawRow, changeRow, find, own, ready, empty }) {
    Object.assign(this, { drawRow, changeRow, find, own, ready });
    this.stream = h("ol", { class: "stream" });
    this.empty = h("div", { class: "stream-empty" }, empty);
    this.scroller = h(
      "div",
      {
        class: "messages",
        role: "log",
        "aria-live": "off",
        tabindex: "0",
        "aria-label": words.say("messages.label"),
      },
      this.empty,
      this.stream,
    );
    this.unseen = unseen(this.scroller, () => this.#toBottom());
    this.element = h("div", { class: "messages-frame" }, this.scroller, this.unseen.pill);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#walk(event));
    this.scroller.addEventListener(
      "focusin",
      ({ target }) => target.matches(".message-menu") && this.#reach(target),
    );
    this.sizes = new ResizeObserver(() => this.#keepBottom());
    this.sizes.observe(this.stream);
    this.sizes.observe(this.scroller);
  }

  close() {
    this.sizes.disconnect();
    this.unseen.close();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const distance = scrollHeight - scrollTop - clientHeight;
    this.#stuck = distance < NEAR;
    this.unseen.away(distance > clientHeight);
    if (scrollTop < clientHeight / 2 && this.#from > 0) this.#extend(Math.max(0, this.#from - MORE));
  }

  #toBottom() {
    this.#stuck = true;
    this.#keepBottom();
  }

  #keepBottom() {
    if (this.#stuck) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Show these messages, and nothing of before. */
  reset(messages) {
    this.#blocks = [];
    this.#rows.clear();
    this.unseen.clear();
    for (const message of messages) this.#place(message);
    this.#from = Math.max(0, this.#blocks.length - FIRST);
    fill(
      this.stream,
      this.#blocks.slice(this.#from).map((block) => this.#draw(block)),
    );
    this.#stuck = true;
    this.settle();
  }

  /** After a change: what an empty chat says, the end in sight, the menu that Tab reaches. */
  settle() {
    this.empty.hidden = this.#blocks.length > 0 || !this.ready();
    this.#keepBottom();
    const last = this.stream.lastElementChild?.querySelectorAll(".message-menu") ?? [];
    if (!this.#reached?.contains(document.activeElement)) this.#reach(last[last.length - 1]);
  }

  /** Tab reaches one message's menu, at first the newest; arrows go from there to the others. */
  #reach(button) {
    if (this.#reached) this.#reached.tabIndex = -1;
    this.#reached = button;
    if (button) button.tabIndex = 0;
  }

  #walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.matches(".message-menu")) return;
    event.preventDefault();
    const buttons = [...this.stream.querySelectorAll(".message-menu")];
    buttons[buttons.indexOf(event.target) + step]?.focus();
  }

  /** Where a message stands: {row, block, index}. A topic's messages stand with what they answer. */
  #place(message) {
    const row = { message, node: null, block: null };
    this.#rows.set(message.id, row);
    const above = this.#rows.get(message.reply_to);
    if (above && message.thread && this.find(message.reply_to).thread === message.thread) {
      row.block = above.block;
      return { row, index: insert(row.block.replies, row, (each) => each.message.at) };
    }
    row.block = new Block(row);
    return { row, index: insert(this.#blocks, row.block, (each) => each.at) };
  }

  add(message) {
    const stuck = this.#stuck;
    const { row, index } = this.#place(message);
    const block = row.block;
    if (block.root === row) this.#addBlock(block, index);
    else this.#addReply(block, row, index);
    row.node?.classList.add("fresh");
    this.settle();
    if (this.own(message)) this.reveal(message.id, false);
    else if (!stuck || block.root !== row) this.unseen.add(row.node);
    if (stuck && this.stream.childElementCount > MOST) this.#cut();
  }

  #addBlock(block, index) {
    if (index < this.#from) {
      this.#from += 1; // older than what is in the page
      this.#extend(index);
      return;
    }
    const after = this.#blocks[index + 1]?.node ?? null;
    this.stream.insertBefore(this.#draw(block), after);
    if (after) this.#redraw(this.#blocks[index + 1]);
  }

  #addReply(block, row, index) {
    if (!block.node) this.#extend(this.#blocks.indexOf(block));
    else {
      if (!block.topic) block.node.append(this.#topic(block));
      block.topic.insertBefore(
        this.#drawReply(block, index),
        block.replies[index + 1]?.node?.parentNode ?? null,
      );
    }
  }

  #topic(block) {
    block.topic = h("ol", { class: "topic", "aria-label": words.say("messages.topic") });
    return block.topic;
  }

  #drawReply(block, index) {
    const row = block.replies[index];
    row.node = this.drawRow(row.message, this.#follows(block.replies[index - 1]?.message, row.message));
    return h("li", {}, row.node);
  }

  change(message, before) {
    const row = this.#rows.get(message.id);
    if (!row) return this.add(message);
    row.message = message;
    if (message.recalled !== before?.recalled && row.block.node) this.#redraw(row.block);
    else if (row.node) this.changeRow(row.node, message);
    return this.#keepBottom();
  }

  remove(id) {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#rows.delete(id);
    const { block } = row;
    if (block.root !== row) {
      block.replies.splice(block.replies.indexOf(row), 1);
      if (block.node) this.#redraw(block);
      return;
    }
    const index = this.#blocks.indexOf(block);
    this.#blocks.splice(index, 1);
    if (index < this.#from) this.#from -= 1;
    block.node?.remove();
    for (const reply of block.replies) this.#rows.delete(reply.message.id);
    this.settle();
  }

  #follows(before, message) {
    return (
      Boolean(before) &&
      before.from === message.from &&
      !before.recalled &&
      !message.recalled &&
      message.at - before.at < FOLLOWS
    );
  }

  /** The list item of a block: the time where it stands, the message, its topic. */
  #draw(block) {
    const before = this.#blocks[this.#blocks.indexOf(block) - 1] ?? null;
    const last = before?.rows.at(-1).message ?? null;
    const marked = this.#mark(block.root.message, before?.root.message ?? null);
    const follows = !marked && !before?.replies.length && this.#follows(last, block.root.message);
    block.root.node = this.drawRow(block.root.message, follows);
    block.topic = null;
    if (block.replies.length)
      this.#topic(block).append(...block.replies.map((_, index) => this.#drawReply(block, index)));
    block.node = h(
      "li",
      { class: "block" },
      marked ? h("div", { class: "mark-time" }, marked) : null,
      block.root.node,
      block.topic,
    );
    return block.node;
  }

  /** What stands between two messages: the day where it is another, the time after a silence. */
  #mark(message, before) {
    const today = new Date().toDateString();
    const dayOf = (at) => new Date(at * 1000).toDateString();
    const sameDay = before && dayOf(before.at) === dayOf(message.at);
    if (sameDay && message.at - before.at < MARK) return "";
    if (sameDay || dayOf(message.at) === today) return words.minute(message.at);
    return `${words.day(message.at)} ${words.minute(message.at)}`;
  }

  #redraw(block) {
    const old = block.node;
    old.replaceWith(this.#draw(block));
  }

  /** Have all blocks from this one on in the page, without moving what is looked at. */
  #extend(from) {
    const anchor = this.stream.firstElementChild;
    const top = anchor?.getBoundingClientRect().top ?? 0;
    const nodes = this.#blocks.slice(from, this.#from).map((block) => this.#draw(block));
    this.stream.prepend(...nodes);
    this.#from = from;
    if (anchor) this.scroller.scrollTop += anchor.getBoundingClientRect().top - top;
  }

  /** Take the oldest blocks out of the page. */
  #cut() {
    const until = this.#blocks.length - FIRST;
    for (const block of this.#blocks.slice(this.#from, until)) {
      block.node.remove();
      block.node = null;
      for (const row of block.rows) row.node = null;
    }
    this.#from = until;
    this.#keepBottom();
  }

  /** Scroll to a message; with `flash` it lights up for a moment. */
  reveal(id, flash = true) {
    const row = this.#rows.get(id);
    if (!row) return;
    if (!row.node) this.#extend(this.#blocks.indexOf(row.block));
    if (row.block === this.#blocks.at(-1) && row.block.rows.at(-1) === row) this.#toBottom();
    else row.node.scrollIntoView({ block: "center" });
    if (!flash) return;
    row.node.classList.add("flash");
    setTimeout(() => row.node?.classList.remove("flash"), 1500);
  }
}

words.add({
  "messages.label": ["消息", "Messages"],
  "messages.topic": ["话题", "Topic"],
});
