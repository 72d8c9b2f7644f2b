// What somebody opened, typed and focused in a card, kept while the card is drawn anew.

const CONTROLS = "button, input, textarea, select, summary, a";

function keyOf(fold, index) {
  return fold.dataset.key ?? String(index);
}

/** What is open, typed and focused in an element. */
export function keep(element) {
  const state = { open: new Map(), values: new Map(), focus: -1, caret: null };
  element.querySelectorAll("details").forEach((each, index) => state.open.set(keyOf(each, index), each.open));
  element.querySelectorAll("[name]").forEach((each) => state.values.set(each.name, each.value));
  const active = document.activeElement;
  if (element.contains(active)) {
    state.focus = [...element.querySelectorAll(CONTROLS)].indexOf(active);
    state.caret = active.selectionStart ?? null;
  }
  return state;
}

/** Put it back where there still is something for it. */
export function restore(element, state) {
  element
    .querySelectorAll("details")
    .forEach((each, index) => (each.open = state.open.get(keyOf(each, index)) ?? each.open));
  for (const each of element.querySelectorAll("[name]"))
    each.value = state.values.get(each.name) ?? each.value;
  const target = element.querySelectorAll(CONTROLS)[state.focus];
  target?.focus({ preventScroll: true });
  if (state.caret !== null) target?.setSelectionRange?.(state.caret, state.caret);
}
