// The elements of Lark's cards, by tag: https://open.feishu.cn/document/feishu-cards/card-json-v2-components
import { h } from "./dom.js";
import { CONTROLS, pressable } from "./lark_controls.js";
import { inline, markdown, person } from "./markdown.js";
import { fold, lengths } from "./parts.js";
import { add, say } from "./words.js";

add({
  "elements.tag": ["卡片组件 {tag}", "the card's element {tag}"],
  "elements.picture": ["图片，此处不载入", "picture, not loaded here"],
  "elements.chart": ["图表", "a chart"],
});

const SPACES = { small: "4px", medium: "8px", large: "12px", extra_large: "16px" };

/** Elements as nodes, in order. `context`: {onAction, read, form, path}. */
export function elements(list, context) {
  if (!Array.isArray(list)) return list === undefined ? [] : [fold("elements", list)];
  return list.map((item, place) => element(item, { ...context, path: `${context.path}/${place}` }));
}

function element(item, context) {
  const tag = item?.tag;
  const make = ELEMENTS[tag] ?? CONTROLS[tag];
  if (!make) return fold(say("elements.tag", { tag: String(tag) }), item);
  const made = make(item, context);
  made.classList.add("d-element");
  lengths(made, "margin", item.margin);
  return made;
}

/** The text of a text object: plain, or Markdown. */
export function words(text, read) {
  const content = String(text?.content ?? "");
  return text?.tag === "lark_md" || text?.tag === "markdown" ? inline(content, read) : [content];
}

/** Sets the direction, paddings and gaps that a container names. */
export function spaced(made, item) {
  lengths(made, "padding", item.padding);
  lengths(made, "rowGap", item.vertical_spacing, SPACES);
  lengths(made, "columnGap", item.horizontal_spacing, SPACES);
  if (item.direction === "horizontal") made.classList.add("d-across");
  if (item.horizontal_align) made.dataset.across = item.horizontal_align;
  if (item.vertical_align) made.dataset.down = item.vertical_align;
  return made;
}

/** Sets the background that a container names: a colour of the platform, such as "grey" or "blue-50". */
function coloured(made, name) {
  if (typeof name !== "string" || name === "default" || name === "") return made;
  made.classList.add("d-coloured");
  made.dataset.colour = name.replace(/-\w+$/, "");
  return made;
}

/** A text with its size, colour and alignment. */
function sized(made, text) {
  if (text?.text_size) made.dataset.size = String(text.text_size).replace(/[^\w-]/g, "");
  if (text?.text_align) made.dataset.align = text.text_align;
  if (text?.text_color) made.dataset.ink = String(text.text_color).replace(/-\w+$/, "");
  if (Number.isInteger(text?.lines)) {
    made.classList.add("d-clamped");
    made.style.webkitLineClamp = String(text.lines);
  }
  return made;
}

function picture(item) {
  const name = [item.alt?.content || item.title?.content, item.img_key].filter(Boolean).join(" ");
  return h("div", { class: "d-no-picture" }, `▧ ${name} · ${say("elements.picture")}`);
}

/** A text beside its icon: a dot, as the platform's drawings are its own. */
function iconed(item, ...inner) {
  if (!item.icon) return h("div", {}, ...inner);
  const dot = h("span", { class: "d-icon", title: item.icon.token ?? item.icon.img_key ?? "", "aria-hidden": "true" });
  if (item.icon.color) dot.dataset.colour = item.icon.color.replace(/-\w+$/, "");
  return h("div", { class: "d-iconed" }, dot, h("div", {}, ...inner));
}

function block(item, context) {
  const { read } = context;
  const text = item.text ?? {};
  const rich = text.tag === "lark_md" ? [markdown(text.content ?? "", read)] : words(text, read);
  const fields = Array.isArray(item.fields) ? item.fields : [];
  const field = (each) => h("div", { class: each.is_short ? "d-field d-short" : "d-field" }, markdown(each.text?.content ?? "", read));
  return iconed(
    item,
    item.text ? sized(h("div", { class: text.tag === "lark_md" ? "d-md" : "d-plain" }, ...rich), text) : null,
    fields.length ? h("div", { class: "d-fields" }, fields.map(field)) : null,
    item.extra ? elements([item.extra], { ...context, path: `${context.path}/x` }) : null,
  );
}

function columns(item, context) {
  const list = Array.isArray(item.columns) ? item.columns : [];
  const inner = list.map((each, place) => column(each, { ...context, path: `${context.path}/c${place}` }));
  const made = h("div", { class: "d-columns", "data-flex": item.flex_mode ?? "none" }, inner);
  return coloured(spaced(made, item), item.background_style);
}

