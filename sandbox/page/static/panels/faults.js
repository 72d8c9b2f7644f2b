// Faults of the platforms: what can be ordered, what each means, which still wait to happen.

import { fill, h } from "../dom.js";
import { add, pick, say } from "../words.js";
import { actor, choice } from "./parts.js";

const TIMES = [1, 3, 10, 9999];
const PLATFORMS = ["dingtalk", "lark", "aliyun", "sink"];

/** One kind of fault: what it is called, what it means, and the button that orders it. */
function kind(each, line, api, times) {
  const order = async () => {
    await api.act("fault.add", { platform: each.platform, kind: each.name, times: Number(times.value) });
    return say("faults.ordered", { title: pick(each.title) });
  };
  const button = actor(line, pick(each.title), order);
  return h("li", {}, button, h("span", { class: "muted" }, pick(each.about)));
}

/** What is done to a platform's connection at once, and the last push made once more. */
function network(platform, line, api) {
  const ways = {
    ask: "wire.disconnect",
    cut: "wire.disconnect",
    zombie: "wire.disconnect",
    alive: "wire.disconnect",
    repeat: "wire.repeat",
  };
  return Object.entries(ways).map(([how, name]) => {
    const work = async () => {
      await api.act(name, name === "wire.repeat" ? { platform } : { platform, how });
      return say(`faults.done.${how}`);
    };
    return h(
      "li",
      {},
      actor(line, say(`faults.now.${how}`), work),
      h("span", { class: "muted" }, say(`faults.about.${how}`)),
    );
  });
}

/** The faults that wait on a platform, with the button that takes them away. */
function waiting(platform, all, kinds, line, api) {
  const clear = async () => {
    await api.act("fault.clear", { platform });
    return say("faults.cleared");
  };
  const title = (each) => pick(kinds.find((one) => one.name === each.name)?.title) || each.do;
  return h(
    "div",
    { class: "waiting" },
    h("strong", {}, say("faults.waiting")),
    all.map((each) =>
      h(
        "span",
        { class: "fact" },
        `${title(each)}${each.api && each.api !== "*" ? ` (${each.api})` : ""} ×${each.times}`,
      ),
    ),
    actor(line, say("faults.clear"), clear, { class: "button small" }),
  );
}

/** The section of faults: {element, draw}. */
export function faults(feed, api, line) {
  const times = choice(
    say("faults.times"),
    TIMES.map((count) => [count, count > 10 ? say("faults.always") : say("faults.count", { count })]),
  );
  const body = h("div", {});
  const open = new Set([PLATFORMS[0]]);
  let drawn = "";
  const platform = (name, kinds, all) => {
    const details = h(
      "details",
      { class: "section", open: open.has(name) },
      h(
        "summary",
        {},
        h("strong", {}, say(`platform.${name}`)),
        all.length ? h("span", { class: "tag warn" }, say("faults.some", { count: all.length })) : null,
      ),
      all.length ? waiting(name, all, kinds, line, api) : null,
      h(
        "ul",
        { class: "plain faults" },
        kinds.map((each) => kind(each, line, api, times)),
        ["dingtalk", "lark"].includes(name) ? network(name, line, api) : null,
      ),
    );
    details.addEventListener("toggle", () => (details.open ? open.add(name) : open.delete(name)));
    return details;
  };
  const draw = () => {
    const kinds = [...feed.all("faultkinds").values()];
    const all = [...feed.all("faults").values()];
    const text = JSON.stringify([kinds, all]);
    if (text === drawn) return;
    drawn = text;
    const focused = [...body.querySelectorAll("button")].indexOf(document.activeElement);
    fill(
      body,
      PLATFORMS.map((name) =>
        platform(
          name,
          kinds.filter((each) => each.platform === name),
          all.filter((each) => each.platform === name),
        ),
      ),
    );
    if (focused >= 0) body.querySelectorAll("button")[focused]?.focus();
  };
  const element = h(
    "section",
    { class: "box", "aria-label": say("faults.title") },
    h("h2", {}, say("faults.title")),
    h("p", { class: "muted" }, say("faults.about")),
    h("label", { class: "field inline" }, h("span", { "aria-hidden": "true" }, say("faults.times")), times),
    body,
  );
  return { element, draw };
}

add({
  "faults.title": ["故障", "Faults"],
  "faults.about": [
    "点一下就注入一次：下一次调用或推送会出这个问题。试着弄丢、弄重一个申请。",
    "Press one, and the next call or push goes wrong in that way. Try to lose a request, or to run one twice.",
  ],
  "faults.times": ["注入几次", "How often"],
  "faults.count": ["{count} 次", "{count}×"],
  "faults.some": ["{count} 个待触发", "{count} waiting"],
  "faults.waiting": ["待触发：", "Waiting:"],
  "faults.clear": ["全部清除", "Clear"],
  "faults.cleared": ["待触发的故障都清除了。", "No fault waits any more."],
  "faults.ordered": ["“{title}”会在下一次发生。", "“{title}” happens the next time."],
  "faults.always": ["一直", "always"],
  "faults.now.ask": ["要求重连", "Ask to reconnect"],
  "faults.about.ask": [
    "平台通知要断开：机器人应先连上新的，再放掉旧的。",
    "The platform says that it will close: the bot connects anew before it lets go.",
  ],
  "faults.done.ask": ["平台要求重连了。", "It was asked to reconnect."],
  "faults.now.cut": ["直接断线", "Cut the line"],
  "faults.about.cut": [
    "连接一声不响地断了：机器人应自己重连，断线期间的消息不丢。",
    "The connection ends without a word: the bot comes back, and nothing said meanwhile is lost.",
  ],
  "faults.done.cut": ["线断了。", "The line is cut."],
  "faults.now.zombie": ["僵尸连接", "Zombie connection"],
  "faults.about.zombie": [
    "连接看着还活着，其实什么都送不到：机器人应发现并重连。",
    "It looks alive, and nothing comes through: the bot should notice and connect anew.",
  ],
  "faults.done.zombie": ["现在的连接成了僵尸。", "The connection is a zombie now."],
  "faults.now.alive": ["解除僵尸", "End the zombie"],
  "faults.about.alive": ["连接恢复正常。", "The connection works again."],
  "faults.done.alive": ["连接恢复正常了。", "The connection works again."],
  "faults.now.repeat": ["再推一次", "Push again"],
  "faults.about.repeat": [
    "平台把最后一条消息原样再推一遍：机器人不该做第二次。",
    "The platform pushes its last message once more: nothing is done twice.",
  ],
  "faults.done.repeat": ["最后一条消息又推了一遍。", "The last message was pushed again."],
});
