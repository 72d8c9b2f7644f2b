// The elements of Lark's cards that people press and fill in.
import { h } from "./dom.js";
import { inline, link } from "./markdown.js";
import { pressed } from "./parts.js";
import { add, say } from "./words.js";

add({
  "controls.cancel": ["取消", "Cancel"],
  "controls.confirm": ["确定", "Confirm"],
  "controls.choose": ["请选择", "Choose"],
  "controls.required": ["必填", "required"],
  "controls.missing": ["请先填写必填项", "Fill in what is required first"],
  "controls.more": ["更多", "More"],
  "controls.dead": ["这个按钮不会发出任何回调", "This button sends nothing to the bot"],
});

const content = (text) => String(text?.content ?? "");
const callback = (item) => (item.behaviors ?? []).find((each) => each?.type === "callback");
const address = (item) => {
  const opens = (item.behaviors ?? []).find((each) => each?.type === "open_url");
  return opens?.default_url || opens?.pc_url || item.url || item.multi_url?.url || "";
};

/** What a press of an element is called: the word that its value carries under "action" or "act",
    else its only word, else its name, else its label. */
export function actionOf(item) {
  const value = callback(item)?.value ?? item.value;
  const strings = Object.entries(value && typeof value === "object" ? value : {}).filter(([, each]) => typeof each === "string");
  const named = Object.fromEntries(strings);
  const only = strings.length === 1 ? strings[0][1] : "";
  return named.action || named.act || only || item.name || content(item.text);
}

