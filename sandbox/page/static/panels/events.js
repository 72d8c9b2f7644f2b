// The bus: which events came, which rules meant them, what each target did, and the dead letters.

import { fill, h } from "../dom.js";
import { add, clock, say } from "../words.js";
import { eventComposer } from "./event_composer.js";
import { answerLine, actor, badge, block, choice, drawing, moment, requestLink } from "./parts.js";
import { rows } from "./rows.js";

const TONES = { done: "good", dropped: "", refused: "bad", unknown: "warn" };
const OWN = "countersign";

const deadIn = (item) => item.letters.some((each) => each.dead);

const FILTERS = {
  near: (item) => item.letters.length > 0 || !item.source.startsWith(OWN),
  all: () => true,
  dead: deadIn,
};

/** How a letter stands, as a word; one that is not settled is on its way. */
function stateOf(letter) {
  if (!(letter.state in TONES) || (letter.state !== "done" && !letter.dead))
    return badge(say("events.waiting"), "info");
  return badge(say(`events.state.${letter.state}`), TONES[letter.state]);
}

/** Where a letter goes: "command provision". */
const target = (letter) => [say(`events.to.${letter.target}`), letter.to].filter(Boolean).join(" ");

function verdict({ letters }) {
  if (!letters.length) return h("span", { class: "muted" }, say("events.unmatched"));
  const worst =
    letters.find((each) => each.dead) ?? letters.find((each) => each.state !== "done") ?? letters[0];
  return [stateOf(worst), letters.length > 1 ? h("span", { class: "muted" }, ` ×${letters.length}`) : null];
}

/** The events, each with its letters, and the letters whose event is not among them, in order of time. */
function joined(all) {
  const events = new Map();
  const letters = [];
  for (const [key, value] of all) {
    if (value.kind === "letter") letters.push(value);
    else events.set(`${value.source} ${value.event}`, { ...value, key, letters: [] });
  }
  const alone = [];
  for (const letter of letters) {
    const event = events.get(`${letter.source} ${letter.event}`);
    if (event) event.letters.push(letter);
    else alone.push({ ...letter, key: `letter/${letter.id}`, letters: [letter] });
  }
  return [...events.values(), ...alone].sort((one, other) => one.at - other.at);
}

function row(item) {
  const rules = [...new Set(item.letters.map((each) => each.rule))].filter(Boolean).join(", ");
  const title = item.kind === "letter" ? say("events.letter", { number: item.id }) : item.type;
  return [
    h(
      "span",
      { class: "line" },
      h("span", { class: "time" }, clock(item.at)),
      h("span", { class: "what" }, title),
      h("span", { class: "end" }, verdict(item)),
    ),
    h(
      "span",
      { class: "line muted" },
      h("span", {}, item.source || target(item)),
      rules ? h("span", { class: "rule" }, `⇢ ${rules}`) : null,
    ),
  ];
}

/** A letter: where it goes, how it stands, and the button that sends it once more. */
function letterOf(letter, line, api) {
  const again = async () => {
    const { text } = await api.act("letters.redrive", { id: letter.id });
    return text || say("events.redriven", { number: letter.id });
  };
  return h(
    "li",
    { class: "delivery" },
    h(
      "p",
      {},
      stateOf(letter),
      letter.rule ? h("code", {}, letter.rule) : null,
      h("span", { "aria-hidden": "true" }, "⇢"),
      h("strong", {}, target(letter)),
      letter.request ? requestLink(letter.request) : null,
    ),
    h("p", { class: "muted" }, say("events.tries", { number: letter.id, count: letter.attempts })),
    letter.problem ? h("p", { class: "problem" }, letter.problem) : null,
    letter.dead ? actor(line, say("events.redrive"), again) : null,
    letter.dead && letter.state === "unknown" ? h("p", { class: "muted" }, say("events.doubtful")) : null,
    letter.body
      ? h(
          "details",
          {},
          h("summary", {}, say("events.letter.body")),
          block(say("events.letter.body"), letter.body),
        )
      : null,
  );
}

function detail(line, api) {
  return (item) => [
    h("h2", {}, item.kind === "letter" ? say("events.letter", { number: item.id }) : item.type),
    h(
      "p",
      { class: "muted" },
      [moment(item.at), item.source, item.subject, item.event].filter(Boolean).join(" · "),
    ),
    item.letters.length
      ? h(
          "ul",
          { class: "plain" },
          item.letters.map((each) => letterOf(each, line, api)),
        )
      : h("p", { class: "muted" }, say("events.unmatched.long")),
    item.kind === "event" ? block(say("events.body"), item.body) : null,
  ];
}

