// What the drawings of both platforms share: folds for what is not supported, and buttons that wait
// for their answer.
import { h } from "./dom.js";
import { add, say } from "./words.js";

add({
  "parts.unsupported": ["此处不支持：{what}", "Not supported here: {what}"],
  "parts.elsewhere": ["此处不显示：{what}", "Not shown here: {what}"],
  "parts.busy": ["等待机器人应答…", "waiting for the bot's answer …"],
});

/** Something that is not drawn: its name, and all of it behind a fold. */
export function fold(what, value, key = "parts.unsupported") {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return h(
    "details",
    { class: "d-unsupported", "data-key": `unsupported ${what}` },
    h("summary", {}, say(key, { what })),
    h("pre", { tabindex: "0" }, h("code", {}, text)),
  );
}

const HYPHENED = /(?<![\w.-])[\w.]+(?:-[\w.]+)+/g;
const LONGEST = 24; // characters: fits beside whatever stands on a line of a phone

/** Keep names such as "web-01" in one piece, which a browser breaks behind the hyphen. */
export function whole(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (walker.currentNode.data.includes("-")) texts.push(walker.currentNode);
  for (const text of texts) {
    if (text.parentElement.closest("pre, textarea, option, .d-address")) continue;
    const parts = [];
    let start = 0;
    for (const match of text.data.matchAll(HYPHENED)) {
      if (match[0].length > LONGEST) continue;
      parts.push(text.data.slice(start, match.index), h("span", { class: "d-whole" }, match[0]));
      start = match.index + match[0].length;
    }
    if (start) text.replaceWith(...parts, text.data.slice(start));
  }
  return root;
}

/** Let a button do something that takes a while, and be busy until that is done. `prepare()` checks and
    asks first; it gives what is to be done, or null. */
export function pressed(button, prepare) {
  button.addEventListener("click", async () => {
    const perform = await prepare();
    if (!perform || button.getAttribute("aria-busy") === "true") return;
    const { title } = button;
    button.setAttribute("aria-busy", "true");
    button.title = say("parts.busy");
    try {
      await perform();
    } finally {
      button.removeAttribute("aria-busy");
      button.title = title;
    }
  });
  return button;
}

/** Set CSS lengths that a card names ("8px 12px", or one of the platform's words). Others are left out. */
export function lengths(element, property, value, words = {}) {
  const parts = String(value ?? "").trim().split(/\s+/).map((each) => words[each] ?? each);
  if (parts.length > 4 || !parts.every((each) => /^-?\d{1,3}px$/.test(each))) return;
  element.style[property] = parts.map((each) => `${Math.max(-12, Math.min(48, parseInt(each, 10)))}px`).join(" ");
}
