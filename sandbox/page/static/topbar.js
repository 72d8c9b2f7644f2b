// The slim bar at the top: name, tour, state of the bot, language, theme.

import * as api from "./api.js";
import { TONES, best, bots, several } from "./bots.js";
import { fill, h } from "./dom.js";
import { icon, iconButton, mark } from "./icons.js";
import { browser } from "./memory.js";
import { menu } from "./menu.js";
import * as words from "./words.js";

const THEMES = ["auto", "light", "dark"];

/** Show the page in this theme; "auto" follows the system. */
function wear(theme) {
  browser.set("theme", theme);
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function themeButton() {
  const labels = {
    auto: words.say("top.theme.auto"),
    light: words.say("top.theme.light"),
    dark: words.say("top.theme.dark"),
  };
  const button = iconButton("sun", words.say("top.theme"));
  const items = () =>
    THEMES.map((theme) => ({
      label: labels[theme],
      checked: browser.get("theme", "auto") === theme,
      act: () => wear(theme),
    }));
  return menu(button, items);
}

function languageButton(language) {
  const other = words.locale === "en" ? "zh-CN" : "en";
  const [label, short] = other === "en" ? ["English", "EN"] : ["中文", "中"];
  return h(
    "button",
    {
      type: "button",
      class: "button quiet language",
      lang: other,
      "aria-label": label,
      on: { click: () => language(other) },
    },
    h("span", { class: "wide-only" }, label),
    h("span", { class: "phone-only" }, short),
  );
}

/** What the menu offers to make the bot speak the other language. */
function speech(locale) {
  const other = locale === "en" ? "zh-CN" : "en";
  const label = other === "en" ? words.say("top.bot.english") : words.say("top.bot.chinese");
  return {
    label,
    detail: words.say("top.bot.language.detail"),
    icon: icon("globe"),
    act: () => api.attempt("bot.locale", { locale: other }),
  };
}

function stateOf(state) {
  return {
    connected: words.say("top.bot.connected"),
    running: words.say("top.bot.running"),
    starting: words.say("top.bot.starting"),
    frozen: words.say("top.bot.frozen"),
    killed: words.say("top.bot.killed"),
    stopped: words.say("top.bot.stopped"),
    ended: words.say("top.bot.ended"),
  }[state];
}

/** What the menu offers where there are several bots. */
function crewItems(feed) {
  const all = bots(feed);
  const up = all.filter((bot) => bot.pid);
  const kills = up.map((bot) => ({
    label: words.say("top.bots.kill", { name: bot.name }),
    detail: words.say("top.bots.kill.detail"),
    icon: icon("bolt"),
    danger: true,
    act: () => api.attempt("bot.kill", { bot: bot.name }),
  }));
  const start = {
    label: words.say("top.bots.start"),
    icon: icon("play"),
    act: () => api.attempt("bot.start"),
  };
  const rest = up.length < all.length ? ["-", start] : [];
  return [...kills, ...rest, ...(up.length ? ["-", speech(all[0].locale)] : [])];
}

/** The bot's state as a button whose menu kills and starts it; it starts with one press where it is down. */
function botChip(feed) {
  const text = h("span", { class: "chip-text" });
  const dot = h("span", { class: "dot" });
  const chip = h("button", { type: "button", class: "button chip" }, dot, text, icon("down"));
  const start = h(
    "button",
    { type: "button", class: "button primary small", on: { click: () => api.attempt("bot.start") } },
    words.say("top.bot.start"),
  );
  const items = () => {
    if (several(feed)) return crewItems(feed);
    const bot = best(feed);
    const up = !["killed", "stopped", "ended"].includes(bot?.state);
    return up
      ? [
          {
            label: words.say("top.bot.kill"),
            detail: words.say("top.bot.kill.detail"),
            icon: icon("bolt"),
            danger: true,
            act: () => api.attempt("bot.kill"),
          },
          {
            label: words.say("top.bot.stop"),
            detail: words.say("top.bot.stop.detail"),
            icon: icon("close"),
            act: () => api.attempt("bot.stop"),
          },
          ...(bot?.locale ? ["-", speech(bot.locale)] : []),
        ]
      : [{ label: words.say("top.bot.start"), icon: icon("play"), act: () => api.attempt("bot.start") }];
  };
  const draw = () => {
    const bot = best(feed);
    const all = bots(feed);
    const up = all.filter((each) => each.state === "connected").length;
    const tone = bot?.state === "starting" || (up && up < all.length) ? "warn" : (TONES[bot?.state] ?? "warn");
    dot.className = `dot ${tone}`;
    fill(text, bot ? stateOf(bot.state) : words.say("top.bot.unknown"));
    if (several(feed)) fill(text, words.say("top.bots", { count: up, all: all.length }));
    else if (bot?.since)
      text.append(h("span", { class: "chip-time" }, ` · ${words.duration(Date.now() / 1000 - bot.since)}`));
    start.hidden = tone !== "bad";
  };
  feed.subscribe("bot", draw);
  feed.every(1, draw);
  return h("div", { class: "bot-state" }, menu(chip, items, words.say("top.bot")), start);
}

export function topbar({ feed, tour, drawer, language }) {
  const drawerButton = h(
    "button",
    {
      type: "button",
      class: "button drawer-button",
      "aria-expanded": "false",
      "aria-controls": "backstage",
      on: { click: drawer },
    },
    icon("stage"),
    h("span", {}, words.say("top.backstage")),
  );
  return h(
    "header",
    { class: "topbar" },
    h(
      "h1",
      { class: "brand" },
      mark(),
      h("span", { class: "brand-zh", lang: "zh-CN" }, "会签"),
      h("span", { class: "brand-en", lang: "en" }, "Countersign"),
    ),
    tour,
    h("div", { class: "gap" }),
    botChip(feed),
    drawerButton,
    languageButton(language),
    themeButton(),
  );
}

words.add({
  "top.backstage": ["后台", "Backstage"],
  "top.theme": ["外观", "Appearance"],
  "top.theme.auto": ["跟随系统", "As the system"],
  "top.theme.light": ["浅色", "Light"],
  "top.theme.dark": ["深色", "Dark"],
  "top.bot": ["机器人进程", "The bot's process"],
  "top.bot.unknown": ["正在连接", "connecting"],
  "top.bot.connected": ["已连接", "connected"],
  "top.bot.running": ["未连接", "not connected"],
  "top.bot.starting": ["启动中", "starting"],
  "top.bot.frozen": ["已冻结", "frozen"],
  "top.bots": ["{count}/{all} 个机器人在工作", "{count} of {all} bots work"],
  "top.bots.kill": ["kill -9 {name}", "kill -9 {name}"],
  "top.bots.kill.detail": ["其余的接着做", "the others go on"],
  "top.bots.start": ["启动不在的", "Start those that are gone"],
  "top.bot.killed": ["已被杀掉", "killed"],
  "top.bot.stopped": ["已停止", "stopped"],
  "top.bot.ended": ["已退出", "ended"],
  "top.bot.start": ["启动", "Start"],
  "top.bot.kill": ["kill -9", "kill -9"],
  "top.bot.kill.detail": ["进程立刻没了，来不及收尾", "the process is gone at once, in the middle of things"],
  "top.bot.stop": ["正常停止", "Stop it"],
  "top.bot.english": ["让机器人改说英文", "Let the bot speak English"],
  "top.bot.chinese": ["让机器人改说中文", "Let the bot speak Chinese"],
  "top.bot.language.detail": ["它会重新启动", "it starts anew"],
  "top.bot.stop.detail": ["先把手头的事做完", "it finishes what it is doing"],
});

wear(browser.get("theme", "auto"));
