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

/** The button that says who one is, and picks somebody else; `news(id)`: new private messages of that person. */
export function identityPicker(people, me, become, news) {
  const person = people.get(me);
  const name = person?.name ?? me;
  const roles = rolesOf(person);
  const elsewhere = [...people.keys()].some((id) => id !== me && news(id));
  const button = h(
    "button",
    { type: "button", class: "button identity", "aria-label": words.say("people.label", { name }) },
    avatar(me, name),
    h(
      "span",
      { class: "identity-text" },
      h("span", { class: "identity-lead" }, words.say("people.i")),
      h("b", {}, name),
      roles ? h("span", { class: "tag" }, roles) : null,
    ),
    elsewhere
      ? h("span", { class: "news-dot", role: "img", "aria-label": words.say("people.elsewhere") })
      : null,
    icon("down"),
  );
  const items = () =>
    [...people.values()].map((each) => ({
      label: [
        each.name,
        rolesOf(each),
        news(each.id) ? words.say("people.news", { count: news(each.id) }) : "",
      ]
        .filter(Boolean)
        .join(" · "),
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
  "people.news": ["{count} 条新私聊", "{count} new privately"],
  "people.elsewhere": ["别人有新的私聊", "somebody else has a new private message"],
  "people.pick": ["换成谁", "Be somebody"],
});
