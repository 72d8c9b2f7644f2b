// One message as it stands in a chat: picture, name, time, what it answers, its bubble, its menu.

import { fill, h } from "./dom.js";
import { avatar, icon, iconButton } from "./icons.js";
import { menu } from "./menu.js";
import { notice } from "./notice.js";
import { keep, restore } from "./redraw.js";
import * as words from "./words.js";

const FLASH = 1400; // milliseconds

function isBot(id) {
  return id === "bot" || id.startsWith("robot:");
}

/** What stands above a message as its sender. */
export function nameOf(id, viewer) {
  if (id === "bot") return "Countersign";
  if (id.startsWith("robot:")) return id.slice("robot:".length);
  return viewer.name(id);
}

/**
 * Draws messages of one platform. `context` is {platform, viewer, renderer: {draw, summary}, find(id) →
 * message, reveal(id), quote(message), recall(message), act(message) → onAction}.
 */
export class MessageDrawer {
  constructor(context) {
    this.context = context;
  }

  row(message, follows) {
    const node = h("article", { class: "message", dataset: { id: message.id } });
    this.#dress(node, message, follows);
    fill(node, message.recalled ? this.#recalled(message) : this.#parts(message, follows));
    return node;
  }

  /** The same message with other content: what was opened or typed in it stays, and it lights up where it
   * looks otherwise to the viewer. */
  change(node, message) {
    const body = node.querySelector(".body");
    if (!body) return;
    fill(node.querySelector(".flags"), this.#flags(message));
    const content = this.#content(message);
    if (content.isEqualNode(body.firstChild)) return;
    const state = keep(body);
    fill(body, content);
    restore(body, state);
    node.classList.add("changed");
    setTimeout(() => node.classList.remove("changed"), FLASH);
  }

  #dress(node, message, follows) {
    const { viewer } = this.context;
    const own = message.from === viewer.id;
    node.classList.toggle("own", own);
    node.classList.toggle("follows", follows);
    node.classList.toggle("bot", isBot(message.from));
    node.classList.toggle("is-card", message.kind === "card");
    node.classList.toggle("mentions-me", !own && (message.mentions ?? []).includes(viewer.id));
    node.classList.toggle("recalled", Boolean(message.recalled));
  }

  #recalled(message) {
    const { viewer } = this.context;
    return h(
      "p",
      { class: "recall-note" },
      message.from === viewer.id
        ? words.say("message.recalled.own")
        : words.say("message.recalled", { name: nameOf(message.from, viewer) }),
    );
  }

  #parts(message) {
    const { viewer } = this.context;
    const name = nameOf(message.from, viewer);
    const head = h(
      "header",
      { class: "message-head" },
      h("span", { class: "sender" }, name),
      isBot(message.from) ? h("span", { class: "robot-tag" }, words.say("message.robot")) : null,
      h("time", { class: "sent", title: words.clock(message.at) }, words.minute(message.at)),
    );
    const body = h(
      "div",
      { class: message.kind === "card" ? "body" : "body bubble" },
      this.#content(message),
    );
    return [
      avatar(message.from, name),
      h(
        "div",
        { class: "message-main" },
        head,
        h(
          "div",
          { class: "message-line" },
          h("div", { class: "hold" }, this.#quote(message), body),
          this.#menu(message, name),
        ),
        h("div", { class: "flags" }, this.#flags(message)),
      ),
    ];
  }

  /** What the renderer makes of the payload; one that fails shows the payload itself. */
  #content(message) {
    const { renderer, viewer, act } = this.context;
    try {
      return renderer.draw(message, viewer, act(message));
    } catch (error) {
      reportError(error);
      return h(
        "details",
        { class: "undrawn" },
        h("summary", {}, words.say("message.undrawn")),
        h("pre", {}, JSON.stringify(message.payload, null, 2)),
      );
    }
  }

