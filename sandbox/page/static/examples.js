// Sentences with which a newcomer can begin.

import { h } from "./dom.js";
import * as words from "./words.js";

/** Texts that make sense in a chat ("ops", "hr", "direct:alice"), each with what it does. */
export function texts(chat) {
  const help = [words.say("examples.help"), words.say("examples.help.why")];
  const pending = [words.say("examples.pending"), words.say("examples.pending.why")];
  if (chat === "hr")
    return [[words.say("examples.provision"), words.say("examples.provision.why")], pending, help];
  if (chat.startsWith("direct:"))
    return [[words.say("examples.whoami"), words.say("examples.whoami.why")], pending, help];
  return [
    [words.say("examples.restart"), words.say("examples.restart.why")],
    [words.say("examples.runbook"), words.say("examples.runbook.why")],
    help,
  ];
}

/** What an empty chat says: what to do, and examples as buttons that send themselves. */
export function welcome(chat, send) {
  const example = ([text, why]) =>
    h(
      "button",
      { type: "button", class: "example", on: { click: () => send(text) } },
      h("code", {}, text),
      h("span", { class: "muted" }, why),
    );
  return [
    h("p", {}, words.say("examples.empty")),
    h(
      "ul",
      { class: "examples" },
      texts(chat).map((each) => h("li", {}, example(each))),
    ),
  ];
}

words.add({
  "examples.empty": [
    "这里还没有消息。在下面输入，或者点一个例子：",
    "Nothing here yet. Type below, or press one of these:",
  ],
  "examples.restart": ['重启 web-01 原因="内存泄漏"', 'restart web-01 reason="memory leak"'],
  "examples.restart.why": [
    "重启服务；然后在右上角换成 Bob，按同意",
    "restart a service; then be Bob, at the top right, and approve",
  ],
  "examples.runbook": [
    "审批后重启 web-01 web-02 rateControl=1",
    "reboot-with-approval web-01 web-02 rateControl=1",
  ],
  "examples.runbook.why": ["运维编排模板，执行到一半会再问一次", "a runbook that asks again in the middle"],
  "examples.provision": ["开通 E123 devops", "provision E123 devops"],
  "examples.provision.why": [
    "给新同事开通账号目录；同样要有人同意",
    "set up a new colleague; somebody has to approve this, too",
  ],
  "examples.whoami": ["我是谁", "whoami"],
  "examples.whoami.why": ["机器人认得我吗，我有什么权限", "whether the bot knows me, and what I may do"],
  "examples.pending": ["待办", "pending"],
  "examples.pending.why": ["还没有结束的申请", "requests that are still open"],
  "examples.help": ["帮助", "help"],
  "examples.help.why": ["我能做什么", "what I may do here"],
});
