// A pop-up menu under a button: arrows move, Enter chooses, Esc closes.

import { h } from "./dom.js";

const GAP = 4;

/** Put the menu below its button, or above where there is no room, and inside the window. */
function place(menu, button) {
  const anchor = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const [width, height] = [document.documentElement.clientWidth, document.documentElement.clientHeight];
  const below = anchor.bottom + GAP + size.height <= height || anchor.top < size.height;
  menu.style.top = `${Math.max(GAP, below ? anchor.bottom + GAP : anchor.top - GAP - size.height)}px`;
  menu.style.left = `${Math.max(GAP, Math.min(anchor.left, width - size.width - GAP))}px`;
}

function row(item, close) {
  if (item === "-") return h("hr", { role: "separator" });
  const checked = item.checked;
  return h(
    "button",
    {
      class: item.danger ? "menu-item danger" : "menu-item",
      type: "button",
      tabindex: "-1",
      role: checked === undefined ? "menuitem" : "menuitemradio",
      "aria-checked": checked === undefined ? null : String(checked),
      on: {
        click: () => {
          close();
          item.act();
        },
      },
    },
    item.icon ?? null,
    h(
      "span",
      { class: "menu-text" },
      h("span", { class: "menu-label" }, item.label),
      item.detail ? h("span", { class: "menu-detail" }, item.detail) : null,
    ),
  );
}

function move(menu, key) {
  const rows = [...menu.querySelectorAll(".menu-item")];
  const at = rows.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[key];
  if (next === undefined) return false;
  rows[(next + rows.length) % rows.length]?.focus();
  return true;
}

/** Open a menu of `items` at a button; an item is {label, detail, icon, act, checked, danger} or "-". */
function show(button, items, label) {
  const menu = h("div", {
    class: "menu",
    popover: "auto",
    role: "menu",
    "aria-label": label ?? button.getAttribute("aria-label") ?? button.textContent,
  });
  const close = () => menu.hidePopover();
  menu.append(...items.map((item) => row(item, close)));
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Tab") close();
    else if (move(menu, event.key)) event.preventDefault();
  });
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    button.setAttribute("aria-expanded", "false");
    menu.remove();
  });
  document.body.append(menu);
  menu.showPopover();
  place(menu, button);
  button.setAttribute("aria-expanded", "true");
  (menu.querySelector("[aria-checked=true]") ?? menu.querySelector(".menu-item"))?.focus();
}

/** Let a button open the menu of what `items()` gives. */
export function menu(button, items, label) {
  button.setAttribute("aria-haspopup", "menu");
  button.setAttribute("aria-expanded", "false");
  let open = false; // as the button is pressed: the press itself closes the menu then
  button.addEventListener("pointerdown", () => (open = button.getAttribute("aria-expanded") === "true"));
  button.addEventListener("click", () => {
    if (!open) show(button, items(), label);
    open = false;
  });
  return button;
}
