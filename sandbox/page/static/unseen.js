// "3 new ↓": messages that came where one was not looking.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import * as words from "./words.js";

/** The pill over a scrolled list: `add(node)` counts a message until it has been in sight. */
export function unseen(scroller) {
  const nodes = new Set();
  const pill = h("button", { type: "button", class: "unseen", hidden: true });
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) forget(entry.target);
      draw();
    },
    { root: scroller },
  );
  function forget(node) {
    nodes.delete(node);
    watcher.unobserve(node);
  }
  function first() {
    for (const node of nodes) if (!node.isConnected) forget(node);
    return nodes.values().next().value;
  }
  function draw() {
    const node = first();
    pill.hidden = !node;
    if (!node) return;
    const above = node.getBoundingClientRect().top < scroller.getBoundingClientRect().top;
    pill.classList.toggle("above", above);
    fill(pill, words.say("unseen.count", { count: nodes.size }), icon("down"));
  }
  pill.addEventListener("click", () => {
    const node = first();
    node?.scrollIntoView({ block: "center" });
    scroller.focus({ preventScroll: true });
  });
  return {
    pill,
    add(node) {
      if (!node) return;
      nodes.add(node);
      watcher.observe(node);
    },
    clear() {
      for (const node of [...nodes]) forget(node);
      draw();
    },
    close: () => watcher.disconnect(),
  };
}

words.add({ "unseen.count": ["{count} 条新消息", "{count} new"] });