function column(item, context) {
  if (item?.tag !== "column") return fold(say("elements.tag", { tag: String(item?.tag) }), item);
  const made = h("div", { class: "d-column" }, ...elements(item.elements, context));
  const width = /^(\d{1,3})px$/.exec(item.width ?? "");
  if (width) made.style.flex = `0 1 ${width[1]}px`;
  else if (item.width === "weighted") made.style.flex = `${Math.max(1, Math.min(5, item.weight ?? 1))} 1 0`;
  else made.classList.add("d-auto");
  return coloured(spaced(made, item), item.background_style);
}

function panel(item, context) {
  const head = item.header ?? {};
  const name = `panel ${item.element_id ?? head.title?.content ?? context.path}`;
  const side = head.icon_position === "left" ? "d-left" : "d-right";
  const mark = head.icon ? h("span", { class: `d-panel-mark ${side}`, "aria-hidden": "true" }) : null;
  const summary = h("summary", {}, h("span", { class: "d-panel-title" }, words(head.title, context.read)), mark);
  sized(summary, head.title);
  coloured(summary, head.background_color);
  lengths(summary, "padding", head.padding);
  const inner = spaced(h("div", { class: "d-panel-body" }, ...elements(item.elements, context)), item);
  const style = item.border ? "d-panel d-bordered" : "d-panel";
  const made = h("details", { class: style, "data-key": name, open: item.expanded === true }, summary, inner);
  if (item.border?.color) made.dataset.colour = item.border.color.replace(/-\w+$/, "");
  lengths(made, "borderRadius", item.border?.corner_radius);
  if (item.background_color) coloured(made, item.background_color);
  return made;
}

function form(item, context) {
  const inside = { ...context, form: { name: item.name, fields: new Map() } };
  const made = h("form", { class: "d-form", novalidate: true }, ...elements(item.elements, inside));
  made.addEventListener("submit", (event) => event.preventDefault());
  return spaced(made, item);
}

function container(item, context) {
  const made = h("div", { class: "d-container" }, ...elements(item.elements, context));
  if (item.has_border) made.classList.add("d-bordered");
  if (item.border_color) made.dataset.colour = item.border_color.replace(/-\w+$/, "");
  coloured(spaced(made, item), item.background_style);
  lengths(made, "borderRadius", item.corner_radius);
  return item.behaviors?.length ? pressable(made, item, context) : made;
}

function table(item, { read }) {
  const heads = Array.isArray(item.columns) ? item.columns : [];
  const rows = Array.isArray(item.rows) ? item.rows : [];
  const tag = (each) => h("span", { class: "d-text-tag", "data-colour": each.color ?? "neutral" }, each.text);
  const cell = (column, row) => {
    const value = row[column.name];
    if (Array.isArray(value)) return value.map((each) => (each?.text ? tag(each) : person(String(each), read)));
    return ["lark_md", "markdown"].includes(column.data_type) ? inline(String(value ?? ""), read) : [String(value ?? "")];
  };
  return h(
    "div",
    { class: "d-table", tabindex: "0" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...heads.map((each) => h("th", {}, each.display_name ?? each.name ?? "")))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...heads.map((each) => h("td", {}, ...cell(each, row)))))),
    ),
  );
}

const ELEMENTS = {
  markdown: (item, { read }) => sized(iconed(item, h("div", { class: "d-md" }, markdown(item.content ?? "", read))), item),
  div: block,
  plain_text: (item) => h("div", { class: "d-plain" }, item.content ?? ""),
  lark_md: (item, { read }) => h("div", { class: "d-md" }, markdown(item.content ?? "", read)),
  hr: () => h("hr"),
  note: (item, context) => h("div", { class: "d-note" }, ...elements(item.elements, context)),
  img: picture,
  img_combination: (item) => h("div", {}, ...(item.img_list ?? []).map(picture)),
  person: (item, { read }) => h("div", {}, person(item.user_id ?? "", read)),
  person_list: (item, { read }) => h("div", { class: "d-people" }, (item.persons ?? []).map((each) => person(each.id ?? "", read))),
  column_set: columns,
  action: (item, context) => h("div", { class: "d-columns", "data-flex": "flow" }, ...elements(item.actions, context)),
  collapsible_panel: panel,
  form,
  interactive_container: container,
  table,
  chart: (item) => fold(say("elements.chart"), item, "parts.elsewhere"),
};
