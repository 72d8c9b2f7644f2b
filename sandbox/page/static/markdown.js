// Markdown as DingTalk and Lark read it, as DOM nodes. Every text becomes a text node: nothing that a
// message holds is ever read as HTML. What a dialect does not know stays as it was written.
import * as dom from "./dom.js";
import { add, say } from "./words.js";

const { h } = dom;
add({
  "markdown.picture": ["图片，此处不载入", "picture, not loaded here"],
  "markdown.all": ["所有人", "everybody"],
});

const BOT = "Countersign";
const DEEPEST = 8;
const ENTITIES = {
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", sim: "∼", copy: "©", reg: "®",
  hellip: "…", mdash: "—", ndash: "–", middot: "·", times: "×", larr: "←", rarr: "→",
};

/** Character entities decoded; one that is unknown stays as it is. */
export function decoded(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, number, hex, name) => {
    if (name) return ENTITIES[name] ?? whole;
    const code = number ? Number(number) : parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : "\ufffd";
  });
}

/** A link with its address beside it, where that is not what it says anyway. */
export function link(address, children) {
  const anchor = dom.link(address, children);
  const shown = anchor.title || address;
  const obvious = anchor.textContent === address && (!anchor.host || address.includes(anchor.host));
  return obvious ? anchor : h("span", { class: "d-linked" }, anchor, h("bdi", { class: "d-address" }, ` (${shown})`));
}

/** How a platform's texts are read for one viewer: a dialect, and the names of people. `viewer`: see
    chat.js. */
export function reader(dialect, viewer) {
  const people = viewer?.people ?? new Map();
  const names = new Set([BOT, ...[...people.values()].map((each) => each.name)]);
  const nameOf = (account) => people.get(account.replace(/^(?:u-|u_|ou_|on_)/, ""))?.name ?? "";
  return { ...dialect, nameOf, called: (word) => nameOf(word) || (names.has(word) ? word : "") };
}

/** "@Name", highlighted. */
export function mention(account, reader, fallback = "") {
  const name = account === "all" ? say("markdown.all") : reader.called(account) || fallback || account;
  return h("span", { class: "d-mention" }, h("bdi", {}, `@${name}`));
}

