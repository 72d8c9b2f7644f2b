// The machines: what they are, what runs on them with its live output, what ran, which files they hold.

import { fill, h, keyed } from "../dom.js";
import { add, clock, duration, say } from "../words.js";
import { executions } from "./executions.js";
import {
  answerLine,
  actor,
  badge,
  block,
  choice,
  drawing,
  growing,
  perform,
  requestLink,
  took,
} from "./parts.js";

const STATUS = {
  Running: "good",
  Stopped: "bad",
  Released: "bad",
  Starting: "info",
  Stopping: "info",
  Pending: "info",
};
const OPEN = new Set(["Pending", "Running", "Stopping"]);
const RUN = {
  Pending: "info",
  Running: "info",
  Stopping: "info",
  Success: "good",
  Cancelled: "warn",
  Terminated: "warn",
  Failed: "bad",
  Timeout: "bad",
  Aborted: "bad",
  Invalid: "bad",
  Error: "bad",
};
const DELAYS = [0, 5, 20, 60];
const EARLIER = 20;

/** How a machine is, and how a run is, in words; a status without words is shown by its name. */
const statusOf = (name) =>
  badge(name in STATUS ? say(`machines.status.${name}`) : name, STATUS[name] ?? "warn");
const runOf = (name) => badge(name in RUN ? say(`machines.run.${name}`) : name, RUN[name] ?? "bad");

/** A script that runs: its output in a terminal. */
function terminal(run) {
  const head = h("div", { class: "terminal-head" });
  const output = growing({
    class: "terminal",
    role: "group",
    "aria-label": say("machines.output", { name: run.name }),
  });
  const element = h("div", { class: "running" }, head, output.element);
  const show = (now) => {
    fill(
      head,
      runOf(now.state),
      h("strong", {}, now.name),
      now.request ? requestLink(now.request) : null,
      h("span", { class: "muted" }, say("machines.since", { time: clock(now.at) })),
    );
    output.element.hidden = now.state === "Pending";
    output.element.dataset.wait = now.output ? "" : say("machines.silent");
    output.show(now.output || "");
  };
  show(run);
  element.show = show;
  return element;
}

/** A run that has ended: one line, with output and script folded. */
function earlier(run) {
  const code = run.exit === null || run.exit === undefined ? "–" : String(run.exit);
  const summary = h(
    "summary",
    {},
    runOf(run.state),
    h("strong", {}, run.name),
    h("span", { class: "muted" }, say("machines.exit", { code })),
    h("span", { class: "muted" }, run.seconds === null || run.seconds === undefined ? "" : took(run.seconds)),
    h("span", { class: "muted" }, clock(run.at)),
  );
  const inside = h("div", { class: "fold" });
  const details = h("details", {}, summary, inside);
  details.addEventListener("toggle", () => {
    if (!details.open || inside.firstChild) return;
    const output = h(
      "pre",
      {
        class: "terminal",
        tabindex: "0",
        role: "group",
        "aria-label": say("machines.output", { name: run.name }),
      },
      run.output || "",
    );
    output.dataset.wait = run.output ? "" : say("machines.no.output");
    fill(inside, output, run.script ? block(say("machines.script"), run.script) : null);
  });
  return h("li", {}, details, run.request ? requestLink(run.request) : null);
}

/** A machine's file: its name, and its contents folded. */
function file(each) {
  const text = h("pre", { tabindex: "0", role: "group", "aria-label": each.name }, each.text);
  const element = h("li", {}, h("details", {}, h("summary", {}, h("code", {}, each.name)), text));
  element.show = (now) => {
    if (text.textContent !== now.text) text.textContent = now.text;
  };
  return element;
}

/** A fold whose title counts what is in it; it stays open while its contents change. */
function fold(title) {
  const name = h("span", {});
  const list = h("ul", { class: "plain" });
  const element = h("details", { class: "section" }, h("summary", {}, name), list);
  const show = (count) => {
    element.hidden = !count;
    name.textContent = say(title, { count });
  };
  return { element, list, show };
}

