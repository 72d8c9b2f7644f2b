// What an evaluator breaks things with: the bot's process, its clock, and faults of the platforms.

import { TONES, UP, several } from "../bots.js";
import { fill, h } from "../dom.js";
import { add, clock, duration, say } from "../words.js";
import { crew } from "./bots.js";
import { faults } from "./faults.js";
import { answerLine, actor, badge, choice, drawing, growing, moment, perform } from "./parts.js";

const MOVES = [
  ["minute", 60],
  ["ten", 600],
  ["hour", 3600],
  ["day", 86_400],
  ["back", -600],
];
const LOCALES = [
  ["zh-CN", "中文"],
  ["en", "English"],
];

const pair = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

/** The choice of the language that is spoken: {element, draw(bot)}. */
function speech(api, line) {
  const language = choice(say("control.locale"), LOCALES);
  language.addEventListener("change", () => {
    perform(line, language, async () => {
      await api.act("bot.locale", { locale: language.value });
      return say("control.spoken");
    });
  });
  const label = h("span", { "aria-hidden": "true" }, say("control.locale"));
  const draw = (bot) => {
    if (bot?.locale && document.activeElement !== language) language.value = bot.locale;
  };
  return { element: h("label", { class: "field inline" }, label, language), draw };
}

/** What ends and starts the bot, and its language: {element, draw(bot, up)}. */
function switches(api, line) {
  const act = (name, done) => async () => {
    await api.act(name, {});
    return say(done);
  };
  const kill = actor(line, say("control.kill"), act("bot.kill", "control.killed"), {
    class: "button danger",
    title: say("control.kill.title"),
  });
  const stop = actor(line, say("control.stop"), act("bot.stop", "control.stopped"), {
    title: say("control.stop.title"),
  });
  const start = actor(line, say("control.start"), act("bot.start", "control.started"), {
    class: "button primary",
  });
  const language = speech(api, line);
  const element = h("div", { class: "acts" }, kill, stop, start, language.element);
  const draw = (bot, up) => {
    for (const button of [kill, stop]) button.hidden = !up;
    start.hidden = up;
    language.draw(bot);
  };
  return { element, draw };
}

/** The bot's process in numbers. */
function numbers(bot, up) {
  const connections = Object.entries(bot.connections ?? {}).map(
    ([name, count]) => `${say(`platform.${name}`)} ${count}`,
  );
  return [
    pair(say("control.pid"), up && bot.pid ? String(bot.pid) : "–"),
    pair(say("control.since"), bot.since ? clock(bot.since) : "–"),
    pair(say("control.starts"), String(bot.starts ?? 0)),
    pair(say("control.connections"), connections.join(" · ") || "–"),
  ];
}

/** The bot's process: its state, what it says, and how to end and start it. */
function process(feed, api, line) {
  const state = h("p", { class: "state", role: "status" });
  const facts = h("dl", { class: "pairs" });
  const log = growing({ class: "terminal log", role: "group", "aria-label": say("control.log") });
  const buttons = switches(api, line);
  const draw = () => {
    const bot = feed.get("bot", "bot") ?? {};
    const up = UP.includes(bot.state);
    const now = bot.state in TONES ? bot.state : "starting";
    const meaning = h("span", { class: "muted" }, say(`control.means.${now}`));
    fill(state, badge(say(`control.state.${now}`), TONES[now]), meaning);
    fill(facts, numbers(bot, up));
    buttons.draw(bot, up);
    log.show((bot.log ?? []).join("\n"));
    log.element.dataset.wait = bot.log?.length ? "" : say("control.log.empty");
  };
  feed.subscribe("bot", draw);
  draw();
  return h(
    "section",
    { class: "box", "aria-label": say("control.bot") },
    h("h2", {}, say("control.bot")),
    state,
    facts,
    buttons.element,
    log.element,
  );
}

/** The bot, or the bots: which it is tells the board. */
function house(feed, api, line) {
  const element = h("div", {});
  let many = null;
  const draw = () => {
    if (many === several(feed) || (many !== null && !feed.all("bot").size)) return;
    many = several(feed);
    fill(element, many ? crew(feed, api, line, speech(api, line)) : process(feed, api, line));
  };
  feed.subscribe("bot", draw);
  draw();
  return element;
}

/** The bot's clock: what it shows, and how it is moved. */
function time(feed, api, line) {
  const now = h("time", { class: "clock" });
  const ahead = h("span", { class: "muted" });
  const offset = () => feed.get("clock", "clock")?.offset ?? 0;
  const move = (seconds) => async () => {
    await api.act("clock.move", { seconds });
    return say(seconds > 0 ? "control.forward" : "control.backward", { time: duration(Math.abs(seconds)) });
  };
  const reset = async () => {
    await api.act("clock.reset", {});
    return say("control.reset.done");
  };
  const tick = () => {
    now.textContent = moment(Date.now() / 1000 + offset());
    const size = duration(Math.abs(offset()));
    ahead.textContent =
      Math.abs(offset()) < 1
        ? say("control.right")
        : say(offset() > 0 ? "control.ahead" : "control.behind", { time: size });
  };
  feed.every(1, tick);
  feed.subscribe("clock", tick);
  const buttons = MOVES.map(([name, seconds]) => actor(line, say(`control.move.${name}`), move(seconds)));
  return h(
    "section",
    { class: "box", "aria-label": say("control.clock") },
    h("h2", {}, say("control.clock")),
    h("p", {}, now, " ", ahead),
    h("div", { class: "acts" }, buttons, actor(line, say("control.reset"), reset)),
    h("p", { class: "muted" }, say("control.clock.about")),
  );
}

