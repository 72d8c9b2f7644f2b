// Elements made of data. Text goes in as text only: nothing here parses markup.

const PROPERTIES = new Set([
  "value",
  "checked",
  "disabled",
  "open",
  "selected",
  "hidden",
  "readOnly",
  "indeterminate",
]);
const SVG = "http://www.w3.org/2000/svg";

function set(element, name, value) {
  if (name === "text") element.textContent = value ?? "";
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "on")
    for (const [kind, act] of Object.entries(value)) element.addEventListener(kind, act);
  else if (name === "style" || /^on/i.test(name)) throw new Error(`${name} is no attribute to set`);
  else if (PROPERTIES.has(name)) element[name] = value;
  else if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : value);
}

function build(element, props, children) {
  const { value, ...rest } = props ?? {};
  for (const [name, each] of Object.entries(rest)) set(element, name, each);
  append(element, children);
  if (value !== undefined) element.value = value ?? ""; // a select knows its value when its options are there
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** An element: h("p", {class: "muted", on: {click: act}}, "text", node, [more]). */
export function h(tag, props, ...children) {
  return build(document.createElement(tag), props, children);
}

/** An element of a drawing. */
export function svg(tag, props, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

/** Replace the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** A link to http or https, opened beside the page; any other address stays text. */
export function link(address, text = address) {
  let url = null;
  try {
    url = new URL(address);
  } catch {
    // no address at all: shown as it is
  }
  if (!url || !["http:", "https:"].includes(url.protocol)) return h("span", { class: "address" }, text);
  return h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", title: url.href }, text);
}

/**
 * Make the children of `parent` those of `items`, in this order. `keyOf(item)` is a text; a child
 * whose key is still there stays the same node. `make(item)` gives a node; `change(node, item)` is
 * called for nodes that were there.
 */
export function keyed(parent, items, keyOf, make, change = () => {}) {
  const nodes = (parent.keyedNodes ??= new Map());
  const keys = new Set(items.map(keyOf));
  for (const [key, node] of nodes) {
    if (!keys.has(key)) {
      node.remove();
      nodes.delete(key);
    }
  }
  let next = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    let node = nodes.get(key);
    if (node) change(node, item);
    else nodes.set(key, (node = make(item)));
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
}

/** Call `fn(detail)` at each event `name` of the page, until `scope` (of the feed) is closed. */
export function hear(name, scope, fn) {
  const listener = (event) => fn(event.detail);
  document.addEventListener(name, listener);
  scope.ending(() => document.removeEventListener(name, listener));
}