export function mount(element, feed, api) {
  let items = [];
  let stale = true;
  const line = answerLine();
  const which = choice(
    say("events.filter"),
    Object.keys(FILTERS).map((name) => [name, say(`events.filter.${name}`)]),
  );
  const search = h("input", {
    class: "input",
    type: "search",
    "aria-label": say("events.search"),
    placeholder: say("events.search"),
  });
  const count = h("span", { class: "count", role: "status" });
  const empty = h("p", {});
  const list = rows({
    feed,
    row,
    empty,
    detail: detail(line, api),
    label: say("events.label"),
    height: () => 48,
    kind: (item) => (deadIn(item) ? "lost" : ""),
  });
  const later = drawing(feed, element, () => {
    if (stale) items = joined(feed.all("events"));
    stale = false;
    const text = search.value.trim().toLowerCase();
    const fits = (item) =>
      FILTERS[which.value](item) && (!text || JSON.stringify(item).toLowerCase().includes(text));
    const shown = items.filter(fits);
    empty.textContent = say(
      which.value === "dead" ? "events.none.dead" : items.length && text ? "events.none" : "events.empty",
    );
    list.show(shown);
    count.textContent = say("events.count", {
      shown: shown.length,
      all: items.length,
      dead: items.filter(deadIn).length,
    });
  });
  for (const control of [which, search]) control.addEventListener("input", later);
  fill(
    element,
    eventComposer(api, line),
    h("div", { class: "bar" }, search, which, count),
    list.element,
    line.element,
  );
  feed.subscribe("events", () => {
    stale = true;
    later();
  });
  later();
}

add({
  "events.label": ["总线上的事件", "Events of the bus"],
  "events.search": ["按文字筛选", "Filter by text"],
  "events.filter": ["显示哪些事件", "Which events"],
  "events.filter.near": ["外部事件和命中规则的", "From outside, or meant by a rule"],
  "events.filter.all": ["全部事件", "All events"],
  "events.filter.dead": ["死信", "Dead letters"],
  "events.count": ["{shown} / {all} 条，死信 {dead}", "{shown} of {all}, {dead} dead"],
  "events.unmatched": ["没有规则命中", "no rule"],
  "events.unmatched.long": [
    "没有规则命中这个事件，什么也不会发生。",
    "No rule means this event: nothing comes of it.",
  ],
  "events.letter": ["死信 {number}", "Dead letter {number}"],
  "events.tries": ["投递 {number}，已试 {count} 次", "letter {number}, {count} tries"],
  "events.state.done": ["已送达", "delivered"],
  "events.state.refused": ["未送达", "not delivered"],
  "events.state.unknown": ["不确定是否送达", "may have arrived"],
  "events.state.dropped": ["已取消", "dropped"],
  "events.waiting": ["投递中", "on its way"],
  "events.to.command": ["命令", "command"],
  "events.to.group": ["群", "group"],
  "events.to.thread": ["申请的话题", "thread of the request"],
  "events.to.webhook": ["群机器人", "robot"],
  "events.to.http": ["外部系统", "endpoint"],
  "events.to.bus": ["事件总线", "event bus"],
  "events.redrive": ["重新投递", "Redrive"],
  "events.redriven": [
    "Bob 在运维群里发了 redrive {number}，回答看群里。",
    "Bob has said redrive {number} in the ops group; the answer is there.",
  ],
  "events.letter.body": ["投递的内容", "What is delivered"],
  "events.doubtful": [
    "它可能已经送达，重新投递可能会到两次：先看一眼对方收到没有。",
    "It may have arrived, and may then arrive twice: look at the target first.",
  ],
  "events.body": ["事件内容", "The event"],
  "events.empty": [
    "还没有这样的事件。在上面以 HR 系统的身份发一个试试。",
    "No such event yet. Send one as the HR system, above.",
  ],
  "events.none": ["没有符合筛选条件的事件。", "Nothing fits the filter."],
  "events.none.dead": [
    "没有死信。给“外部系统”注入几次 5xx 故障，再发一个调薪事件，就会有一封。",
    "No dead letters. Let the endpoint answer 5xx (Control), post a raise, and there will be one.",
  ],
});