/** Asks whether it is meant; false where it was cancelled, which Esc does, too. */
export function confirmed(confirm) {
  return new Promise((resolve) => {
    const choice = (key, style, value) =>
      h("button", { type: "button", class: `d-button ${style}`, on: { click: () => dialog.close(value) } }, say(key));
    const dialog = h(
      "dialog",
      { class: "drawn lk lk-confirm", "aria-labelledby": "confirm-title" },
      h("div", { class: "d-confirm-title", id: "confirm-title" }, content(confirm.title)),
      h("p", { class: "d-confirm-text" }, content(confirm.text)),
      h("div", { class: "d-confirm-row" }, choice("controls.cancel", "d-default", ""), choice("controls.confirm", "d-primary_filled", "yes")),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Asks first where the element wants that; gives what tells the bot, or null. */
async function prepared(item, context, values) {
  if (item.confirm && !(await confirmed(item.confirm))) return null;
  return () => context.onAction(actionOf(item), { values });
}

// ------------------------------------------------------------------------------- buttons

const KINDS = ["primary", "danger", "text", "primary_text", "danger_text", "primary_filled", "danger_filled", "laser"];
const SIZES = ["tiny", "small", "large"];

function button(item, context) {
  const url = address(item);
  const kind = KINDS.includes(item.type) ? item.type : "default";
  const size = SIZES.includes(item.size) ? item.size : "medium";
  const names = `d-button d-${kind} d-size-${size}${item.width === "fill" ? " d-wide" : ""}`;
  const label = h("span", { class: "d-label" }, content(item.text));
  const submits = Boolean(context.form) && (item.form_action_type ?? item.action_type) !== undefined;
  if (url && !callback(item) && !submits) return h("div", { class: `${names} d-jump` }, link(url, [label]));
  const asks = submits || callback(item) || item.value;
  const tips = item.disabled ? content(item.disabled_tips) : content(item.hover_tips);
  const props = { type: "button", class: names, disabled: Boolean(item.disabled) || !asks, "data-action": actionOf(item) };
  const made = h("button", { ...props, title: tips || (asks ? null : say("controls.dead")) }, label);
  if (submits && /reset/.test(item.form_action_type ?? item.action_type)) {
    made.addEventListener("click", () => context.form.fields.forEach((field) => field.reset()));
    return made;
  }
  return pressed(made, () => (submits ? submitted(item, context) : prepared(item, context, {})));
}

/** The same with a form's values; null also where one that is required is missing. */
async function submitted(item, context) {
  const fields = [...context.form.fields];
  const missing = fields.filter(([, field]) => field.check());
  missing[0]?.[1].focus();
  if (missing.length) return null;
  return prepared(item, context, Object.fromEntries(fields.map(([name, field]) => [name, field.value()])));
}

/** Lets a container be pressed as a whole. */
export function pressable(made, item, context) {
  const url = address(item);
  if (url && !callback(item)) made.append(h("div", {}, link(url, url)));
  if (!callback(item) || item.disabled) return made;
  made.setAttribute("role", "button");
  made.tabIndex = 0;
  made.title = content(item.hover_tips);
  made.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && event.target === made && made.click());
  return pressed(made, () => prepared(item, context, {}));
}

function overflow(item, context) {
  const menu = h("details", { class: "d-overflow" }, h("summary", { class: "d-button", title: say("controls.more") }, "⋯"));
  for (const option of item.options ?? []) {
    const url = option.multi_url?.url || option.url;
    const choice = url ? link(url, content(option.text)) : h("button", { type: "button", class: "d-button d-text" }, content(option.text));
    if (!url) pressed(choice, () => prepared(item, context, { option: option.value }));
    menu.append(choice);
  }
  return menu;
}

// ------------------------------------------------------------------------------- fields

/** A control with its label. `read()` gives its value as the platform sends it. */
function field(item, context, control, read, reset) {
  const name = item.name ?? context.path;
  const label = content(item.label);
  const missing = h("span", { class: "d-missing", role: "alert" });
  control.name = name;
  control.disabled = Boolean(item.disabled);
  if (!label) control.setAttribute("aria-label", content(item.placeholder) || content(item.text) || name);
  context.form?.fields.set(name, {
    value: read,
    reset,
    focus: () => control.focus(),
    check: () => {
      const empty = Boolean(item.required) && !String(read() ?? "").trim();
      missing.textContent = empty ? say("controls.missing") : "";
      return empty;
    },
  });
  const tell = async () => (await prepared(item, context, { [name]: read() }))?.();
  if (!context.form && callback(item)) control.addEventListener("change", tell);
  const star = item.required ? h("span", { class: "d-star", title: say("controls.required") }, " *") : null;
  const tag = label ? "label" : "div";
  const text = label ? h("span", { class: "d-field-label" }, label, star) : star;
  return h(tag, { class: item.label_position === "left" ? "d-field d-beside" : "d-field" }, text, control, missing);
}

function input(item, context) {
  const long = item.input_type === "multiline_text";
  const most = Number.isInteger(item.max_length) ? item.max_length : 1000;
  const kind = item.input_type === "password" ? "password" : "text";
  const props = { placeholder: content(item.placeholder), maxlength: most, value: String(item.default_value ?? ""), autocomplete: "off" };
  const control = long ? h("textarea", { ...props, rows: item.rows ?? 2 }) : h("input", { ...props, type: kind });
  return field(item, context, control, () => control.value, () => (control.value = item.default_value ?? ""));
}

function select(item, context, many = false) {
  const options = Array.isArray(item.options) ? item.options : [];
  const first = many ? (item.selected_values ?? []) : [item.initial_option ?? options[item.initial_index - 1]?.value ?? ""];
  const empty = many ? [] : [h("option", { value: "" }, content(item.placeholder) || say("controls.choose"))];
  const option = (each) => h("option", { value: each.value, selected: first.includes(each.value) }, content(each.text) || each.value);
  const control = h("select", { multiple: many }, ...empty, ...options.map(option));
  const read = () => (many ? [...control.selectedOptions].map((each) => each.value) : control.value);
  return field(item, context, control, read, () => [...control.options].forEach((each) => (each.selected = first.includes(each.value))));
}

function picker(type, initial) {
  return (item, context) => {
    const value = String(item[initial] ?? "").replace(" ", "T");
    const control = h("input", { type, value });
    return field(item, context, control, () => control.value.replace("T", " "), () => (control.value = value));
  };
}

function checker(item, context) {
  const control = h("input", { type: "checkbox", checked: item.checked === true });
  const made = field({ ...item, label: null }, context, control, () => control.checked, () => (control.checked = item.checked === true));
  const text = item.text?.tag === "lark_md" ? inline(content(item.text), context.read) : [content(item.text)];
  return h("label", { class: "d-checker" }, made, h("span", {}, ...text));
}

export const CONTROLS = {
  button,
  overflow,
  input,
  checker,
  select_static: (item, context) => select(item, context),
  multi_select_static: (item, context) => select(item, context, true),
  select_person: (item, context) => select(item, context),
  multi_select_person: (item, context) => select(item, context, true),
  date_picker: picker("date", "initial_date"),
  picker_time: picker("time", "initial_time"),
  picker_datetime: picker("datetime-local", "initial_datetime"),
};
