// What Lark was sent, as its clients show it: texts, posts, files and cards (JSON 2.0, and the shape
// of 1.0). Nothing of a payload is dropped: what is not drawn is folded.
import { h } from "./dom.js";
import { elements, spaced, words } from "./lark_elements.js";
import { CALLED, code, decoded, inline, LARK, link, LINKS, markdown, mention, plain, reader } from "./markdown.js";
import { fold, whole } from "./parts.js";
import { add, say } from "./words.js";

add({
  "lark.message": ["{type} 消息", "messages of type {type}"],
  "lark.node": ["富文本标签 {tag}", "the post's tag {tag}"],
  "lark.file": ["文件", "File"],
  "lark.picture": ["图片，此处不载入", "picture, not loaded here"],
  "lark.link": ["整张卡片的链接", "the whole card opens"],
});

/** A message's content as it looks to `viewer` ({id, people}). `onAction(action, {values})` is called
    when something that asks the bot is pressed, with the values of its form by name, and gives a
    promise of the answer. */
export function draw(message, viewer, onAction) {
  const [type, content] = named(message.payload);
  const read = reader(LARK, viewer);
  if (type === "text" && viewer.people.has(message.from)) return box("text", plain(String(content.text ?? ""), read));
  const make = MESSAGES[type];
  if (make) return make(content, read, onAction);
  return box("fold", fold(say("lark.message", { type }), content));
}

/** What a message says, in one line. */
export function summary(message, viewer) {
  const [type, content] = named(message.payload);
  if (type === "interactive") {
    const { title, text_tag_list: tags = [] } = content.header ?? {};
    return [title, ...tags.map((tag) => tag.text)].map((each) => each?.content).filter(Boolean).join(" · ");
  }
  if (type === "file") return content.file_name || say("lark.file");
  if (type !== "text" && type !== "post") return say("lark.message", { type });
  const drawn = draw(message, viewer);
  return [...drawn.querySelectorAll(".d-title, .d-line")].map((each) => each.textContent).find((each) => each.trim()) ?? drawn.textContent;
}

const named = (payload) => [payload.msg_type ?? payload.msgtype, payload.content ?? payload.card ?? {}];
const box = (kind, ...children) => whole(h("div", { class: `drawn lk lk-${kind}` }, ...children));

const MESSAGES = {
  text: (content, read) => box("text", inline(String(content.text ?? ""), { ...read, ...TEXT })),
  post: (content, read) => box("post", post(content, read)),
  file: (content) => {
    const name = content.file_name || content.file_key || say("lark.file");
    return box("file", h("span", { class: "d-file-mark", "aria-hidden": "true" }), h("span", { class: "d-file-name" }, name));
  },
  interactive: card,
};

/** A text of a bot knows links in brackets, <at …>, and four marks in angle brackets; one that a person
    typed is shown as it is. */
const STYLED = ["b", "i", "u", "s"].map((tag) => ({
  begins: "<",
  pattern: new RegExp(`<${tag}>([^]{1,2000}?)</${tag}>`, "y"),
  node: (match, read) => h(tag, {}, ...read(match[1])),
}));
const AT = {
  begins: "<",
  pattern: /<at\s[^<>]{0,400}?user_id\s*=\s*["']?([^"'\s<>]+)["']?[^<>]{0,200}>(?:([^<]{0,200})<\/at>)?/iy,
  node: (match, read, reader) => mention(match[1], reader, match[2]),
};
const TEXT = { inline: [AT, ...STYLED, CALLED, ...LINKS], literal: true };

// ------------------------------------------------------------------------------- posts

/** The first language of a post: its title, then line by line. */
function post(content, read) {
  const whole = Array.isArray(content.content) ? content : (Object.values(content)[0] ?? {});
  const lines = Array.isArray(whole.content) ? whole.content : [];
  const title = whole.title ? [h("div", { class: "d-title" }, whole.title)] : [];
  return [...title, ...lines.map((line) => h("div", { class: "d-line" }, [line].flat().map((part) => node(part, read))))];
}

const STYLES = { bold: "strong", italic: "em", underline: "u", lineThrough: "s" };

function node(part, read) {
  const make = NODES[part?.tag];
  if (!make) return fold(say("lark.node", { tag: part?.tag }), part);
  const styles = Array.isArray(part.style) ? part.style : [];
  return styles.reduce((inner, style) => (STYLES[style] ? h(STYLES[style], {}, inner) : inner), make(part, read));
}

const NODES = {
  text: (part, read) => h("span", {}, plain(part.un_escape ? decoded(part.text ?? "") : (part.text ?? ""), { ...read, called: () => "" })),
  a: (part) => link(part.href ?? "", part.text || part.href || ""),
  at: (part, read) => mention(part.user_id ?? "", read, part.user_name),
  img: (part) => h("span", { class: "d-no-picture" }, `▧ ${part.image_key} · ${say("lark.picture")}`),
  media: (part) => h("span", { class: "d-no-picture" }, `▷ ${part.file_key} · ${say("lark.picture")}`),
  emotion: (part) => h("span", { class: "d-emotion" }, `[${part.emoji_type}]`),
  code_block: (part) => code(part.text ?? ""),
  hr: () => h("hr"),
  md: (part, read) => h("div", {}, markdown(part.text ?? "", read)),
};

// ------------------------------------------------------------------------------- cards

function card(content, read, onAction) {
  const context = { onAction, read, form: null, path: "" };
  const body = content.body ?? {};
  const inner = h("div", { class: "d-body" }, elements(body.elements ?? content.elements ?? languages(content), context));
  const odd = Object.keys(content).filter((name) => !KNOWN.has(name));
  const address = content.card_link?.url;
  return box(
    "card",
    content.header ? header(content.header, read) : null,
    spaced(inner, body),
    address ? h("div", { class: "d-card-link" }, `${say("lark.link")} `, link(address, address)) : null,
    odd.map((name) => fold(name, content[name])),
  );
}

const KNOWN = new Set(["schema", "config", "card_link", "header", "body", "elements", "i18n_elements"]);

/** The elements of a card of version 1.0 that holds them by language. */
const languages = (content) => Object.values(content.i18n_elements ?? {})[0] ?? [];

function header(head, read) {
  const tags = Array.isArray(head.text_tag_list) ? head.text_tag_list : [];
  const made = h(
    "div",
    { class: "d-head", "data-colour": head.template ?? "default" },
    h(
      "div",
      { class: "d-head-line" },
      h("div", { class: "d-head-title" }, ...words(head.title, read)),
      ...tags.map((tag) => h("span", { class: "d-text-tag", "data-colour": tag.color ?? "neutral" }, ...words(tag.text, read))),
    ),
    head.subtitle?.content ? h("div", { class: "d-head-subtitle" }, ...words(head.subtitle, read)) : null,
  );
  spaced(made, head);
  return made;
}
