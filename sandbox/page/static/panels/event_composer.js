// An example event of the HR system: which kind, its fields, post.

import { h } from "../dom.js";
import { add, pick, say } from "../words.js";
import { perform } from "./parts.js";

const ROLES = ["devops", "dev", "ops"];

/** An input for one field of a form: {id, label, type, example, choices, required}. */
export function input(field) {
  const label = pick(field.label) || field.id;
  const props = { name: field.id, value: String(field.example ?? ""), required: Boolean(field.required) };
  const control = field.choices?.length
    ? h(
        "select",
        { class: "input", ...props, value: String(field.example ?? field.choices[0]) },
        field.choices.map((each) => h("option", { value: each }, each)),
      )
    : h("input", {
        class: "input",
        ...props,
        type: field.type === "number" ? "number" : "text",
        autocomplete: "off",
      });
  return h(
    "label",
    { class: "field" },
    h(
      "span",
      {},
      label,
      field.required ? h("span", { class: "required", title: say("field.required") }, " *") : null,
    ),
    control,
  );
}

/** The fold in which an example event is composed and posted. */
export function eventComposer(api, line) {
  const select = (name, label, options) =>
    h(
      "label",
      { class: "field" },
      h("span", {}, label),
      h(
        "select",
        { class: "input", name },
        options.map(([value, text]) => h("option", { value }, text)),
      ),
    );
  const send = h("button", { type: "submit", class: "button primary" }, say("composer.post"));
  const form = h(
    "form",
    {},
    select("kind", say("composer.kind"), [
      ["Hire", say("composer.hire")],
      ["Raise", say("composer.raise")],
    ]),
    select(
      "platform",
      say("composer.platform"),
      ["dingtalk", "lark"].map((name) => [name, say(`platform.${name}`)]),
    ),
    input({ id: "emp_id", label: say("composer.employee"), example: "E201", required: true }),
    select(
      "role",
      say("composer.role"),
      ROLES.map((name) => [name, name]),
    ),
    send,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    perform(line, send, async () => {
      const { status } = await api.act("events.post", Object.fromEntries(new FormData(form)));
      if (status >= 300) throw new Error(say("composer.refused", { status }));
      return say("composer.posted", { status });
    });
  });
  return h(
    "details",
    { class: "section event-composer" },
    h("summary", {}, say("composer.title")),
    h("p", { class: "muted" }, say("composer.about")),
    form,
  );
}

add({
  "field.required": ["必填", "required"],
  "composer.title": ["以 HR 系统的身份发一个事件", "Post an event as the HR system"],
  "composer.about": [
    "入职事件命中规则 hire，会去申请开通账号；调薪事件命中规则 payroll，会送到外部系统。",
    "A new hire is meant by the rule hire, which asks for an account; a raise by the rule payroll, which tells the endpoint.",
  ],
  "composer.kind": ["事件", "Event"],
  "composer.hire": ["入职", "New hire"],
  "composer.raise": ["调薪", "Raise"],
  "composer.platform": ["平台", "Platform"],
  "composer.employee": ["工号", "Staff number"],
  "composer.role": ["岗位", "Role"],
  "composer.post": ["发送", "Post"],
  "composer.posted": [
    "机器人收下了这个事件（HTTP {status}）。",
    "The bot has taken the event (HTTP {status}).",
  ],
  "composer.refused": [
    "机器人没有收下这个事件（HTTP {status}）。",
    "The bot has not taken the event (HTTP {status}).",
  ],
});
