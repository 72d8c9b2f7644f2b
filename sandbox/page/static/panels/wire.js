// The wire: each push of a platform to the bot and each call of the bot, with latency and outcome.

import { several } from "../bots.js";
import { fill, h } from "../dom.js";
import { add, clock, say } from "../words.js";
import { badge, block, choice, drawing, instant, party } from "./parts.js";
import { rows } from "./rows.js";

const PLATFORMS = ["dingtalk", "lark", "aliyun", "sink", "http"];
const TONES = { ok: "good", refused: "bad", lost: "bad", late: "warn", open: "info" };
const texts = new WeakMap(); // what the text filter looks through, made once per row

/** "12 ms"; null is a call that is still open. */
function latency(ms) {
  if (ms === null || ms === undefined) return "…";
  if (ms < 1) return "<1 ms";
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** What stands above the columns. */
function headings(many) {
  return [
    say("wire.time"),
    say("wire.direction"),
    say("wire.platform"),
    ...(many ? [say("wire.bot")] : []),
    say("wire.name"),
    say("wire.latency"),
    say("wire.outcome"),
  ];
}

function textOf(item) {
  if (!texts.has(item)) {
    texts.set(
      item,
      [item.name, item.code, item.bot, JSON.stringify(item.request), JSON.stringify(item.answer)]
        .join("\n")
        .toLowerCase(),
    );
  }
  return texts.get(item);
}

/** A row's children. `many`: several bots share a database, so it says which of them it was. */
function row(item, many) {
  const code = item.outcome !== "ok" && item.code ? h("code", {}, String(item.code)) : null;
  return [
    h("span", { class: "time" }, clock(item.at), h("span", { class: "fraction" }, instant(item.at).slice(8))),
    h(
      "span",
      { class: `way ${item.direction}`, title: say(`wire.long.${item.direction}`) },
      h("span", {}, say(`wire.short.${item.direction}`)),
    ),
    party(item.platform),
    many ? h("span", { class: "bot" }, item.bot ?? "") : null,
    h("span", { class: "what", title: item.name }, h("bdi", { dir: "ltr" }, item.name)),
    h("span", { class: "ms" }, latency(item.ms)),
    h("span", { class: "end" }, badge(say(`wire.outcome.${item.outcome}`), TONES[item.outcome]), code),
  ];
}

function detail(item) {
  const answered = ![null, undefined, ""].includes(item.answer);
  const facts = [
    say(`wire.long.${item.direction}`),
    say(`platform.${item.platform}`),
    item.bot,
    instant(item.at),
    latency(item.ms),
    say(`wire.outcome.${item.outcome}`),
    item.code,
  ];
  return [
    h("h2", {}, item.name),
    h("p", { class: "muted" }, facts.filter(Boolean).join(" · ")),
    block(say("wire.request"), item.request ?? ""),
    answered ? block(say("wire.answer"), item.answer) : h("p", { class: "muted" }, say("wire.no.answer")),
    h("p", { class: "muted" }, say("wire.masked")),
  ];
}

/** What stands above the list: a text and three choices, and `fits(item)`, which tells what they let through. */
function filters(change) {
  const search = h("input", {
    class: "input",
    type: "search",
    "aria-label": say("wire.search"),
    placeholder: say("wire.search"),
  });
  const options = (all, values, words) => [["", all], ...values.map((value) => [value, words(value)])];
  const platform = choice(
    say("wire.platform"),
    options(say("wire.all.platform"), PLATFORMS, (each) => say(`platform.${each}`)),
  );
  const direction = choice(
    say("wire.direction"),
    options(say("wire.all.direction"), ["in", "out"], (each) => say(`wire.long.${each}`)),
  );
  const outcome = choice(
    say("wire.outcome"),
    options(say("wire.all.outcome"), Object.keys(TONES), (each) => say(`wire.outcome.${each}`)),
  );
  const controls = [search, platform, direction, outcome];
  for (const control of controls) control.addEventListener("input", change);
  const fits = (item) =>
    (!platform.value || item.platform === platform.value) &&
    (!direction.value || item.direction === direction.value) &&
    (!outcome.value || item.outcome === outcome.value) &&
    (!search.value.trim() || textOf(item).includes(search.value.trim().toLowerCase()));
  return { controls, fits };
}

export function mount(element, feed) {
  const items = new Map();
  let frozen = null; // the items as they were when the list was paused
  const count = h("span", { class: "count", role: "status" });
  const pause = h("button", { type: "button", class: "button", "aria-pressed": "false" }, say("wire.pause"));
  const empty = h("p", {});
  const titles = h("div", { class: "row titles", "aria-hidden": "true" });
  let many = null;
  const list = rows({
    feed,
    row: (item) => row(item, many),
    detail,
    empty,
    label: say("wire.label"),
    height: (width) => (width < 380 ? 46 : 28),
    kind: (item) => item.outcome,
    head: titles,
  });
  const columns = () => {
    if (many === several(feed)) return;
    many = several(feed);
    element.classList.toggle("several", many);
    fill(
      titles,
      headings(many).map((title) => h("span", {}, title)),
    );
    list.forget();
    later();
  };
  const { controls, fits } = filters(() => later());
  const later = drawing(feed, element, () => {
    const source = frozen ?? [...items.values()];
    const shown = source.filter(fits);
    empty.textContent = say(source.length ? "wire.none" : "wire.empty");
    list.show(shown);
    const paused = frozen && { count: items.size - frozen.length };
    count.textContent = paused
      ? say("wire.paused", paused)
      : say("wire.count", { shown: shown.length, all: items.size });
  });
  pause.addEventListener("click", () => {
    frozen = frozen ? null : [...items.values()];
    pause.setAttribute("aria-pressed", String(frozen !== null));
    pause.textContent = say(frozen ? "wire.resume" : "wire.pause");
    later();
  });
  feed.subscribe("bot", columns);
  columns();
  fill(element, h("div", { class: "bar" }, controls, pause, count), list.element);
  feed.subscribe("wire", (changes) => {
    for (const [key, value] of changes) {
      if (value === null) items.delete(key);
      else items.set(key, { ...value, key });
    }
    later();
  });
  later();
}

add({
  "wire.label": ["推送和调用", "Pushes and calls"],
  "wire.search": ["按文字筛选", "Filter by text"],
  "wire.platform": ["平台", "Platform"],
  "wire.direction": ["方向", "Direction"],
  "wire.outcome": ["结果", "Outcome"],
  "wire.time": ["时间", "Time"],
  "wire.bot": ["机器人", "Bot"],
  "wire.name": ["名称", "Name"],
  "wire.latency": ["耗时", "Latency"],
  "wire.all.platform": ["全部平台", "All platforms"],
  "wire.all.direction": ["全部方向", "Both directions"],
  "wire.all.outcome": ["全部结果", "All outcomes"],
  "wire.short.in": ["推送", "push"],
  "wire.short.out": ["调用", "call"],
  "wire.long.in": ["平台推送给机器人", "Platform pushes to the bot"],
  "wire.long.out": ["机器人调用平台", "Bot calls the platform"],
  "wire.pause": ["暂停", "Pause"],
  "wire.resume": ["继续", "Resume"],
  "wire.paused": ["已暂停，又有 {count} 条", "Paused, {count} more"],
  "wire.count": ["{shown} / {all} 条", "{shown} of {all}"],
  "wire.request": ["请求", "Request"],
  "wire.answer": ["应答", "Answer"],
  "wire.no.answer": ["还没有应答。", "There is no answer yet."],
  "wire.masked": [
    "令牌、签名和密钥在服务端已打码。",
    "Tokens, signatures and secrets are masked on the server.",
  ],
  "wire.empty": [
    "还没有往来。在群里给机器人发一条指令，每次推送和调用都会列在这里。",
    "Nothing yet. Send the bot a command in a group: each push and each call is listed here.",
  ],
  "wire.none": ["没有符合筛选条件的记录。", "Nothing fits the filter."],
  "wire.outcome.ok": ["成功", "ok"],
  "wire.outcome.refused": ["被拒", "refused"],
  "wire.outcome.lost": ["丢失", "lost"],
  "wire.outcome.late": ["迟到", "late"],
  "wire.outcome.open": ["进行中", "open"],
});
