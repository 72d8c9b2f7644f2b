// Where one writes: completion, quote, mention, the last texts by ArrowUp.

import * as api from "./api.js";
import { suggestions } from "./completion.js";
import { fill, h } from "./dom.js";
import { texts } from "./examples.js";
import { icon } from "./icons.js";
import { tab } from "./memory.js";
import { menu } from "./menu.js";
import { notice } from "./notice.js";
import * as words from "./words.js";

const KEPT = 50; // texts that ArrowUp brings back
const TALLEST = 160; // pixels
const REQUESTS = 20;

export class Composer {
  #quoted = null;
  #mentions = new Map(); // "@Name" → person id
  #items = [];
  #start = 0;
  #chosen = -1;
  #past = -1;

  /** `me()` and `chat()` say who writes, and where; `summary(message)` is one line of it. */
  constructor({ platform, feed, me, chat, summary }) {
    Object.assign(this, { platform, feed, me, chat, summary });
    const id = `write-${platform}`;
    this.input = h("textarea", {
      id,
      class: "write",
      rows: "1",
      autocomplete: "off",
      spellcheck: "false",
      enterkeyhint: "send",
      "aria-label": words.say("composer.label"),
      "aria-autocomplete": "list",
      "aria-controls": `${id}-list`,
      on: {
        input: () => this.#edited(),
        keydown: (event) => this.#key(event),
        blur: () => this.#close(),
        click: () => this.#complete(),
      },
    });
    this.list = h("ul", {
      class: "completion",
      id: `${id}-list`,
      role: "listbox",
      "aria-label": words.say("composer.suggestions"),
      hidden: true,
    });
    this.status = h("div", { class: "visually-hidden", role: "status" });
    this.strip = h("div", { class: "quote-strip", hidden: true });
    this.hint = h("p", { class: "composer-hint" });
    this.prefix = h("span", { class: "write-to" });
    const ideas = menu(
      h(
        "button",
        {
          type: "button",
          class: "button quiet square",
          "aria-label": words.say("composer.ideas"),
          title: words.say("composer.ideas"),
        },
        icon("bulb"),
      ),
      () => texts().map(([text, why]) => ({ label: text, detail: why, act: () => this.#put(text) })),
    );
    this.element = h(
      "form",
      { class: "composer", on: { submit: (event) => this.#submit(event) } },
      this.list,
      this.strip,
      h(
        "div",
        { class: "write-row" },
        ideas,
        h("div", { class: "write-box" }, this.prefix, this.input),
        h(
          "button",
          {
            type: "submit",
            class: "button primary square send",
            "aria-label": words.say("composer.send"),
            title: words.say("composer.send"),
          },
          icon("send"),
        ),
      ),
      this.hint,
      this.status,
    );
    feed.subscribe("bot", () => this.#state());
    this.refresh();
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
    const bot = this.feed.get("bot", "bot");
    const down = ["killed", "stopped", "ended"].includes(bot?.state);
    this.hint.classList.toggle("warn", down);
    fill(this.hint, down ? words.say("composer.down") : words.say("composer.keys"));
  }

  quote(message, name, text) {
    this.#quoted = message;
    const drop = h(
      "button",
      {
        type: "button",
        class: "button quiet square small",
        "aria-label": words.say("composer.unquote"),
        on: { click: () => this.#unquote() },
      },
      icon("close"),
    );
    fill(
      this.strip,
      h("span", { class: "quote-name" }, words.say("composer.quoting", { name })),
      h("span", { class: "quote-text" }, text),
      drop,
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

  #submit(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (text) this.send(text);
  }

  /** Say a text as the person picked, where the group stands open. */
  async send(text) {
    const mention = [...this.#mentions].filter(([name]) => text.includes(name)).map(([, id]) => id);
    const plain = [...this.#mentions.keys()]
      .reduce((rest, name) => rest.replace(name, ""), text)
      .replace(/ {2,}/g, " ")
      .trim();
    const body = { platform: this.platform, person: this.me(), chat: this.chat(), text: plain };
    if (this.#quoted) body.quote = this.#quoted.id;
    if (mention.length) body.mention = mention;
    const typed = this.input.value;
    this.#remember(text);
    this.#put("");
    this.#close();
    const quoted = this.#quoted;
    this.#unquote();
    try {
      await api.act("say", body);
      this.#mentions.clear();
    } catch (error) {
      notice(error.message, "error");
      this.#put(typed || text);
      this.#quoted = quoted;
      this.strip.hidden = !quoted;
    }
  }

  get #texts() {
    return tab.get(`said.${this.platform}`, []);
  }

  #remember(text) {
    this.#past = -1;
    tab.set(`said.${this.platform}`, [text, ...this.#texts.filter((each) => each !== text)].slice(0, KEPT));
  }

  #recall(step) {
    const texts = this.#texts;
    const next = Math.max(-1, Math.min(texts.length - 1, this.#past + step));
    if (next === this.#past) return;
    this.#past = next;
    this.#put(next < 0 ? "" : texts[next]);
  }

  #edited() {
    this.#past = -1;
    this.#fit();
    this.#complete();
  }

  #complete(all = false) {
    const { selectionStart, selectionEnd, value } = this.input;
    const before = value.slice(0, selectionStart);
    const text = all && !before ? "/" : before;
    const context = {
      commands: [...this.feed.all("commands").values()],
      machines: [...this.feed.all("machines").values()],
      people: [...this.feed.all("people").values()].filter((each) => each.id !== this.me()),
      requests: this.#requests(),
      pick: words.pick,
    };
    const { start, items } =
      selectionStart === selectionEnd ? suggestions(text, context) : { start: 0, items: [] };
    this.#start = before ? start : 0;
    this.#items = items;
    this.#chosen = -1;
    this.#drawList();
  }

  /** Numbers of requests that stand in titles of this platform's cards, the newest first. */
  #requests() {
    const numbers = new Map();
    for (const message of this.feed.all("messages").values()) {
      if (message.platform !== this.platform || message.kind !== "card") continue;
      const title = this.summary(message);
      const number = /#(\d+)/.exec(title)?.[1];
      if (number) numbers.set(number, title);
    }
    return [...numbers].reverse().slice(0, REQUESTS);
  }

  #drawList() {
    const open = this.#items.length > 0;
    this.list.hidden = !open;
    this.input.removeAttribute("aria-activedescendant");
    fill(
      this.list,
      this.#items.map((item, index) =>
        h(
          "li",
          {
            role: "option",
            id: `${this.input.id}-${index}`,
            class: "completion-item",
            "aria-selected": String(index === this.#chosen),
            on: { mousedown: (event) => (event.preventDefault(), this.#accept(index)) },
          },
          h("span", { class: "completion-label" }, item.label),
          item.required ? h("span", { class: "tag warn" }, words.say("composer.required")) : null,
          h("span", { class: "completion-detail" }, item.detail),
        ),
      ),
    );
    this.status.textContent = open ? words.say("composer.count", { count: this.#items.length }) : "";
  }

  #close() {
    this.#items = [];
    this.#drawList();
  }

  #choose(index) {
    this.#chosen = (index + this.#items.length) % this.#items.length;
    [...this.list.children].forEach((row, at) =>
      row.setAttribute("aria-selected", String(at === this.#chosen)),
    );
    this.list.children[this.#chosen].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", `${this.input.id}-${this.#chosen}`);
  }

  #accept(index) {
    const item = this.#items[index];
    const after = this.input.value.slice(this.input.selectionStart);
    const head = this.input.value.slice(0, this.#start) + item.insert;
    if (item.person) this.#mentions.set(item.label, item.person);
    this.input.value = head + after.replace(/^\s+/, "");
    const caret = head.length - (item.back ?? 0);
    this.input.setSelectionRange(caret, caret);
    this.#fit();
    this.#complete();
  }

  #key(event) {
    if (event.isComposing) return; // an input method is at work
    const open = this.#items.length > 0;
    const act = {
      Enter: () =>
        event.shiftKey
          ? false
          : open && this.#chosen >= 0
            ? this.#accept(this.#chosen)
            : this.element.requestSubmit(),
      Tab: () => (event.shiftKey ? false : open ? this.#accept(Math.max(0, this.#chosen)) : false),
      Escape: () => (open ? this.#close() : this.#quoted ? this.#unquote() : false),
      ArrowDown: () => (open ? this.#choose(this.#chosen + 1) : this.#past >= 0 ? this.#recall(-1) : false),
      ArrowUp: () =>
        open && this.#chosen >= 0
          ? this.#choose(this.#chosen - 1)
          : this.#past >= 0 || !this.input.value
            ? this.#recall(1)
            : open
              ? this.#choose(-1)
              : false,
    }[event.key];
    if (act && act() !== false) event.preventDefault();
  }
}

words.add({
  "composer.label": ["发消息", "Write a message"],
  "composer.group": ["发消息给机器人…", "Write to the bot …"],
  "composer.direct": ["私聊机器人…", "Write to the bot, privately …"],
  "composer.suggestions": ["可以补全成", "Completions"],
  "composer.count": ["{count} 个补全，Tab 采用，方向键选择", "{count} completions: Tab takes, arrows choose"],
  "composer.required": ["必填", "required"],
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
