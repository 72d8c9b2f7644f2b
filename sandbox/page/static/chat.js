// <chat-group platform="dingtalk|lark">: one platform's chats as one person sees them.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import * as dingtalk from "./dingtalk.js";
import { fill, h, hear } from "./dom.js";
import { welcome } from "./examples.js";
import { sign } from "./icons.js";
import * as lark from "./lark.js";
import { tab } from "./memory.js";
import { MessageDrawer, nameOf } from "./message.js";
import { Messages } from "./messages.js";
import { identityPicker, viewerOf } from "./people.js";
import { Toasts } from "./toasts.js";
import * as words from "./words.js";

const RENDERERS = { dingtalk, lark };
const GROUPS = ["ops", "hr"];
const MANY = 100; // changes at once after which the chat is drawn anew

function chatName(chat) {
  if (chat.startsWith("direct:")) return words.say("chat.direct");
  return { ops: words.say("chat.ops"), hr: words.say("chat.hr") }[chat] ?? chat;
}

class ChatGroup extends HTMLElement {
  connectedCallback() {
    this.platform = this.getAttribute("platform");
    this.me = tab.get(`me.${this.platform}`, "alice");
    this.chat = tab.get(`chat.${this.platform}`, "ops");
    this.news = new Map(); // chat → messages that nobody has looked at
    this.className = `chat-group ${this.platform}`;
    this.shown = false; // is what the feed holds drawn?
    this.#build();
    hear(
      "look",
      this.feed,
      ({ platform, chat }) => platform === this.platform && chat !== this.chat && this.#go(chat),
    );
    this.feed.subscribe("people", () => this.shown && this.#show());
    this.feed.subscribe("messages", (changes) => this.shown && this.#change(changes));
    this.#show();
    this.shown = true;
    this.feed.watch(() => this.messages.settle());
  }

  disconnectedCallback() {
    this.messages.close();
    this.feed.close();
  }

  get viewer() {
    return viewerOf(this.me, this.feed.all("people"));
  }

  get #place() {
    return this.chat === "direct" ? `direct:${this.me}` : this.chat;
  }

  #build() {
    const name = this.platform === "lark" ? words.say("chat.lark") : words.say("chat.dingtalk");
    const find = (id) => this.feed.get("messages", `${this.platform}/${id}`);
    this.drawer = new MessageDrawer({
      platform: this.platform,
      viewer: this.viewer,
      renderer: RENDERERS[this.platform],
      find,
      reveal: (id) => this.messages.reveal(id),
      quote: (message) =>
        this.composer.quote(message, nameOf(message.from, this.viewer), this.drawer.summary(message)),
      recall: (message) => api.attempt("recall", { platform: this.platform, message: message.id }),
      act: (message) => (action, more) => this.#click(message, action, more),
    });
    this.empty = h("div", { class: "empty" });
    this.messages = new Messages({
      drawRow: (message, follows) => this.drawer.row(message, follows),
      changeRow: (node, message) => this.drawer.change(node, message),
      find,
      ready: () => this.feed.ready,
      own: (message) => message.from === this.me,
      empty: this.empty,
    });
    this.composer = new Composer({
      platform: this.platform,
      feed: this.feed,
      summary: (message) => this.drawer.summary(message),
      me: () => this.me,
      chat: () => this.#place,
    });
    this.toasts = new Toasts({ platform: this.platform, feed: this.feed, me: () => this.me });
    this.picker = h("div", { class: "picker" });
    this.tabs = h("div", { class: "chat-tabs", role: "group", "aria-label": words.say("chat.chats") });
    this.live = h("div", { class: "visually-hidden", "aria-live": "polite" });
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", name);
    fill(
      this,
      h(
        "header",
        { class: "group-head" },
        h("h2", { class: "platform" }, sign(this.platform, name), name),
        this.tabs,
        this.picker,
      ),
      this.toasts.element,
      this.messages.element,
      this.composer.element,
      this.live,
    );
  }

  #click(message, action, { values } = {}) {
    const body = { platform: this.platform, person: this.me, ref: message.ref, action };
    return api.attempt("click", values ? { ...body, values } : body);
  }

  /** Does the person picked here see this message? */
  #visible(message) {
    return (
      message.platform === this.platform && (!message.only_for?.length || message.only_for.includes(this.me))
    );
  }

  #change(changes) {
    if (!this.feed.ready || changes.length > MANY) return this.#show();
    for (const [key, message, before] of changes) {
      const about = message ?? before;
      if (about.platform !== this.platform) continue;
      if (about.chat !== this.#place) {
        if (message && !before) this.#note(message);
      } else if (!message || !this.#visible(message)) this.messages.remove(about.id);
      else if (before) this.messages.change(message, before);
      else this.#add(message);
    }
  }

  #add(message) {
    this.messages.add(message);
    if (message.from !== this.me) this.#tell();
    if (this.feed.ready && message.from !== this.me)
      fill(this.live, `${nameOf(message.from, this.viewer)}: ${this.drawer.summary(message)}`);
  }

  /** A message came into a chat that is not shown. */
  #note(message) {
    if (!this.feed.ready || !this.#visible(message)) return;
    this.news.set(message.chat, (this.news.get(message.chat) ?? 0) + 1);
    this.#head();
    this.#tell();
  }

  /** Let the page know that there is news here, for where one is looking elsewhere. */
  #tell() {
    this.dispatchEvent(new CustomEvent("news", { bubbles: true, detail: this.platform }));
  }

  #show() {
    this.drawer.context.viewer = this.viewer;
    const place = this.#place;
    this.news.delete(place);
    fill(
      this.empty,
      welcome(place, (text) => this.composer.send(text)),
    );
    this.messages.reset(
      [...this.feed.all("messages").values()].filter((each) => each.chat === place && this.#visible(each)),
    );
    this.#head();
    this.composer.refresh();
  }

  /** The chats and the person picked, each with how much is new there. */
  #head() {
    fill(
      this.picker,
      identityPicker(
        this.feed.all("people"),
        this.me,
        (id) => this.#become(id),
        (id) => this.news.get(`direct:${id}`) ?? 0,
      ),
    );
    fill(
      this.tabs,
      [...GROUPS, "direct"].map((chat) => {
        const count = this.news.get(chat === "direct" ? `direct:${this.me}` : chat) ?? 0;
        return h(
          "button",
          {
            type: "button",
            class: "chat-tab",
            "aria-pressed": String(chat === this.chat),
            on: { click: () => this.#go(chat) },
          },
          chatName(chat === "direct" ? `direct:${this.me}` : chat),
          count
            ? h("span", { class: "news", "aria-label": words.say("chat.news", { count }) }, String(count))
            : null,
        );
      }),
    );
  }

  #go(chat) {
    if (chat === this.chat) return;
    this.chat = chat;
    tab.set(`chat.${this.platform}`, chat);
    this.#show();
  }

  #become(id) {
    this.me = id;
    tab.set(`me.${this.platform}`, id);
    this.#show();
    this.picker.querySelector("button")?.focus();
  }
}

words.add({
  "chat.dingtalk": ["钉钉", "DingTalk"],
  "chat.lark": ["飞书", "Lark"],
  "chat.chats": ["会话", "Chats"],
  "chat.ops": ["运维群", "Ops"],
  "chat.hr": ["人事群", "HR"],
  "chat.direct": ["私聊机器人", "Direct"],
  "chat.news": ["{count} 条新消息", "{count} new messages"],
});

customElements.define("chat-group", ChatGroup);