  /** One line of what a message says. */
  summary(message) {
    const { renderer, viewer } = this.context;
    return message.recalled
      ? words.say("message.gone")
      : renderer.summary(message, viewer) || words.say("message.other");
  }

  /** Does this message begin that topic? */
  #isRoot(message, thread) {
    return (
      Boolean(thread) && message.thread === thread && this.context.find(message.reply_to)?.thread !== thread
    );
  }

  /** The message that is answered, as a button that goes there; in a topic, only where it is not the root. */
  #quote(message) {
    const { find, reveal, viewer } = this.context;
    const original = message.reply_to ? find(message.reply_to) : null;
    if (!original || this.#isRoot(original, message.thread)) return null;
    return h(
      "button",
      {
        type: "button",
        class: "quote",
        title: words.say("message.original"),
        on: { click: () => reveal(original.id) },
      },
      h("span", { class: "quote-name" }, nameOf(original.from, viewer)),
      h("span", { class: "quote-text" }, this.summary(original)),
    );
  }

  #flags(message) {
    const { viewer } = this.context;
    const names = (ids) =>
      ids
        .map((id) => (id === viewer.id ? words.say("message.you") : viewer.name(id)))
        .join(words.say("message.comma"));
    const flags = [];
    if (message.bot) flags.push(h("span", { class: "flag" }, words.say("message.bot", { name: message.bot })));
    if (message.from !== viewer.id && message.mentions?.includes(viewer.id))
      flags.push(h("span", { class: "flag me" }, words.say("message.mentions")));
    if (message.only_for?.length)
      flags.push(h("span", { class: "flag" }, words.say("message.only", { names: names(message.only_for) })));
    if (message.urgent?.length)
      flags.push(
        h("span", { class: "flag urgent" }, words.say("message.urgent", { names: names(message.urgent) })),
      );
    return flags;
  }

  #menu(message, name) {
    const { viewer, quote, recall } = this.context;
    const label = words.say("message.menu", { name });
    const button = iconButton("more", label, { class: "message-menu", tabindex: "-1", title: null });
    const items = () => {
      const entries = [
        { label: words.say("message.quote"), icon: icon("reply"), act: () => quote(message) },
        { label: words.say("message.copy"), icon: icon("copy"), act: () => copy(button) },
      ];
      if (message.from === viewer.id)
        entries.push({
          label: words.say("message.recall"),
          icon: icon("undo"),
          danger: true,
          act: () => recall(message),
        });
      return entries;
    };
    return menu(button, items);
  }
}

async function copy(button) {
  const text = button.closest(".message-line").querySelector(".body").innerText;
  try {
    await navigator.clipboard.writeText(text);
    notice(words.say("message.copied"), "success");
  } catch {
    notice(words.say("message.uncopied"), "error");
  }
}

words.add({
  "message.robot": ["机器人", "Bot"],
  "message.bot": ["由 {name} 送出", "by {name}"],
  "message.recalled": ["{name} 撤回了一条消息", "{name} recalled a message"],
  "message.recalled.own": ["你撤回了一条消息", "You recalled a message"],
  "message.gone": ["已撤回的消息", "a recalled message"],
  "message.other": ["一条消息", "a message"],
  "message.undrawn": ["这条消息画不出来，内容如下", "This message cannot be drawn; it holds"],
  "message.original": ["跳到原消息", "Go to that message"],
  "message.you": ["你", "you"],
  "message.comma": ["、", ", "],
  "message.mentions": ["提到了你", "mentions you"],
  "message.only": ["仅{names}可见", "Only {names} can see this"],
  "message.urgent": ["加急提醒 {names}", "Urgent for {names}"],
  "message.menu": ["{name} 的消息：更多操作", "Message of {name}: more"],
  "message.quote": ["引用回复", "Quote"],
  "message.copy": ["复制文字", "Copy text"],
  "message.recall": ["撤回", "Recall"],
  "message.copied": ["已复制", "Copied"],
  "message.uncopied": ["浏览器不允许复制", "The browser does not allow copying"],
});
