// What DingTalk was sent, as its clients show it: texts, Markdown, action cards, and the interactive
// cards of the two public templates. Nothing of a payload is dropped: what is not drawn is folded.
import { h } from "./dom.js";
import { DINGTALK, link, markdown, plain, reader } from "./markdown.js";
import { fold, pressed, whole } from "./parts.js";
import { add, say } from "./words.js";

add({
  "dingtalk.template": ["卡片模板 {id}", "the card template {id}"],
  "dingtalk.key": ["卡片参数 {key}", "the card parameter {key}"],
  "dingtalk.message": ["{type} 消息", "messages of type {type}"],
  "dingtalk.logo": ["卡片图标，此处不载入", "the card's icon, not loaded here"],
  "dingtalk.dead": ["这个按钮既不回调也没有链接", "This button neither asks the bot nor opens an address"],
  "dingtalk.own": ["仅你可见", "Only you see this"],
});

const MARKDOWN_BUTTONS = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema";
const MARKDOWN_ONLY = "589420e2-c1e2-46ef-a5ed-b8728e654da9.schema";
const KEYS = {
  [MARKDOWN_BUTTONS]: ["title", "logo", "markdown", "tips", "sys_full_json_obj", "msgButtons"],
  [MARKDOWN_ONLY]: ["title", "logo", "markdown"],
};
const SAMPLES = { sampleText: "text", sampleMarkdown: "markdown", sampleLink: "link" };

/** A message's content as it looks to `viewer` ({id, people}). `onAction(action)` is called when a
    button that asks the bot is pressed, and gives a promise of the answer. */
export function draw(message, viewer, onAction) {
  const read = reader(DINGTALK, viewer);
  if (message.kind === "card") return card(message.payload, viewer, read, onAction);
  const [type, body] = named(message.payload);
  const make = MESSAGES[type];
  return make ? make(body, read) : box("fold", fold(say("dingtalk.message", { type }), message.payload));
}

/** What a message says, in one line. */
export function summary(message, viewer) {
  if (message.kind === "card") return String(params(message.payload.data).title ?? "");
  const [type, body] = named(message.payload);
  const text = body.title || (type === "text" ? box("text", plain(String(body.content ?? ""), reader(DINGTALK, viewer))).textContent : "");
  return text || say("dingtalk.message", { type });
}

/** The type and the content of a message, whether a webhook or a robot's API sent it. */
function named(payload) {
  const { msgtype, msgKey } = payload;
  if (!msgKey) return [msgtype, payload[msgtype] ?? {}];
  const body = typeof payload.msgParam === "string" ? parsed(payload.msgParam) : payload.msgParam;
  if (/^sampleActionCard/.test(msgKey)) return ["actionCard", sampleCard(body ?? {})];
  return [SAMPLES[msgKey] ?? msgKey, body ?? {}];
}

const box = (kind, ...children) => whole(h("div", { class: `drawn dt dt-${kind}` }, ...children));

const MESSAGES = {
  text: (body, read) => box("text", plain(String(body.content ?? ""), read)),
  markdown: (body, read) => box("markdown", markdown(body.text ?? "", read)),
  link: (body) => {
    const address = body.messageUrl ?? "";
    return box("link", h("div", { class: "d-title" }, body.title), h("p", {}, body.text), link(address, address));
  },
  actionCard: (body, read) =>
    box(
      "card",
      h("div", { class: "d-title" }, body.title),
      h("div", { class: "d-content" }, markdown(body.text ?? "", read)),
      h("div", { class: body.btnOrientation === "1" ? "d-buttons" : "d-buttons d-upright" }, jumps(body).map(jump)),
    ),
};

/** The buttons of an action card, which open addresses. */
function jumps(body) {
  if (body.singleTitle) return [{ title: body.singleTitle, actionURL: body.singleURL }];
  return Array.isArray(body.btns) ? body.btns : [];
}

