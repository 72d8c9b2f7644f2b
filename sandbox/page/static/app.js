// The page: top bar, two groups, backstage. It starts here.

import { backstage } from "./backstage.js";
import { best } from "./bots.js";
import "./chat.js";
import { fill, h, hear } from "./dom.js";
import { Feed } from "./feed.js";
import { icon, sign } from "./icons.js";
import { browser, tab } from "./memory.js";
import { notice, notices } from "./notice.js";
import { topbar } from "./topbar.js";
import { tour as guide } from "./tour.js";
import * as words from "./words.js";

const VIEWS = ["dingtalk", "lark", "backstage"];
const feed = new Feed();
let scope = null;

/** One thing is seen at a time on a phone; on a tablet backstage is a drawer. */
function show(view) {
  document.body.dataset.view = view;
  tab.set("view", view);
  for (const button of document.querySelectorAll("[data-shows]")) {
    if (button.dataset.shows === view) button.classList.remove("has-news");
    if (button.dataset.shows === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
}

function drawer(open) {
  document.body.dataset.drawer = open ? "open" : "closed";
  document.querySelector(".drawer-button")?.setAttribute("aria-expanded", String(open));
}

/** Open or shut the drawer by hand: the focus goes along. */
function toggleDrawer() {
  drawer(document.body.dataset.drawer !== "open");
  const target =
    document.body.dataset.drawer === "open" ? "#backstage [aria-selected=true]" : ".drawer-button";
  document.querySelector(target)?.focus();
}

function navigation(tour) {
  const [dingtalk, lark] = [words.say("app.dingtalk"), words.say("app.lark")];
  const entry = (view, picture, label) =>
    h(
      "button",
      { type: "button", class: "nav-item", dataset: { shows: view }, on: { click: () => show(view) } },
      picture,
      h("span", {}, label),
    );
  return h(
    "nav",
    { class: "bottom-bar", "aria-label": words.say("app.navigation") },
    entry("dingtalk", sign("dingtalk", dingtalk), dingtalk),
    entry("lark", sign("lark", lark), lark),
    entry("backstage", icon("stage"), words.say("app.backstage")),
    tour.entry,
  );
}

/** What stands above everything when the server is not there. */
function connection(scope) {
  const bar = h("div", { class: "connection", role: "alert", hidden: true });
  scope.watch((state) => {
    bar.hidden = state !== "lost";
    fill(bar, state === "lost" ? words.say("app.lost") : null);
  });
  return bar;
}

function mount() {
  scope?.close();
  scope = feed.scope();
  const tour = guide(scope);
  const group = (platform) => {
    const element = document.createElement("chat-group");
    element.setAttribute("platform", platform);
    element.feed = scope.scope();
    return element;
  };
  fill(
    document.body,
    h("a", { class: "skip", href: "#main" }, words.say("app.skip")),
    topbar({
      feed: scope,
      tour: tour.button,
      drawer: toggleDrawer,
      language: speak,
    }),
    connection(scope),
    tour.strip,
    h(
      "main",
      { id: "main", class: "columns", tabindex: "-1" },
      group("dingtalk"),
      group("lark"),
      backstage(scope, toggleDrawer),
    ),
    navigation(tour),
    notices(),
  );
  hear("look", scope, ({ platform, panel }) => {
    show(panel ? "backstage" : platform);
    drawer(Boolean(panel));
  });
  hear("request", scope, () => {
    show("backstage");
    drawer(true);
  });
  const view = tab.get("view", VIEWS[0]);
  show(VIEWS.includes(view) ? view : VIEWS[0]);
  drawer(false);
}

function speak(locale) {
  words.change(locale);
  browser.set("locale", locale);
  mount();
  const bot = best(feed);
  if (bot?.locale && bot.locale !== locale) notice(words.say("app.language"));
}

/** A dot at the group that is not shown, on a phone. */
document.addEventListener("news", (event) => {
  const button = document.querySelector(`[data-shows="${event.detail}"]:not([aria-current])`);
  button?.classList.add("has-news");
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && document.body.dataset.drawer === "open")
    toggleDrawer();
});

words.add({
  "app.dingtalk": ["钉钉", "DingTalk"],
  "app.lark": ["飞书", "Lark"],
  "app.backstage": ["后台", "Backstage"],
  "app.navigation": ["页面导航", "Parts of the page"],
  "app.skip": ["跳到群聊", "Skip to the groups"],
  "app.language": [
    "页面改成中文了，机器人没有改。点上方它的状态，可以让它也说中文。",
    "The page speaks English now, the bot does not: its state, at the top, has a menu for that.",
  ],
  "app.lost": [
    "与演示程序的连接断了，正在重连。如果它已经退出，请在终端里重新运行 make demo。",
    "The connection to the playground is lost; trying again. If it has ended, run make demo again in the terminal.",
  ],
});

words.change(browser.get("locale", words.locale));
mount();
feed.connect("/feed");
