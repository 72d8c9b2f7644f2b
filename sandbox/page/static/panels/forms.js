// OA forms: file one as a person, decide it as its approvers, revoke it.

import { fill, h, keyed } from "../dom.js";
import { add, clock, pick, say } from "../words.js";
import { input } from "./event_composer.js";
import { answerLine, actor, badge, drawing, party, perform } from "./parts.js";

const PLATFORMS = ["dingtalk", "lark"];
const TONES = { open: "info", agreed: "good", refused: "bad", revoked: "warn", withdrawn: "warn" };
const TASKS = {
  ...{ RUNNING: "turn", PENDING: "turn", NEW: "later", CANCELED: "none", DONE: "none" },
  ...{ APPROVED: "agreed", AGREE: "agreed", REJECTED: "refused", REFUSE: "refused" },
};

const nameOf = (feed, id) => feed.get("people", id)?.name ?? id;
const state = (name) => badge(name in TONES ? say(`forms.state.${name}`) : name, TONES[name] ?? "");

/** The people who can file and approve. */
const peopleOf = (feed) => [...feed.all("people").values()].filter((each) => each.in_groups !== false);

/** What stands in a form: its fields, and who approves it: {nodes, show(kind, people), values(), asked()}. */
function contents() {
  const fields = h("div", { class: "fields" });
  const approvers = h("fieldset", { class: "approvers" });
  const box = (person, checked) =>
    h("label", { class: "check" }, h("input", { type: "checkbox", value: person.id, checked }), person.name);
  return {
    nodes: [fields, approvers],
    show(kind, people) {
      fill(fields, kind.fields.map(input));
      const boxes = people.map((person) => box(person, (kind.approvers ?? []).includes(person.id)));
      fill(approvers, h("legend", {}, say("forms.approvers")), boxes);
    },
    values: () =>
      Object.fromEntries([...fields.querySelectorAll("[name]")].map((each) => [each.name, each.value])),
    asked: () => [...approvers.querySelectorAll(":checked")].map((each) => each.value),
  };
}

/** Filled in as somebody: {element, draw}. */
function filing(feed, api, line) {
  const kind = h("select", { class: "input" });
  const person = h("select", { class: "input" });
  const inside = contents();
  const send = h("button", { type: "submit", class: "button primary" }, say("forms.file"));
  const head = [
    h("label", { class: "field" }, h("span", {}, say("forms.kind")), kind),
    h("label", { class: "field" }, h("span", {}, say("forms.person")), person),
  ];
  const form = h("form", {}, h("div", { class: "fields" }, head), inside.nodes, send);
  const show = () => inside.show(feed.get("formkinds", kind.value), peopleOf(feed));
  kind.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    perform(line, send, async () => {
      const approvers = inside.asked();
      if (!approvers.length) throw new Error(say("forms.nobody"));
      const { platform, name } = feed.get("formkinds", kind.value);
      const filled = { form: name, fields: inside.values(), approvers };
      await api.act("form.file", { platform, person: person.value, ...filled });
      return say("forms.filed");
    });
  });
  let drawn = "";
  const draw = () => {
    const kinds = [...feed.all("formkinds")];
    const people = peopleOf(feed);
    const text = JSON.stringify([kinds, people]);
    if (text === drawn || !kinds.length) return; // what is being filled in is left alone
    drawn = text;
    const title = (each) => `${say(`platform.${each.platform}`)} · ${pick(each.title)}`;
    const kindOptions = kinds.map(([key, each]) => h("option", { value: key }, title(each)));
    fill(kind, kindOptions);
    const personOptions = people.map((each) => h("option", { value: each.id }, each.name));
    fill(person, personOptions);
    show();
  };
  const title = h("h2", {}, say("forms.new"));
  return { element: h("section", { class: "box", "aria-label": say("forms.new") }, title, form), draw };
}

/** Where an approver stands: "turn", "later", "agreed", "refused" or "none" (no longer asked). */
const taskOf = (task) => TASKS[task.result] ?? TASKS[task.state] ?? "none";

/** What can be done to a form by those whose turn it is, and by its filer. */
function acts(each, feed, line, api) {
  const body = { platform: each.platform, id: each.id };
  const name = nameOf(feed, each.by);
  const decide = (person, decision) => async () => {
    await api.act("form.decide", { ...body, person, decision });
    return say(`forms.done.${decision}`, { name: nameOf(feed, person) });
  };
  const revoke = async () => {
    await api.act("form.revoke", body);
    return say("forms.revoked", { name });
  };
  const asked = each.state === "open" ? each.tasks.filter((task) => taskOf(task) === "turn") : [];
  return [
    asked.map((task) => [
      actor(line, say("forms.agree", { name: nameOf(feed, task.by) }), decide(task.by, "agree"), {
        class: "button primary",
      }),
      actor(line, say("forms.refuse", { name: nameOf(feed, task.by) }), decide(task.by, "refuse"), {
        class: "button danger",
      }),
    ]),
    each.state === "open"
      ? actor(line, say("forms.withdraw", { name }), decide(each.by, "withdraw"), { confirm: true })
      : null,
    each.state === "agreed" && !each.revokes
      ? actor(line, say("forms.revoke", { name }), revoke, { confirm: true })
      : null,
  ];
}

