// Beside the groups: what happens behind them, as tabs. A panel's code is loaded when it is first seen.

import * as api from "./api.js";
import { fill, h, hear } from "./dom.js";
import { iconButton } from "./icons.js";
import { tab } from "./memory.js";
import * as words from "./words.js";

const PANELS = ["machines", "wire", "events", "audit", "forms", "control"];

function title(name) {
  return {
    machines: words.say("stage.machines"),
    wire: words.say("stage.wire"),
    events: words.say("stage.events"),
    audit: words.say("stage.audit"),
    forms: words.say("stage.forms"),
    control: words.say("stage.control"),
  }[name];
}

/** Load a panel's code and mount it in a place of its own, which may be gone by then. */
async function put(place, name, feed) {
  try {
    const module = await import(`./panels/${name}.js`);
    module.mount(place, feed, api, words);
  } catch (error) {
    reportError(error);
    fill(place, h("p", { class: "empty" }, words.say("stage.broken", { problem: error.message })));
  }
}

/** The complementary column with its tabs; `close` shuts it where it is a drawer. */
export function backstage(feed, close) {
  let scope = null;
  const panel = h("div", { class: "stage-panel", role: "tabpanel", id: "stage-panel", tabindex: "0" });
  const tabs = PANELS.map((name) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        class: "stage-tab",
        "aria-controls": "stage-panel",
        dataset: { panel: name },
        on: { click: () => choose(name) },
      },
      title(name),
    ),
  );
  function choose(name) {
    scope?.close();
    scope = feed.scope();
    tab.set("panel", name);
    for (const each of tabs) {
      const chosen = each.dataset.panel === name;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    const place = h("div", { class: `panel panel-${name}` });
    fill(panel, place);
    put(place, name, scope);
  }
  const list = h(
    "div",
    { class: "stage-tabs", role: "tablist", "aria-label": words.say("stage.tabs") },
    tabs,
  );
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    choose(next.dataset.panel);
  });
  hear("look", feed, ({ panel: name }) => name && name !== tab.get("panel", "") && choose(name));
  hear("request", feed, (number) => {
    tab.set("request", number);
    choose("audit");
    list.querySelector("[aria-selected=true]").focus();
  });
  const last = tab.get("panel", PANELS[0]);
  choose(PANELS.includes(last) ? last : PANELS[0]);
  return h(
    "aside",
    { class: "backstage", id: "backstage", "aria-label": words.say("stage.title") },
    h(
      "div",
      { class: "stage-head" },
      list,
      iconButton("close", words.say("stage.close"), {
        class: "button quiet square stage-close",
        on: { click: close },
      }),
    ),
    panel,
  );
}

words.add({
  "stage.title": ["后台", "Backstage"],
  "stage.tabs": ["后台的各个面板", "Panels of backstage"],
  "stage.close": ["收起后台", "Close backstage"],
  "stage.machines": ["机器", "Machines"],
  "stage.wire": ["报文", "Wire"],
  "stage.events": ["事件", "Events"],
  "stage.audit": ["审计", "Audit"],
  "stage.forms": ["审批单", "Forms"],
  "stage.control": ["控制", "Control"],
  "stage.broken": ["这个面板打不开：{problem}", "This panel does not open: {problem}"],
});
