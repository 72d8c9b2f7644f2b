// Several bots on one database: how each is, and what ends, freezes, wakes and starts it.

import { TONES, UP, bots } from "../bots.js";
import { fill, h, keyed } from "../dom.js";
import { add, duration, say } from "../words.js";
import { actor, badge, choice, growing } from "./parts.js";

/** What stands beside the name of a bot, as texts. */
function facts(bot) {
  const up = bot.pid !== null && bot.pid !== undefined;
  const held = Object.entries(bot.connections ?? {})
    .filter(([, count]) => count)
    .map(([name, count]) => `${say(`platform.${name}`)}\u00a0${count}`);
  return [
    up ? say("bots.pid", { pid: bot.pid }) : null,
    say("bots.since", { time: duration(Date.now() / 1000 - bot.since) }),
    up && held.length ? say("bots.connections", { list: held.join(" · ") }) : null,
    bot.replica ? say("bots.release", { release: bot.replica.release }) : null,
    bot.replica ? say("bots.seen", { time: duration(Date.now() / 1000 - bot.replica.seen) }) : null,
  ].filter(Boolean);
}

/** What becomes of what a bot had in hand that does not work; "": it works. */
function meaning(bot) {
  if (UP.includes(bot.state)) return "";
  const frozen = bot.state === "frozen" ? [say("bots.means.frozen")] : [];
  const told = {
    living: say("bots.means.living", { lease: bot.replica?.lease }),
    dead: say("bots.means.dead"),
    left: say("bots.means.left"),
  }[bot.replica?.state];
  return [...frozen, told ?? ""].join(" ").trim();
}

/** One bot: {element, draw(bot)}. */
function tile(api, line, name) {
  const state = h("span", { class: "state", role: "status" });
  const leads = h("span", { title: say("bots.leads.title") }, badge(say("bots.leads"), "info"));
  const about = h("p", { class: "muted about" });
  const means = h("p", { class: "muted means" });
  const act = (what, done) => async () => {
    await api.act(what, { bot: name });
    return say(done, { name });
  };
  const button = (label, what, done, props) => actor(line, say(label), act(what, done), props);
  const kill = button("bots.kill", "bot.kill", "bots.killed", { class: "button danger" });
  const freeze = button("bots.freeze", "bot.freeze", "bots.frozen", { title: say("bots.freeze.title") });
  const wake = button("bots.wake", "bot.wake", "bots.woken", { class: "button primary" });
  const stop = button("bots.stop", "bot.stop", "bots.stopped");
  const start = button("bots.start", "bot.start", "bots.started", { class: "button primary" });
  const box = h(
    "div",
    { class: "bot-tile", role: "group", "aria-label": name },
    h("div", { class: "tile-head" }, h("h3", {}, name), state, leads),
    about,
    means,
    h("div", { class: "acts" }, kill, freeze, wake, stop, start),
  );
  const draw = (bot) => {
    const up = UP.includes(bot.state);
    const frozen = bot.state === "frozen";
    if (state.dataset.state !== bot.state)
      fill(state, badge(say(`control.state.${bot.state}`), TONES[bot.state]));
    state.dataset.state = bot.state;
    box.dataset.state = bot.state;
    about.textContent = facts(bot).join(" · ");
    means.textContent = meaning(bot);
    means.hidden = !means.textContent;
    leads.hidden = !bot.replica?.leads;
    kill.hidden = !up && !frozen;
    stop.hidden = freeze.hidden = !up;
    wake.hidden = !frozen;
    start.hidden = up || frozen;
  };
  return { element: h("li", {}, box), draw };
}

/** The end of the log of the bot that is chosen: {element, draw(all)}. */
function logs() {
  const log = growing({ class: "terminal log", role: "group", "aria-label": say("control.log") });
  const picker = h("div", { class: "acts", role: "group", "aria-label": say("bots.log") });
  const label = h("h3", {}, say("bots.log"));
  let chosen = "";
  let known = [];
  const show = () => {
    const bot = known.find((each) => each.name === chosen) ?? known[0];
    log.show((bot?.log ?? []).join("\n"));
    log.element.dataset.wait = bot?.log?.length ? "" : say("control.log.empty");
    for (const each of picker.children)
      each.setAttribute("aria-pressed", String(each.dataset.name === bot?.name));
  };
  const pick = (name) => {
    chosen = name;
    show();
  };
  const make = ({ name }) =>
    h("button", { type: "button", class: "button small", dataset: { name }, on: { click: () => pick(name) } }, name);
  const draw = (all) => {
    known = all;
    keyed(picker, all, (bot) => bot.name, make);
    show();
  };
  return { element: h("div", { class: "live" }, h("div", { class: "block-head" }, label, picker), log.element), draw };
}

