// The people one can be, and the button that picks one.

import { h } from "./dom.js";
import { avatar, icon } from "./icons.js";
import { menu } from "./menu.js";
import * as words from "./words.js";

/** The eyes through which a chat is seen: {id, name(id), people}. */
export function viewerOf(id, people) {
  return { id, people, name: (each) => people.get(each)?.name ?? each };
}

function rolesOf(person) {
  return person?.roles?.length ? person.roles.join(" · ") : "";
}

export function identityPicker(people, me, become) {
  const person = people.get(me);
  const name = person?.name ?? me;
  const roles = rolesOf(person);
  const button = h(
    "button",
    { type: "button", class: "button identity", "aria-label": words.say("people.label", { name }) },
    avatar(me, name),
    h("span", { class: "identity-text" }, h("span", { class: "identity-lead" }, words.say("people.i")), h("b", {}, name), roles ? h("span", { class: "tag" }, roles) : null),
    icon("down"),
  );
  const items = () =>
    [...people.values()].map((each) => ({
      label: [each.name, rolesOf(each)].filter(Boolean).join(" · "),
      detail: words.pick(each.about),
      icon: avatar(each.id, each.name),
      checked: each.id === me,
      act: () => become(each.id),
    }));
  return menu(button, items, words.say("people.pick"));
}

words.add({
  "people.i": ["我是", "I am"],
  "people.label": ["我是 {name}，换一个人", "I am {name}; be somebody else"],
  "people.pick": ["换成谁", "Be somebody"],
});
