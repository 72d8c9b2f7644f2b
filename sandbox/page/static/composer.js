// Where one writes: completion, quote, mention, the last texts by ArrowUp.

import * as api from "./api.js";
import { best } from "./bots.js";
import { suggestions } from "./completion.js";
import { CompletionList } from "./completion_list.js";
import { fill, h } from "./dom.js";
import { texts } from "./examples.js";
import { iconButton } from "./icons.js";
import { menu } from "./menu.js";
import { Said } from "./said.js";
import * as words from "./words.js";

const TALLEST = 160; // pixels
const REQUESTS = 20; // numbers that are offered

export class Composer {
  #quoted = null;
  #mentions = new Map(); // "@Name" → person id
  #start = 0; // of the word that is completed

  /** `me()` and `chat()` say who writes, and where; `summary(message)` is one line of it. */
  constructor({ platform, feed, me, chat, summary }) {
    Object.assign(this, { platform, feed, me, chat, summary });
    this.said = new Said(platform);
    this.input = h("textarea", {
      id: `write-${platform}`,
      class: "write",
      rows: "1",
      autocomplete: "off",
      spellcheck: "false",
      enterkeyhint: "send",
      "aria-label": words.say("composer.label"),
      on: {
        input: () => this.#edited(),
        keydown: (event) => this.#key(event),
        blur: () => this.completions.close(),
        click: () => this.#complete(),
      },
    });
    this.completions = new CompletionList(this.input, (item) => this.#accept(item));
    this.strip = h("div", { class: "quote-strip", hidden: true });
    this.hint = h("p", { class: "composer-hint" });
    this.prefix = h("span", { class: "write-to" });
    this.element = h(
      "form",
      { class: "composer", on: { submit: (event) => this.#submit(event) } },
      this.completions.nodes,
      this.strip,
      h(
        "div",
        { class: "write-row" },
        this.#ideas(),
        h("div", { class: "write-box" }, this.prefix, this.input),
        iconButton("send", words.say("composer.send"), {
          type: "submit",
          class: "button primary square send",
        }),
      ),
      this.hint,
    );
    feed.subscribe("bot", () => this.#state());
    this.refresh();
  }

  #ideas() {
    const items = () =>
      texts(this.chat()).map(([text, why]) => ({ label: text, detail: why, act: () => this.#put(text) }));
    return menu(iconButton("bulb", words.say("composer.ideas")), items);
  }

  /** Another person or chat: what was written stays, what was quoted does not. */
  refresh() {
    this.#unquote();
    const direct = this.chat().startsWith("direct:");
    this.prefix.textContent = direct ? "" : "@Countersign";
    this.input.placeholder = direct ? words.say("composer.direct") : words.say("composer.group");
    this.#state();
  }

  #state() {
    const bot = best(this.feed);
    const down = ["killed", "stopped", "ended"].includes(bot?.state);
    this.hint.classList.toggle("warn", down);
    fill(this.hint, down ? words.say("composer.down") : words.say("composer.keys"));
  }

  quote(message, name, text) {
    this.#quoted = message;
    const drop = { class: "button quiet square small", on: { click: () => this.#unquote() } };
    fill(
      this.strip,
      h("span", { class: "quote-name" }, words.say("composer.quoting", { name })),
      h("span", { class: "quote-text" }, text),
      iconButton("close", words.say("composer.unquote"), drop),
    );
    this.strip.hidden = false;
    this.input.focus();
  }

  #unquote() {
    this.#quoted = null;
    this.strip.hidden = true;
  }

  #put(text) {
    this.input.value = text;
    this.#fit();
    this.input.focus();
  }

  #fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(TALLEST, this.input.scrollHeight)}px`;
  }

  /** What was typed comes back where the platform does not take it. */
  async #submit(event) {
    event.preventDefault();
    const [text, quoted] = [this.input.value.trim(), this.#quoted];
    if (!text) return;
    this.#put("");
    this.#unquote();
    this.completions.close();
    if (await this.send(text, quoted)) return;
    this.#put(text);
    this.#quoted = quoted;
    this.strip.hidden = !quoted;
  }

  /** Say a text as the person picked, in the chat that is shown; false where the platform does not take it. */
  async send(text, quoted = null) {
    this.said.add(text);
    const names = [...this.#mentions.keys()].filter((name) => text.includes(name));
    const rest = names
      .reduce((left, name) => left.replaceAll(name, ""), text)
      .replace(/ {2,}/g, " ")
      .trim();
    const body = { platform: this.platform, person: this.me(), chat: this.chat(), text: rest || text };
    if (quoted) body.quote = quoted.id;
    if (rest && names.length) body.mention = names.map((name) => this.#mentions.get(name));
    return (await api.attempt("say", body)) !== null;
  }

  #edited() {
    this.said.leave();
    this.#fit();
    this.#complete();
  }

  #complete() {
    const { selectionStart, selectionEnd, value } = this.input;
    if (selectionStart !== selectionEnd) return this.completions.close();
    const composer = this;
    const { start, items } = suggestions(value.slice(0, selectionStart), {
      commands: [...this.feed.all("commands").values()],
      machines: [...this.feed.all("machines").values()],
      people: [...this.feed.all("people").values()].filter((each) => each.id !== this.me()),
      pick: words.pick,
      get requests() {
        return composer.#requests();
      },
    });
    this.#start = start;
    return this.completions.show(items);
  }

  /** Numbers of requests that stand in titles of this platform's cards, the newest first. */
  #requests() {
    const numbers = new Map();
    for (const message of [...this.feed.all("messages").values()].reverse()) {
      if (numbers.size === REQUESTS) break;
      if (message.platform !== this.platform || message.kind !== "card") continue;
      const title = this.summary(message);
      const number = /#(\d+)/.exec(title)?.[1];
      if (number && !numbers.has(number)) numbers.set(number, title);
    }
    return [...numbers];
  }

  #accept(item) {
    const after = this.input.value.slice(this.input.selectionStart);
    const head = this.input.value.slice(0, this.#start) + item.insert;
    if (item.person) this.#mentions.set(item.label, item.person);
    this.input.value = head + after.trimStart();
    const caret = head.length - (item.back ?? 0);
    this.input.setSelectionRange(caret, caret);
    this.#fit();
    this.#complete();
  }

  #recall(by) {
    const text = this.said.step(by);
    if (text !== null) this.#put(text);
  }

  /** What a key does, or null where it does what it always does. */
  #meaning({ key, shiftKey }) {
    const { open, chosen } = this.completions;
    if (key === "Enter" && !shiftKey)
      return chosen ? () => this.completions.take() : () => this.element.requestSubmit();
    if (key === "Tab" && !shiftKey && open) return () => this.completions.take();
    if (key === "Escape" && open) return () => this.completions.close();
    if (key === "Escape" && this.#quoted) return () => this.#unquote();
    if (key === "ArrowUp" && !chosen && (this.said.looking || !this.input.value))
      return () => this.#recall(1);
    if (key === "ArrowDown" && !open && this.said.looking) return () => this.#recall(-1);
    if (open && key === "ArrowUp") return () => this.completions.move(-1);
    if (open && key === "ArrowDown") return () => this.completions.move(1);
    return null;
  }

  #key(event) {
    if (event.isComposing) return; // an input method is at work
    const act = this.#meaning(event);
    if (!act) return;
    event.preventDefault();
    act();
  }
}

words.add({
  "composer.label": ["发消息", "Write a message"],
  "composer.group": ["发消息给机器人…", "Write to the bot …"],
  "composer.direct": ["私聊机器人…", "Write to the bot, privately …"],
  "composer.send": ["发送", "Send"],
  "composer.ideas": ["可以说什么", "What to say"],
  "composer.quoting": ["回复 {name}", "Replying to {name}"],
  "composer.unquote": ["不引用了", "Do not quote"],
  "composer.keys": [
    "Enter 发送 · Tab 补全 · ↑ 上一条",
    "Enter sends · Tab completes · ↑ brings back the last",
  ],
  "composer.down": [
    "机器人没在运行：消息留在平台上，等它回来再投递。",
    "The bot is not running: the platform keeps the message until it is back.",
  ],
});