/** What can be done to a machine. */
function acts(machine, line, api) {
  const { id, name } = machine;
  const on = machine.status === "Running";
  const agent = async () => {
    await api.act("machine.agent", { id, running: !machine.agent });
    return say(machine.agent ? "machines.agent.stopped" : "machines.agent.started", { name });
  };
  const power = async () => {
    await api.act("machine.status", { id, status: on ? "Stopped" : "Running" });
    return say(on ? "machines.stopped" : "machines.started", { name });
  };
  const remove = async () => {
    await api.act("machine.remove", { id });
    return say("machines.removed", { name });
  };
  return [
    actor(line, say(machine.agent ? "machines.agent.stop" : "machines.agent.start"), agent, {
      disabled: !on && !machine.agent,
    }),
    actor(line, say(on ? "machines.stop" : "machines.start"), power, {
      disabled: !on && machine.status !== "Stopped",
    }),
    actor(line, say("machines.remove"), remove, { confirm: true, class: "button danger" }),
    delay(machine, line, api),
  ];
}

/** How long a script takes to reach a machine. */
function delay(machine, line, api) {
  const { id, name } = machine;
  const text = (seconds) =>
    seconds >= 60 ? say("machines.delay.late") : seconds ? duration(seconds) : say("machines.delay.none");
  const values = [...new Set([...DELAYS, machine.slow ?? 0])].sort((one, other) => one - other);
  const select = choice(
    say("machines.delay.of", { name }),
    values.map((value) => [value, text(value)]),
    { value: String(machine.slow ?? 0) },
  );
  select.addEventListener("change", () => {
    const seconds = Number(select.value);
    perform(line, select, async () => {
      await api.act("machine.slow", { id, seconds });
      return say(seconds ? "machines.delayed" : "machines.prompt", { name, time: text(seconds) });
    });
  });
  return h(
    "label",
    { class: "field inline" },
    h("span", { "aria-hidden": "true" }, say("machines.delay")),
    select,
  );
}

/** What a machine is: its name, how it is, where, its tags. */
function identity(machine) {
  const { name, status, agent, id, region, tags } = machine;
  const tagOf = ([key, value]) => h("code", { class: "fact" }, `${key}=${value}`);
  return [
    h("h2", {}, name),
    statusOf(status),
    badge(say(agent ? "machines.agent.on" : "machines.agent.off"), agent ? "good" : "bad"),
    h("p", { class: "muted" }, h("code", {}, id), ` ${region}`),
    h("p", { class: "facts" }, Object.entries(tags ?? {}).map(tagOf)),
  ];
}

/** Put other buttons in place; the keyboard stays where it was. */
function replace(buttons, others) {
  const focused = [...buttons.children].findIndex((each) => each.contains(document.activeElement));
  fill(buttons, others);
  const next = buttons.children[focused];
  (next?.querySelector("select") ?? next)?.focus();
}

/** One machine; its element has `show(machine, runs)`. */
function tile(machine, line, api) {
  const head = h("div", { class: "tile-head" });
  const buttons = h("div", { class: "acts" });
  const live = h("div", { class: "live" });
  const past = fold("machines.runs");
  const files = fold("machines.files");
  const parts = [head, buttons, live, past.element, files.element];
  const element = h("article", { class: "tile", "aria-label": machine.name }, parts);
  const change = (node, now) => node.show(now);
  let drawn = "";
  element.show = (now, runs) => {
    const state = JSON.stringify([now.status, now.agent, now.tags, now.name, now.slow]);
    if (state !== drawn) {
      drawn = state;
      fill(head, identity(now));
      replace(buttons, acts(now, line, api));
    }
    const running = runs.filter((run) => OPEN.has(run.state));
    const ended = runs.filter((run) => !OPEN.has(run.state)).slice(-EARLIER);
    keyed(live, running, (run) => run.key, terminal, change);
    keyed(past.list, ended.reverse(), (run) => `${run.key} ${run.state}`, earlier);
    past.show(ended.length);
    keyed(files.list, now.files ?? [], (each) => each.name, file, change);
    files.show(now.files?.length ?? 0);
  };
  return element;
}

