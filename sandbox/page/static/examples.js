// Sentences with which a newcomer can begin.

import { h } from "./dom.js";
import * as words from "./words.js";

/** Texts to send, each with what it does. */
export function texts() {
  return [
    [words.say("examples.restart"), words.say("examples.restart.why")],
    [words.say("examples.runbook"), words.say("examples.runbook.why")],
    [words.say("examples.help"), words.say("examples.help.why")],
  ];
}

/** The examples as buttons. */
export function examples(platform, send) {
  return h(
    "ul",
    { class: "examples" },
    texts().map(([text, why]) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "example", on: { click: () => send(text) } },
          h("code", {}, text),
          h("span", { class: "muted" }, why),
        ),
      ),
    ),
  );
}

words.add({
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
  "examples.help": ["帮助", "help"],
  "examples.help.why": ["我能做什么", "what I may do here"],
});