/** The section about all of them. `speech`: the choice of their language, {element, draw(bot)}. */
export function crew(feed, api, line, speech) {
  const summary = h("p", { class: "summary", role: "status" });
  const list = h("ul", { class: "plain bot-tiles" });
  const tiles = new Map();
  const ends = logs();
  const make = (bot) => {
    tiles.set(bot.name, tile(api, line, bot.name));
    tiles.get(bot.name).draw(bot);
    return tiles.get(bot.name).element;
  };
  const draw = () => {
    const all = bots(feed);
    const connected = all.filter((bot) => bot.state === "connected").length;
    const text = say(connected ? "bots.count" : "bots.none", { count: connected, all: all.length });
    if (summary.textContent !== text) summary.textContent = text;
    keyed(
      list,
      all,
      (bot) => bot.name,
      make,
      (_, bot) => tiles.get(bot.name).draw(bot),
    );
    ends.draw(all);
    speech.draw(all[0]);
  };
  for (const collection of ["bot", "replicas"]) feed.subscribe(collection, draw);
  feed.every(1, draw);
  draw();
  return h(
    "section",
    { class: "box", "aria-label": say("bots.title") },
    h("h2", {}, say("bots.title")),
    summary,
    h("p", { class: "muted" }, say("bots.about")),
    list,
    h("div", { class: "acts" }, speech.element),
    ends.element,
  );
}

add({
  "bots.title": ["机器人", "The bots"],
  "bots.count": ["{all} 个机器人里有 {count} 个在工作。", "{count} of {all} bots work."],
  "bots.none": ["{all} 个机器人都没在工作。", "None of the {all} bots works."],
  "bots.about": [
    "它们共用一个 PostgreSQL 数据库；群里的每条消息只到其中一个，由它处理。杀掉或冻结谁，其余的接着做。",
    "They share one PostgreSQL database; each message reaches one of them. Kill or freeze any: the others go on.",
  ],
  "bots.pid": ["进程号 {pid}", "pid {pid}"],
  "bots.since": ["已 {time}", "for {time}"],
  "bots.connections": ["长连接 {list}", "connections {list}"],
  "bots.means.frozen": [
    "进程还在，但什么都不做，自己也不知道（SIGSTOP）。",
    "It is there, does nothing, and does not know of it (SIGSTOP).",
  ],
  "bots.means.living": [
    "数据库还当它活着；{lease} 秒的租约一过，其余的接管它手上的事。",
    "The database takes it for alive until its lease of {lease} s is over. Then the others take over.",
  ],
  "bots.means.dead": [
    "数据库已认定它不在，其余的接管了它手上的事。",
    "The database takes it for dead, and the others have taken over what it had in hand.",
  ],
  "bots.means.left": ["它做完手头的事才走的。", "It finished what it had in hand, and left."],
  "bots.release": ["版本 {release}", "release {release}"],
  "bots.seen": ["{time}前报过到", "seen {time} ago"],
  "bots.leads": ["领头", "leader"],
  "bots.leads.title": [
    "定时、轮询和清理只由它做",
    "It alone does what is due at a time, asks the cloud, and cleans up",
  ],
  "bots.kill": ["kill -9", "Kill −9"],
  "bots.killed": ["{name} 没了，其余的接着做。", "{name} is gone; the others go on."],
  "bots.freeze": ["冻结", "Freeze"],
  "bots.freeze.title": ["SIGSTOP：进程停在原地，自己并不知道", "SIGSTOP: it stands still, and does not know of it"],
  "bots.frozen": ["{name} 冻结了。", "{name} is frozen."],
  "bots.wake": ["唤醒", "Wake"],
  "bots.woken": ["{name} 醒了。", "{name} is awake."],
  "bots.stop": ["正常停止", "Stop"],
  "bots.stopped": ["{name} 已正常停止。", "{name} has stopped."],
  "bots.start": ["启动", "Start"],
  "bots.started": ["{name} 已启动。", "{name} is started."],
  "bots.log": ["谁的日志", "Whose log"],
});