export function mount(element, feed, api) {
  const line = answerLine();
  const tiles = h("div", { class: "tiles" });
  const empty = h("p", { class: "nothing" }, say("machines.empty"));
  const oos = executions(feed);
  const later = drawing(feed, element, () => {
    const runs = new Map();
    for (const [key, run] of feed.all("runs")) {
      if (!runs.has(run.machine)) runs.set(run.machine, []);
      runs.get(run.machine).push({ ...run, key });
    }
    const machines = [...feed.all("machines").values()];
    const draw = (node, machine) => node.show(machine, runs.get(machine.id) ?? []);
    keyed(
      tiles,
      machines,
      (machine) => machine.id,
      (machine) => {
        const node = tile(machine, line, api);
        draw(node, machine);
        return node;
      },
      draw,
    );
    empty.hidden = machines.length > 0;
    oos.draw();
  });
  fill(element, empty, tiles, oos.element, line.element);
  for (const collection of ["machines", "runs", "executions"]) feed.subscribe(collection, later);
}

add({
  "machines.empty": ["没有机器。", "There are no machines."],
  "machines.status.Running": ["运行中", "running"],
  "machines.status.Stopped": ["已停机", "stopped"],
  "machines.status.Starting": ["启动中", "starting"],
  "machines.status.Stopping": ["停机中", "stopping"],
  "machines.status.Pending": ["创建中", "pending"],
  "machines.status.Released": ["已释放", "released"],
  "machines.agent.on": ["云助手在线", "agent up"],
  "machines.agent.off": ["云助手离线", "agent down"],
  "machines.agent.stop": ["停掉云助手", "Stop agent"],
  "machines.agent.start": ["启动云助手", "Start agent"],
  "machines.agent.stopped": [
    "{name} 的云助手停了：脚本下发不到这台机器。",
    "The agent of {name} is down: no script reaches it.",
  ],
  "machines.agent.started": ["{name} 的云助手又在线了。", "The agent of {name} is up again."],
  "machines.stop": ["停机", "Stop machine"],
  "machines.start": ["开机", "Start machine"],
  "machines.stopped": ["{name} 停机了。", "{name} is stopped."],
  "machines.started": ["{name} 开机了。", "{name} is started."],
  "machines.remove": ["释放机器", "Take away"],
  "machines.removed": [
    "{name} 已释放：按名字、标签都再也找不到它。",
    "{name} is gone: neither its name nor a tag finds it any more.",
  ],
  "machines.delay": ["脚本延迟", "Scripts take"],
  "machines.delay.of": ["脚本下发到 {name} 的延迟", "How long a script takes to reach {name}"],
  "machines.delay.none": ["无", "no time"],
  "machines.delay.late": ["下发超时", "too long"],
  "machines.delayed": ["下发到 {name} 的脚本要等：{time}。", "A script to {name} now takes: {time}."],
  "machines.prompt": ["{name} 又会立刻收到脚本。", "{name} gets its scripts at once again."],
  "machines.runs": ["以前的执行 · {count}", "Earlier runs · {count}"],
  "machines.files": ["文件 · {count}", "Files · {count}"],
  "machines.exit": ["退出码 {code}", "exit code {code}"],
  "machines.since": ["{time} 开始", "since {time}"],
  "machines.output": ["{name} 的输出", "Output of {name}"],
  "machines.silent": ["（还没有输出）", "(no output yet)"],
  "machines.no.output": ["（没有输出）", "(no output)"],
  "machines.script": ["脚本", "Script"],
  "machines.run.Pending": ["等待下发", "pending"],
  "machines.run.Running": ["执行中", "running"],
  "machines.run.Stopping": ["停止中", "stopping"],
  "machines.run.Success": ["成功", "success"],
  "machines.run.Cancelled": ["已取消", "cancelled"],
  "machines.run.Terminated": ["已终止", "terminated"],
  "machines.run.Failed": ["失败", "failed"],
  "machines.run.Timeout": ["超时", "timed out"],
  "machines.run.Aborted": ["未下发", "aborted"],
  "machines.run.Invalid": ["无效", "invalid"],
  "machines.run.Error": ["出错", "error"],
});
