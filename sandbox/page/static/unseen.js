// "3 new ↓": messages that came where one was not looking; and the way back to the newest.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import * as words from "./words.js";

/** The pill over a scrolled list: `add(node)` counts a message until it has been in sight; `away(is)` says
 * whether one is far from the end, `bottom()` goes there. */
export function unseen(scroller, bottom) {
  const nodes = new Set();
  let far = false;
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
    pill.hidden = !node && !far;
    if (pill.hidden) return;
    const above = node && node.getBoundingClientRect().top < scroller.getBoundingClientRect().top;
    pill.classList.toggle("above", Boolean(above));
    const label = node ? words.say("unseen.count", { count: nodes.size }) : words.say("unseen.latest");
    fill(pill, label, icon("down"));
  }
  pill.addEventListener("click", () => {
    const node = first();
    if (node) node.scrollIntoView({ block: "center" });
    else bottom();
    scroller.focus({ preventScroll: true });
  });
  return {
    pill,
    add(node) {
      if (!node) return;
      nodes.add(node);
      watcher.observe(node);
    },
    away(is) {
      if (is === far) return;
      far = is;
      draw();
    },
    clear() {
      for (const node of [...nodes]) forget(node);
      draw();
    },
    close: () => watcher.disconnect(),
  };
}

words.add({
  "unseen.count": ["{count} 条新消息", "{count} new"],
  "unseen.latest": ["回到最新", "Latest"],
});