/** One filed form: its fields, its approvers and how each decided. */
function filed(feed, line, api) {
  return (each) => {
    const node = h("li", { class: "tile" });
    node.show = (now) => {
      const text = JSON.stringify(now);
      if (node.drawn === text) return;
      node.drawn = text;
      const kind = feed.get("formkinds", `${now.platform}/${now.form}`);
      const label = (name) => pick(kind?.fields.find((field) => field.id === name)?.label) || name;
      const focused = node.contains(document.activeElement);
      fill(
        node,
        h(
          "div",
          { class: "tile-head" },
          party(now.platform),
          h(
            "h3",
            {},
            say(now.revokes ? "forms.revoking" : "forms.plain", { title: pick(kind?.title) || now.form }),
          ),
          state(now.state),
          h("span", { class: "muted" }, say("forms.by", { name: nameOf(feed, now.by), time: clock(now.at) })),
        ),
        h(
          "dl",
          { class: "pairs" },
          Object.entries(now.fields ?? {}).map(([name, value]) =>
            h("div", {}, h("dt", {}, label(name)), h("dd", {}, String(value))),
          ),
        ),
        h(
          "p",
          { class: "facts" },
          now.tasks.map((task) =>
            h("span", { class: "fact" }, `${nameOf(feed, task.by)} · `, say(`forms.task.${taskOf(task)}`)),
          ),
        ),
        h("div", { class: "acts" }, acts(now, feed, line, api)),
      );
      if (focused) node.querySelector("button")?.focus();
    };
    node.show(each);
    return node;
  };
}

export function mount(element, feed, api) {
  const line = answerLine();
  const composer = filing(feed, api, line);
  const list = h("ul", { class: "plain filed" });
  const empty = h("p", { class: "muted" }, say("forms.empty"));
  const make = filed(feed, line, api);
  const later = drawing(feed, element, () => {
    composer.draw();
    const forms = [...feed.all("forms").values()].sort((one, other) => other.at - one.at);
    keyed(
      list,
      forms,
      (each) => `${each.platform}/${each.id}`,
      make,
      (node, now) => node.show(now),
    );
    empty.hidden = forms.length > 0;
  });
  fill(
    element,
    composer.element,
    h("section", { "aria-label": say("forms.title") }, h("h2", {}, say("forms.title")), empty, list),
    line.element,
  );
  for (const collection of ["forms", "formkinds", "people"]) feed.subscribe(collection, later);
  later();
}

add({
  "forms.new": ["发起审批单", "File a form"],
  "forms.title": ["已发起的审批单", "Forms that were filed"],
  "forms.kind": ["审批单", "Form"],
  "forms.person": ["发起人", "Filed by"],
  "forms.approvers": ["审批人", "Approvers"],
  "forms.nobody": ["请至少选一位审批人。", "Choose at least one approver."],
  "forms.file": ["提交", "File it"],
  "forms.filed": ["已提交，等审批人处理。", "Filed: it waits for its approvers."],
  "forms.by": ["{name} 于 {time} 提交", "by {name}, {time}"],
  "forms.agree": ["以 {name} 同意", "Agree as {name}"],
  "forms.refuse": ["以 {name} 拒绝", "Refuse as {name}"],
  "forms.revoke": ["以 {name} 撤销", "Revoke as {name}"],
  "forms.withdraw": ["以 {name} 撤回", "Withdraw as {name}"],
  "forms.done.agree": ["{name} 同意了。", "{name} has agreed."],
  "forms.done.refuse": ["{name} 拒绝了。", "{name} has refused."],
  "forms.revoked": ["{name} 提交了撤销。", "{name} wants it revoked."],
  "forms.done.withdraw": ["{name} 撤回了审批单。", "{name} has taken it back."],
  "forms.plain": ["{title}", "{title}"],
  "forms.revoking": ["撤销：{title}", "Revokes: {title}"],
  "forms.state.open": ["审批中", "open"],
  "forms.state.agreed": ["已同意", "agreed"],
  "forms.state.refused": ["已拒绝", "refused"],
  "forms.state.revoked": ["已撤销", "revoked"],
  "forms.state.withdrawn": ["已撤回", "withdrawn"],
  "forms.task.turn": ["待处理", "to decide"],
  "forms.task.later": ["未轮到", "later"],
  "forms.task.agreed": ["已同意", "agreed"],
  "forms.task.refused": ["已拒绝", "refused"],
  "forms.task.none": ["不用再处理", "no longer asked"],
  "forms.empty": [
    "还没有审批单。上面发起一张“新员工入职”，同意之后机器人会去开账号。",
    "None yet. File a new hire above: once it is agreed to, the bot sets up the account.",
  ],
});