/** Everything anew: requests, audit log, machines and groups. */
function world(api, line) {
  const reset = actor(
    line,
    say("control.world"),
    async () => {
      await api.act("world.reset", {});
      return say("control.world.done");
    },
    { confirm: true, class: "button danger" },
  );
  return h(
    "section",
    { class: "box", "aria-label": say("control.world") },
    h("h2", {}, say("control.world")),
    h("p", { class: "muted" }, say("control.world.about")),
    h("div", { class: "acts" }, reset),
  );
}

export function mount(element, feed, api) {
  const line = answerLine();
  const weather = faults(feed, api, line);
  fill(
    element,
    house(feed, api, line),
    time(feed, api, line),
    weather.element,
    world(api, line),
    line.element,
  );
  const later = drawing(feed, element, weather.draw);
  for (const collection of ["faults", "faultkinds"]) feed.subscribe(collection, later);
  later();
}

add({
  "control.bot": ["机器人", "The bot"],
  "control.state.connected": ["已连接", "connected"],
  "control.state.running": ["未连接", "not connected"],
  "control.state.starting": ["启动中", "starting"],
  "control.state.frozen": ["已冻结", "frozen"],
  "control.state.killed": ["已被杀掉", "killed"],
  "control.state.stopped": ["已停止", "stopped"],
  "control.state.ended": ["已退出", "ended"],
  "control.means.connected": ["两个平台都连上了。", "Connected to both platforms."],
  "control.means.running": ["进程在，但有平台没连上。", "It runs, and a platform is not connected."],
  "control.means.starting": ["进程起来了，正在连接平台。", "It is coming up and connects."],
  "control.means.killed": [
    "进程被 kill -9 了；群里发的消息由平台留着，启动后补送。",
    "Gone by kill -9. What people write is kept by the platforms until it is back.",
  ],
  "control.means.stopped": [
    "正常退出了；群里发的消息由平台留着，启动后补送。",
    "It has ended as asked. What people write is kept by the platforms until it is back.",
  ],
  "control.means.ended": ["进程自己退出了，原因看下面的日志。", "It has ended by itself; the log says why."],
  "control.pid": ["进程号", "pid"],
  "control.since": ["状态始于", "in this state since"],
  "control.starts": ["启动次数", "starts"],
  "control.connections": ["长连接", "connections"],
  "control.log": ["机器人日志的最后几行", "Last lines of the bot's log"],
  "control.log.empty": ["（还没有日志）", "(no log yet)"],
  "control.kill": ["kill -9", "Kill −9"],
  "control.kill.title": ["进程立刻消失，来不及收尾", "The process is gone at once, in the middle of things"],
  "control.killed": [
    "进程没了。启动它，看它从哪里接着做。",
    "The process is gone. Start it, and see where it goes on.",
  ],
  "control.stop": ["正常停止", "Stop"],
  "control.stop.title": ["先做完手头的事再退出", "It finishes what it is doing, then ends"],
  "control.stopped": ["已正常停止。", "It has stopped."],
  "control.start": ["启动", "Start"],
  "control.started": ["已启动。", "It is started."],
  "control.locale": ["机器人的语言", "Language of the bot"],
  "control.spoken": [
    "机器人换了语言，已重新启动；新的卡片和消息用新语言。",
    "The bot was restarted: what is new is in its new language.",
  ],
  "control.clock": ["机器人的时钟", "The bot's clock"],
  "control.clock.about": [
    "往前拨，催办、过期和超时立刻到点；往回拨，不会有任何事重复发生。",
    "Move it on: reminders, expiries and time-outs come due at once. Move it back: nothing happens twice.",
  ],
  "control.right": ["与本机一致", "as this machine's"],
  "control.ahead": ["快 {time}", "{time} ahead"],
  "control.behind": ["慢 {time}", "{time} behind"],
  "control.move.minute": ["+1 分钟", "+1 min"],
  "control.move.ten": ["+10 分钟", "+10 min"],
  "control.move.hour": ["+1 小时", "+1 h"],
  "control.move.day": ["+1 天", "+1 day"],
  "control.move.back": ["−10 分钟", "−10 min"],
  "control.forward": ["往前拨了 {time}。", "Moved on by {time}."],
  "control.backward": ["往回拨了 {time}。", "Moved back by {time}."],
  "control.reset": ["校准", "Reset"],
  "control.reset.done": ["时钟又与本机一致了。", "The clock is as this machine's again."],
  "control.world": ["全部重来", "Begin anew"],
  "control.world.about": [
    "群聊、申请、审计日志、机器和故障都回到最初的样子。",
    "Groups, requests, audit log, machines and faults are as they were at the start.",
  ],
  "control.world.done": ["一切重新开始了。", "Everything is as it was at the start."],
});
