// Small pieces that the panels share: times, badges, buttons that show their answer, growing text.

import { h } from "../dom.js";
import { add, clock, duration, say } from "../words.js";

const CONFIRM = 4000;
const ANSWER = 12_000;

/** "10:32:05.123"; `at` in seconds since 1970. */
export function instant(at) {
  return `${clock(at)}.${String(Math.floor((at * 1000) % 1000)).padStart(3, "0")}`;
}

/** "2026-11-30 10:32:05", local time. */
export function moment(at) {
  const date = new Date(at * 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at)}`;
}

/** How long something took: "0.4 s" below ten seconds, then as `duration` says it. */
export function took(seconds) {
  return seconds < 10 ? say("part.tenths", { seconds: seconds.toFixed(1) }) : duration(seconds);
}

/** A word with a colour; tone: "good", "bad", "info", "warn" or "". The word alone says it all. */
export function badge(text, tone = "") {
  return h("span", { class: `tag ${tone}` }, text);
}

/** The name of a platform in its colour. */
export function party(platform) {
  return h("span", { class: "party", dataset: { platform } }, say(`platform.${platform}`));
}

/** The number of a request, which shows the request's rows of the audit log from anywhere. */
export function requestLink(number) {
  const click = (event) => {
    event.stopPropagation();
    document.dispatchEvent(new CustomEvent("request", { detail: Number(number) }));
  };
  return h(
    "button",
    { type: "button", class: "link", title: say("part.request", { number }), on: { click } },
    `#${number}`,
  );
}

/** The line above a panel's lower edge in which an act's answer appears for a while, read aloud. */
export function answerLine() {
  const text = h("span", {});
  const close = h("button", { type: "button", class: "link", "aria-label": say("part.close") }, "×");
  const line = h("p", { class: "answer", hidden: true }, text, close);
  const element = h("div", { class: "answers", role: "status" }, line);
  let timer = 0;
  const hide = () => (line.hidden = true);
  const show = (sentence, tone = "good") => {
    clearTimeout(timer);
    line.className = `answer ${tone}`;
    text.textContent = sentence;
    line.hidden = false;
    timer = setTimeout(hide, ANSWER);
  };
  close.addEventListener("click", hide);
  return { element, show };
}

/** Await `work()` while `control` is off, and show what it returns (null: nothing), or the error's sentence. */
export async function perform(line, control, work) {
  const focused = document.activeElement === control;
  control.disabled = true;
  try {
    const text = await work();
    if (text !== null) line.show(text || say("part.done"));
  } catch (error) {
    line.show(error.message, "bad");
  } finally {
    control.disabled = false;
    if (focused && document.activeElement === document.body) control.focus({ preventScroll: true });
  }
}

/** A button whose `work()` is awaited and answered in `line`; `confirm`: it wants a second press. */
export function actor(line, label, work, { confirm = false, ...props } = {}) {
  let timer = 0;
  const text = h("span", {}, label);
  const rest = () => {
    clearTimeout(timer);
    timer = 0;
    text.textContent = label;
    button.classList.remove("armed");
  };
  const click = () => {
    if (confirm && !timer) {
      text.textContent = say("part.confirm");
      button.classList.add("armed");
      timer = setTimeout(rest, CONFIRM);
      return;
    }
    rest();
    perform(line, button, work);
  };
  const button = h("button", { type: "button", class: "button", ...props, on: { click, blur: rest } }, text);
  return button;
}

/** A labelled choice: options are [value, text]. */
export function choice(label, options, props = {}) {
  return h(
    "select",
    { class: "input", "aria-label": label, ...props },
    options.map(([value, text]) => h("option", { value }, text)),
  );
}

/** Copies a text, and says so on itself. */
export function copyButton(text) {
  const button = h("button", { type: "button", class: "button small" }, say("part.copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = say("part.copied");
    } catch {
      button.textContent = say("part.not.copied");
    }
    setTimeout(() => (button.textContent = say("part.copy")), 2000);
  });
  return button;
}

/** The value that a text holds as JSON object or list, else the text itself. */
function unfolded(text) {
  try {
    const inner = JSON.parse(text);
    return typeof inner === "object" && inner !== null ? inner : text;
  } catch {
    return text;
  }
}

/** A value as indented JSON, texts that hold JSON being shown as what they hold: [text, were there any]. */
function indented(value) {
  const whole = typeof value === "string" ? unfolded(value) : value;
  if (typeof whole === "string") return [whole, false];
  let inner = false;
  const open = (key, each) => {
    const shown = typeof each === "string" ? unfolded(each) : each;
    inner ||= shown !== each;
    return shown;
  };
  return [JSON.stringify(whole, open, 2) ?? "", inner];
}

/** A titled block of text, or of a value as JSON, with a button that copies it. */
export function block(title, value) {
  const [text, inner] = indented(value);
  return h(
    "div",
    { class: "block" },
    h("div", { class: "block-head" }, h("h3", {}, title), copyButton(text)),
    h("pre", { tabindex: "0", role: "group", "aria-label": title }, text),
    inner ? h("p", { class: "muted" }, say("part.unfolded")) : null,
  );
}

/** Text that grows and follows its end, unless the reader has scrolled up: {element, show(text)}. */
export function growing(props) {
  const element = h("pre", { tabindex: "0", ...props });
  let shown = "";
  let following = true;
  const follow = () => {
    if (following) element.scrollTop = element.scrollHeight;
  };
  element.addEventListener(
    "scroll",
    () => (following = element.scrollHeight - element.scrollTop - element.clientHeight < 8),
  );
  const show = (text) => {
    if (text === shown) return;
    if (shown && text.startsWith(shown)) element.append(text.slice(shown.length));
    else element.textContent = text;
    shown = text;
    if (element.clientHeight) follow();
    else requestAnimationFrame(follow);
  };
  return { element, show };
}

/** Gives `later()`, after which `draw` is called once in the next frame, or when `element` is shown again. */
export function drawing(feed, element, draw) {
  let due = false;
  const run = () => {
    if (!due || !element.clientWidth) return;
    due = false;
    draw();
  };
  const size = new ResizeObserver(run);
  size.observe(element);
  feed.ending(() => size.disconnect());
  return () => {
    if (!due) requestAnimationFrame(run);
    due = true;
  };
}

add({
  "part.close": ["收起", "Close"],
  "part.copy": ["复制", "Copy"],
  "part.copied": ["已复制", "Copied"],
  "part.not.copied": ["浏览器不允许复制", "The browser does not let it"],
  "part.confirm": ["再点一次确认", "Press again to confirm"],
  "part.done": ["已完成。", "Done."],
  "part.request": ["查看申请 #{number} 的审计记录", "Show the audit log of request #{number}"],
  "part.unfolded": ["其中以文本形式传输的 JSON 已展开。", "JSON that was sent as text is shown unfolded."],
  "part.tenths": ["{seconds} 秒", "{seconds} s"],
  "platform.dingtalk": ["钉钉", "DingTalk"],
  "platform.lark": ["飞书", "Lark"],
  "platform.aliyun": ["阿里云", "Aliyun"],
  "platform.sink": ["外部", "Endpoint"],
  "platform.http": ["HTTP", "HTTP"],
});
