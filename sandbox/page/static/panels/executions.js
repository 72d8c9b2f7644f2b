// Executions on OOS: which template, how far, and each of its tasks.

import { fill, h, keyed } from "../dom.js";
import { add, clock, pick, say } from "../words.js";
import { badge, drawing, requestLink } from "./parts.js";

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

/** The folded list of executions: {element, later}. */
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
  const later = drawing(feed, element, () => {
    const all = [...feed.all("executions").values()].reverse().slice(0, MOST);
    if (!all.length) fill(list, h("p", { class: "muted" }, say("executions.empty")));
    else {
      list.querySelector(":scope > p")?.remove();
      keyed(
        list,
        all,
        (each) => each.id,
        make,
        (node, now) => node.show(now),
      );
    }
  });
  later();
  return { element, later };
}

add({
  "executions.title": ["OOS 上的执行", "Executions on OOS"],
  "executions.empty": ["OOS 上还没有执行。", "Nothing has been executed on OOS yet."],
  "executions.Success": ["成功", "success"],
  "executions.Failed": ["失败", "failed"],
  "executions.Cancelled": ["已取消", "cancelled"],
  "executions.Skipped": ["已跳过", "skipped"],
  "executions.Running": ["执行中", "running"],
  "executions.Started": ["已启动", "started"],
  "executions.Queued": ["排队中", "queued"],
  "executions.Waiting": ["等待中", "waiting"],
});