/** An action card of a robot's API: its buttons are numbered fields. */
function sampleCard(body) {
  const btns = [];
  for (let number = 1; number <= 5; number += 1) {
    const title = body[`actionTitle${number}`] ?? body[`buttonTitle${number}`];
    if (title) btns.push({ title, actionURL: body[`actionURL${number}`] ?? body[`buttonUrl${number}`] });
  }
  return { btnOrientation: body.buttonTitle1 ? "1" : "0", btns, ...body };
}

const jump = (button) => h("div", { class: "d-button d-jump d-gray" }, link(String(button.actionURL ?? ""), String(button.title ?? "")));

// ------------------------------------------------------------------------------- interactive cards

function card(payload, viewer, read, onAction) {
  const { template } = payload;
  const everybody = params(payload.data);
  const own = payload.views?.[viewer.id];
  const data = own ? params(own) : everybody;
  if (!KEYS[template]) return box("card", fold(say("dingtalk.template", { id: template }), data));
  const unknown = Object.keys(data).filter((key) => !KEYS[template].includes(key));
  const buttons = template === MARKDOWN_BUTTONS ? buttonsOf(data) : { list: [], rest: null };
  return box(
    "card",
    h("div", { class: "d-title" }, h("bdi", {}, data.title || "")),
    data.logo ? h("div", { class: "d-no-picture" }, `▧ ${data.logo} · ${say("dingtalk.logo")}`) : null,
    h("div", { class: "d-content" }, markdown(data.markdown ?? "", read)),
    buttons.list.length ? h("div", { class: "d-buttons" }, buttons.list.map((each) => button(each, onAction))) : null,
    buttons.rest === null ? null : fold(say("dingtalk.key", { key: "sys_full_json_obj" }), buttons.rest),
    data.tips ? tips(data.tips, read, own && data.tips !== everybody.tips) : null,
    unknown.map((key) => fold(say("dingtalk.key", { key }), data[key])),
  );
}

const params = (data) => data?.cardParamMap ?? data ?? {};

function tips(text, read, own) {
  const mark = own ? h("span", { class: "d-own" }, say("dingtalk.own")) : null;
  return h("div", { class: own ? "d-tips d-mine" : "d-tips" }, mark, plain(text, read));
}

/** The buttons in the card's data, and what else stands in its JSON (null: nothing). */
function buttonsOf(data) {
  const whole = parsed(data.sys_full_json_obj ?? "");
  const list = whole?.msgButtons ?? parsed(data.msgButtons ?? "");
  const broken = Boolean(data.sys_full_json_obj) && whole === null;
  const { msgButtons: _, ...others } = whole ?? {};
  const buttons = Array.isArray(list) ? list.filter((each) => each && typeof each === "object") : [];
  const odd = list !== undefined && list !== null && (!Array.isArray(list) || buttons.length < list.length);
  if (broken || odd) return { list: buttons, rest: data.sys_full_json_obj ?? data.msgButtons };
  return { list: buttons, rest: Object.keys(others).length ? others : null };
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** What a button is for, as the bot is told it. */
function actionOf(item) {
  const { action, id } = item.params ?? {};
  return [action, id].find((each) => typeof each === "string" && each) ?? String(item.id ?? "");
}

function button(item, onAction) {
  const colour = ["blue", "red", "gray"].includes(item.color) ? item.color : "gray";
  const text = String(item.text ?? "");
  const address = item.url || item.iosUrl;
  if (address) return h("div", { class: `d-button d-jump d-${colour}` }, link(String(address), text));
  const asks = item.request === true;
  const made = h(
    "button",
    {
      type: "button",
      class: `d-button d-${colour}`,
      disabled: !asks || item.disabled === true || item.status === "disabled",
      title: asks ? null : say("dingtalk.dead"),
      "data-action": actionOf(item),
    },
    h("span", { class: "d-label" }, text),
  );
  return pressed(made, () => () => onAction(actionOf(item)));
}
