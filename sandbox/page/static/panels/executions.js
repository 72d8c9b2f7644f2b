// Executions on OOS: which template, how far, and each of its tasks.

import { fill, h, keyed } from "../dom.js";
import { add, clock, pick, say } from "../words.js";
import { badge, requestLink } from "./parts.js";

const TONES = {
  Success: "good",
  Failed: "bad",
  Cancelled: "warn",
  Skipped: "",
  Running: "info",
  Started: "info",
  Queued: "info",
  Waiting: "warn",
};
const MOST = 20;

const state = (name) => badge(name in TONES ? say(`executions.${name}`) : String(name), TONES[name] ?? "");

function task(each) {
  return h(
    "li",
    {},
    state(each.state),
    h("strong", {}, each.name),
    each.action ? h("code", {}, each.action) : null,
    each.message ? h("span", { class: "muted" }, pick(each.message)) : null,
  );
}

/** The executions, if there are any (by default the bot's own engine runs templates): {element, draw}. */
export function executions(feed) {
  const list = h("div", {});
  const element = h(
    "section",
    { class: "executions", "aria-label": say("executions.title") },
    h("h2", {}, say("executions.title")),
    list,
  );
  const make = (each) => {
    const head = h("summary", {});
    const tasks = h("ol", { class: "plain tasks" });
    const node = h("details", { class: "section" }, head, tasks);
    node.show = (now) => {
      const text = JSON.stringify(now);
      if (node.drawn === text) return;
      node.drawn = text;
      fill(
        head,
        state(now.state),
        h("strong", {}, now.template),
        h("span", { class: "muted" }, [now.at ? clock(now.at) : "", now.id].filter(Boolean).join(" · ")),
      );
      fill(tasks, now.request ? h("li", {}, requestLink(now.request)) : null, (now.tasks ?? []).map(task));
    };
    node.show(each);
    return node;
  };
  const draw = () => {
    const all = [...feed.all("executions").values()].reverse().slice(0, MOST);
    element.hidden = !all.length;
    keyed(
      list,
      all,
      (each) => each.id,
      make,
      (node, now) => node.show(now),
    );
  };
  return { element, draw };
}

add({
  "executions.title": ["OOS 上的执行", "Executions on OOS"],
  "executions.Success": ["成功", "success"],
  "executions.Failed": ["失败", "failed"],
  "executions.Cancelled": ["已取消", "cancelled"],
  "executions.Skipped": ["已跳过", "skipped"],
  "executions.Running": ["执行中", "running"],
  "executions.Started": ["已启动", "started"],
  "executions.Queued": ["排队中", "queued"],
  "executions.Waiting": ["等待中", "waiting"],
});
