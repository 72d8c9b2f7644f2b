// The audit log as it grows: each entry carries the hash of the one before it.

import { fill, h } from "../dom.js";
import { tab } from "../memory.js";
import { add, clock, pick, say } from "../words.js";
import { answerLine, actor, block, choice, copyButton, drawing, moment, requestLink } from "./parts.js";
import { rows } from "./rows.js";

const SHORT = 8;

/** The first digits of a hash in a frame whose colour is its own: the same hash looks the same in each row. */
function chip(hash, label) {
  if (!hash) return h("code", { class: "hash first", title: label }, say("audit.first"));
  const node = h("code", { class: "hash", title: `${label}: ${hash}` }, hash.slice(0, SHORT));
  node.style.setProperty("--hue", parseInt(hash.slice(0, 4), 16) % 360);
  return node;
}

const words = (item) => pick(item.words) || item.action;

function row(item) {
  const arrow = h("span", { "aria-hidden": "true" }, "→");
  return [
    h("span", { class: "rail", "aria-hidden": "true" }),
    h(
      "span",
      { class: "line" },
      h("span", { class: "number" }, `№ ${item.id}`),
      h("span", { class: "what" }, words(item)),
      h("span", { class: "of" }, item.request ? `#${item.request}` : ""),
      h("span", { class: "time" }, clock(item.at)),
    ),
    h(
      "span",
      { class: "line muted" },
      h("span", { class: "who" }, item.actor),
      h("code", { class: "action" }, item.action),
      h(
        "span",
        { class: "chain" },
        chip(item.previous, say("audit.previous")),
        arrow,
        chip(item.hash, say("audit.hash")),
      ),
    ),
  ];
}

function detail(item) {
  const facts = item.facts && Object.keys(item.facts).length ? item.facts : null;
  const hash = (name, value) => [
    h("dt", {}, say(`audit.${name}`)),
    h("dd", {}, h("code", {}, value || say("audit.first")), value ? copyButton(value) : null),
  ];
  return [
    h("h2", {}, `№ ${item.id} · ${words(item)} `, item.request ? requestLink(item.request) : null),
    h("p", { class: "muted" }, `${moment(item.at)} · ${item.actor} · `, h("code", {}, item.action)),
    facts ? block(say("audit.facts"), facts) : null,
    h("dl", { class: "hashes" }, hash("previous", item.previous), hash("hash", item.hash)),
  ];
}

/** "Verify", and what the last verification said. */
function verification(feed, api, line) {
  const element = h("p", { class: "verified", role: "status" });
  const button = actor(
    line,
    say("audit.verify"),
    async () => {
      await api.act("audit.verify", {});
      return null; // what it said appears above the list
    },
    { class: "button primary" },
  );
  feed.subscribe("verified", () => {
    const last = feed.get("verified", "audit");
    element.hidden = !last;
    if (!last) return;
    element.className = `verified ${last.ok ? "good" : "bad"}`;
    fill(
      element,
      h("strong", {}, say(last.ok ? "audit.intact" : "audit.broken", { rows: last.rows ?? "" })),
      h("code", {}, `${clock(last.at)} python -m bot audit verify → ${last.text}`),
    );
  });
  element.hidden = !feed.get("verified", "audit");
  return { button, element };
}

/** The choice of a request: {element, fits(item), offer(number), choose(number), clear()}. */
function requests(change) {
  const known = new Set();
  const element = choice(say("audit.filter"), [["", say("audit.all")]]);
  element.addEventListener("input", change);
  const offer = (number) => {
    if (!number || known.has(number)) return;
    known.add(number);
    const option = h("option", { value: String(number) }, say("audit.request", { number }));
    const older = [...element.options].slice(1).find((each) => Number(each.value) < number);
    element.insertBefore(option, older ?? null);
  };
  const choose = (number) => {
    offer(number);
    element.value = String(number);
    change();
  };
  const clear = () => {
    known.clear();
    element.replaceChildren(element.options[0]);
  };
  const fits = (item) => !element.value || item.request === Number(element.value);
  return { element, fits, offer, choose, clear };
}

export function mount(element, feed, api) {
  const items = new Map();
  const count = h("span", { class: "count", role: "status" });
  const empty = h("p", {});
  const line = answerLine();
  const { button, element: verified } = verification(feed, api, line);
  const filter = requests(() => {
    list.forget(); // whether a row stands below the one before it
    later();
  });
  const apart = new Set(); // rows that do not stand below the one before them
  const kind = (item) => (apart.has(item.id) ? "apart" : "");
  const list = rows({ feed, row, detail, empty, kind, label: say("audit.label"), height: () => 52 });
  const later = drawing(feed, element, () => {
    const shown = [...items.values()].filter(filter.fits);
    apart.clear();
    shown.forEach((item, at) => at && shown[at - 1].id !== item.id - 1 && apart.add(item.id));
    empty.textContent = say(items.size ? "audit.none" : "audit.empty");
    list.show(shown);
    count.textContent = say("audit.count", { shown: shown.length, all: items.size });
  });
  fill(
    element,
    h("div", { class: "bar" }, filter.element, button, count),
    verified,
    list.element,
    line.element,
  );
  feed.subscribe("audit", (changes) => {
    for (const [key, value] of changes) if (value === null) items.delete(key);
    if (!items.size) filter.clear(); // everything has begun anew
    for (const [key, value] of changes) {
      if (value) items.set(key, { ...value, key });
      if (value) filter.offer(value.request);
    }
    later();
  });
  const wanted = tab.get("request", null); // somebody has pressed its number
  tab.set("request", null);
  if (wanted) filter.choose(wanted);
  later();
}

add({
  "audit.label": ["审计日志", "Audit log"],
  "audit.filter": ["按申请筛选", "Filter by request"],
  "audit.all": ["全部记录", "All entries"],
  "audit.request": ["申请 #{number}", "Request #{number}"],
  "audit.count": ["{shown} / {all} 条", "{shown} of {all}"],
  "audit.verify": ["校验", "Verify"],
  "audit.intact": ["✓ {rows} 条全部核对，链条完整。", "✓ All {rows} entries checked: the chain is intact."],
  "audit.broken": ["✗ 链条不完整！", "✗ The chain is broken!"],
  "audit.hash": ["本条哈希", "Hash"],
  "audit.previous": ["上一条哈希", "Hash of the entry before"],
  "audit.first": ["起点", "start"],
  "audit.facts": ["事实", "Facts"],
  "audit.empty": [
    "还没有记录。机器人启动后，每件事都会在这里留下一条。",
    "No entries yet. Once the bot is up, everything leaves one here.",
  ],
  "audit.none": ["这个申请还没有记录。", "This request has no entries yet."],
});