const BARE = /https?:\/\/[^\s<>()[\]"'`，。；）】]*[^\s<>()[\]"'`，。；）】.,;:!?]/giy;

const ACCOUNT = /@([\w.$:+=-]{1,64})/y;

/** A text in which only addresses, and people who are called after "@", are more than text. */
export function plain(text, reader) {
  return inline(text, { ...reader, inline: [CALLED, ADDRESS], literal: true });
}

// ------------------------------------------------------------------------------- within a line

const attribute = (name, source) =>
  new RegExp(`\\b${name}\\s*=\\s*["']?([^"'\\s<>]+)["']?`, "i").exec(source)?.[1] ?? "";
const styled = (tag) => (match, read) => h(tag, {}, ...read(match[2] ?? match[1]));
const ESCAPE = { begins: "\\", pattern: /\\([!-/:-@[-`{-~])/y, node: (match) => document.createTextNode(match[1]) };
const CODE = {
  begins: "`",
  pattern: /(`+)(?!`)([^]{1,4000}?[^`])\1(?!`)/y,
  node: (match) => h("code", {}, match[2].trim() || match[2]),
};
const IMAGE = {
  begins: "!",
  pattern: /!\[([^\]]{0,400})\]\(([^()\s]{0,800})[^)]{0,200}\)/y,
  node: (match) =>
    h("span", { class: "d-no-picture" }, `▧ ${match[1] ? `${match[1]} · ` : ""}${match[2]} · ${say("markdown.picture")}`),
};
const LINK = {
  begins: "[",
  links: true,
  pattern: /\[((?:[^[\]]|\[[^[\]]*\]){0,800})\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\))?)>?[^)]{0,200}\)/y,
  node: (match, read) => link(decoded(match[2]), read(match[1], true)),
};
const STRONG = { begins: "*_", pattern: /(\*\*|__)(?=\S)(.{1,800}?\S|\S)\1/y, node: styled("strong") };
const SLANTED = {
  begins: "*_",
  pattern: /(?<![\w*])\*(?=[^\s*])([^*\n]{1,800})(?<=\S)\*(?![\w*])|(?<!\w)_(?=[^\s_])([^_\n]{1,800})(?<=\S)_(?!\w)/y,
  node: styled("em"),
};
const BREAK = { begins: "<", pattern: /<br\s*\/?>/iy, node: () => h("br") };
const ADDRESS = { begins: "hH", links: true, pattern: BARE, node: (match) => link(match[0], match[0]) };
const ANCHOR = {
  begins: "<",
  links: true,
  pattern: /<(a|link)\s([^<>]{0,800})>([^]{0,800}?)<\/\1\s*>/iy,
  node: (match, read, reader) => {
    const account = attribute("atId", match[2]);
    if (account) return mention(account, reader, match[3].replace(/^@/, ""));
    const address = decoded(attribute("href", match[2]) || attribute("url", match[2]));
    return link(address, match[3] ? read(match[3], true) : address);
  },
};
const FONT = {
  begins: "<",
  pattern: /<font\b([^<>]{0,200})>([^]{0,4000}?)<\/font>/iy,
  node: (match, read) => {
    const colour = attribute("color", match[1]) || attribute("colorTokenV2", match[1]);
    const span = h("span", { class: "d-font" }, ...read(match[2]));
    if (/^#[0-9a-f]{3,8}$/i.test(colour)) span.style.color = colour;
    else span.dataset.colour = colour.toLowerCase().replace(/[-_]\w+$/, "");
    return span;
  },
};
const TOLD = {
  begins: "@",
  pattern: ACCOUNT,
  node: (match, read, reader) => (reader.nameOf(match[1]) ? mention(match[1], reader) : null),
};
export const CALLED = { ...TOLD, node: (match, read, reader) => (reader.called(match[1]) ? mention(match[1], reader) : null) };
const AT = {
  begins: "<",
  pattern: /<at\s([^<>]{0,800})>(?:([^<]{0,200})<\/at>)?/iy,
  node: (match, read, reader) => {
    const ids = attribute("ids", match[1]) || attribute("id", match[1]) || attribute("email", match[1]);
    const all = (ids || attribute("user_id", match[1])).split(",").filter(Boolean);
    return h("span", {}, ...all.flatMap((id, place) => [place ? " " : "", mention(id, reader, match[2])]));
  },
};
const PERSON = {
  begins: "<",
  pattern: /<person\s([^<>]{0,400})>(?:[^<]{0,200}<\/person>)?/iy,
  node: (match, read, reader) => person(attribute("id", match[1]), reader),
};
const TAG = {
  begins: "<",
  pattern: /<(text_tag|number_tag)\b([^<>]{0,300})>([^]{0,400}?)<\/\1>/iy,
  node: (match, read) => {
    const colour = attribute("color", match[2]) || attribute("background_color", match[2]) || "neutral";
    return h("span", { class: "d-text-tag", "data-colour": colour.replace(/-\w+$/, "") }, ...read(match[3]));
  },
};
const STRUCK = { begins: "~", pattern: /(~~)(?=\S)(.{1,800}?\S|\S)~~/y, node: styled("del") };
const RAW = {
  begins: "<",
  pattern: /<\/?(?:raw|local_datetime|font|text_tag|number_tag|hr)\b[^<>]{0,400}>/iy,
  node: () => document.createTextNode(""),
};
const AUTO = { begins: "<", links: true, pattern: /<(https?:\/\/[^<>\s]{1,800})>/iy, node: (match) => link(match[1], match[1]) };

/** Somebody's face and name, without telling them. */
export function person(account, reader) {
  const name = reader.nameOf(account) || account;
  return h("span", { class: "d-person" }, h("span", { class: "d-face", "aria-hidden": "true" }, [...name][0] ?? "?"), name);
}

const COMMON = [ESCAPE, CODE, IMAGE, LINK, STRONG, SLANTED, BREAK, ADDRESS, ANCHOR, FONT];
/** DingTalk: headings, quotes, emphasis, links, lists, rules, font. No tables, no strikethrough, no
    tags but <font>, <a> and <br>; a line ends with two spaces before its end. */
export const DINGTALK = { name: "dingtalk", inline: [...COMMON, TOLD], tables: false, breaks: /(?: {2,}|\\)\n/, joins: " " };
/** Links of a text that is no Markdown otherwise. */
export const LINKS = [LINK, ADDRESS];
/** Lark's cards of version 2.0: standard Markdown, tables, and tags of its own; each line end counts. */
export const LARK = {
  name: "lark", inline: [...COMMON, AT, PERSON, TAG, STRUCK, AUTO, RAW], tables: true, breaks: /[ \\]*\n/, joins: " ",
};

/** The marks within a text, read in one pass: what is read is not read again. `linked`: it is the text
    of a link, so there is no other in it. */
export function inline(text, reader, depth = 0, linked = false) {
  const nodes = [];
  let start = 0;
  const put = (end) => {
    const literal = text.slice(start, end);
    if (literal) nodes.push(document.createTextNode(reader.literal ? literal : decoded(literal)));
  };
  const read = (inner, inLink = false) => inline(inner, reader, depth + 1, linked || inLink);
  for (let at = 0; at < text.length && depth < DEEPEST; at += 1) {
    for (const rule of reader.inline) {
      if (!rule.begins.includes(text[at]) || (linked && rule.links)) continue;
      rule.pattern.lastIndex = at;
      const match = rule.pattern.exec(text);
      const node = match && rule.node(match, read, reader);
      if (!node) continue;
      put(at);
      nodes.push(node);
      at += match[0].length - 1;
      start = at + 1;
      break;
    }
  }
  put(text.length);
  return nodes;
}

// ------------------------------------------------------------------------------- blocks

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$|^\s*<hr\s*\/?>\s*$/i;
const QUOTE = /^ {0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const BOUND = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** A whole text as a fragment of blocks. */
export function markdown(text, reader, depth = 0) {
  const lines = String(text).replace(/\r\n?/g, "\n").split("\n");
  const fragment = document.createDocumentFragment();
  for (let at = 0; at < lines.length; ) at = block(lines, at, reader, depth, fragment);
  return fragment;
}

/** Puts the block that begins at a line; returns where the next one begins. */
function block(lines, at, reader, depth, fragment) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (!line.trim()) return at + 1;
  if (fence) return fenced(lines, at, fence, fragment);
  const heading = HEADING.exec(line);
  if (heading) {
    fragment.append(h("div", { class: `d-heading d-h${heading[1].length}` }, ...inline(heading[2], reader)));
    return at + 1;
  }
  if (RULE.test(line)) {
    fragment.append(h("hr"));
    return at + 1;
  }
  if (QUOTE.test(line) && depth < DEEPEST) {
    const end = run(lines, at, (each) => QUOTE.test(each));
    const inner = lines.slice(at, end).map((each) => each.replace(QUOTE, "")).join("\n");
    fragment.append(h("blockquote", {}, markdown(inner, reader, depth + 1)));
    return end;
  }
  if (ITEM.test(line)) {
    const end = run(lines, at, (each) => ITEM.test(each) || /^\s+\S/.test(each));
    fragment.append(list(lines.slice(at, end), reader));
    return end;
  }
  if (reader.tables && line.includes("|") && BOUND.test(lines[at + 1] ?? "")) {
    const end = run(lines, at, (each) => each.includes("|"));
    fragment.append(table(lines.slice(at, end), reader));
    return end;
  }
  const end = run(lines, at, (each, place) => place === at || (each.trim() && !begins(each)));
  fragment.append(h("p", {}, ...broken(lines.slice(at, end).join("\n"), reader)));
  return end;
}

const begins = (line) => [FENCE, HEADING, RULE, QUOTE, ITEM].some((each) => each.test(line));

function run(lines, at, belongs) {
  let end = at;
  while (end < lines.length && belongs(lines[end], end)) end += 1;
  return end;
}

function fenced(lines, at, fence, fragment) {
  const closes = (line) => line.trim().startsWith(fence[1]) && !line.trim().replaceAll(fence[1][0], "");
  const end = run(lines, at + 1, (each) => !closes(each));
  fragment.append(code(lines.slice(at + 1, end).join("\n")));
  return end + 1;
}

/** A block of code. It can be scrolled by keyboard. */
export const code = (text) => h("pre", { tabindex: "0" }, h("code", {}, text));

/** A paragraph's lines: those that the dialect breaks, and those that it joins. */
function broken(text, reader) {
  return text.split(reader.breaks).flatMap((line, place) => {
    const nodes = inline(line.replaceAll("\n", reader.joins), reader);
    return place ? [h("br"), ...nodes] : nodes;
  });
}

/** Lines of a list, deeper ones as lists within their item. */
function list(lines, reader) {
  const stack = [];
  for (const line of lines) {
    const match = ITEM.exec(line);
    if (!match) {
      stack.at(-1).item.append(h("br"), ...inline(line.trim(), reader));
      continue;
    }
    const depth = match[1].replaceAll("\t", "    ").length;
    while (stack.length > 1 && depth < stack.at(-1).depth) stack.pop();
    const tag = /\d/.test(match[2]) ? "ol" : "ul";
    if (!stack.length || (depth > stack.at(-1).depth + 1 && stack.length < DEEPEST)) {
      const made = h(tag, tag === "ol" ? { start: parseInt(match[2], 10) } : {});
      stack.at(-1)?.item.append(made);
      stack.push({ depth, made, item: null });
    }
    const top = stack.at(-1);
    top.item = h("li", {}, ...inline(match[3], reader));
    top.made.append(top.item);
  }
  return stack[0].made;
}

function table(lines, reader) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((each) => each.trim());
  const row = (line, tag) => h("tr", {}, ...cells(line).map((cell) => h(tag, {}, ...inline(cell, reader))));
  const body = lines.slice(2).map((line) => row(line, "td"));
  return h("div", { class: "d-table", tabindex: "0" }, h("table", {}, h("thead", {}, row(lines[0], "th")), h("tbody", {}, ...body)));
}
