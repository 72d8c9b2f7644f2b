// What may stand where the cursor is: commands, their parameters, machines, requests, people.

const MOST = 9;
const QUOTES = { '"': '"', "'": "'", "“": "”", "‘": "’", "「": "」" };
const SEPARATOR = /[\s,，、;；]/;

/** Where the word under the cursor begins, the word, and those before it; null inside quotes. */
function place(text) {
  const before = [];
  let [start, quote] = [0, ""];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quote) quote = letter === quote ? "" : quote;
    else if (QUOTES[letter]) quote = QUOTES[letter];
    else if (SEPARATOR.test(letter)) {
      if (at > start) before.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return quote ? null : { start, word: text.slice(start), before };
}

function starts(text, word) {
  return text.toLowerCase().startsWith(word.toLowerCase());
}

function bare(word) {
  return word.replace(/^[/／]/, "");
}

function spellings(command) {
  return [command.name, ...(command.aliases ?? [])];
}

function meant(commands, word) {
  const folded = bare(word).toLowerCase();
  return commands.find((command) => spellings(command).some((each) => each.toLowerCase() === folded));
}

/** Commands by the spelling that fits what is typed; the first other one stands beside it. */
function ofCommands(word, { commands, pick }) {
  const items = commands.flatMap((command) => {
    const all = spellings(command);
    const label = all.find((each) => starts(each, bare(word)));
    if (!label) return [];
    const other = all.find((each) => each !== label);
    const detail = [other, pick(command.summary)].filter(Boolean).join(" – ");
    return [{ kind: "command", label, insert: `${label} `, detail }];
  });
  return items.sort((a, b) => a.label.length - b.label.length || (a.label < b.label ? -1 : 1));
}

function ofPeople(word, { people }) {
  const typed = word.slice(1);
  return people
    .filter(({ id, name }) => starts(name, typed) || starts(id, typed))
    .map(({ id, name, roles }) => {
      return {
        kind: "person",
        label: `@${name}`,
        insert: `@${name} `,
        detail: (roles ?? []).join(" · "),
        person: id,
      };
    });
}

/** Machines by name, and tags that several of them have. */
function ofMachines(word, used, { machines }) {
  const item = (label, detail) => ({ kind: "machine", label, insert: `${label} `, detail });
  const tags = new Map();
  for (const { name, tags: own } of machines) {
    for (const [key, value] of Object.entries(own ?? {})) {
      const tag = `tag:${key}=${value}`;
      tags.set(tag, [...(tags.get(tag) ?? []), name]);
    }
  }
  const named = machines.map(({ name, region, status }) =>
    item(name, [region, status].filter(Boolean).join(" · ")),
  );
  const tagged = [...tags]
    .filter(([, names]) => names.length > 1)
    .map(([tag, names]) => item(tag, names.join(" ")));
  const all = word ? [...named, ...tagged] : named;
  return all.filter(({ label }) => starts(label, word) && !used.includes(label));
}

function ofRequests(word, { requests }) {
  return requests
    .filter(([number]) => starts(number, word.replace(/^[#＃]/, "")))
    .map(([number, title]) => ({ kind: "request", label: number, insert: `${number} `, detail: title }));
}

/** What a parameter takes. */
function ofValues(word, parameter, used, context) {
  if (parameter.choices?.length) {
    const fits = parameter.choices.filter((each) => starts(each, word));
    return fits.map((each) => ({
      kind: "choice",
      label: each,
      insert: `${each} `,
      detail: context.pick(parameter.help),
    }));
  }
  if (parameter.type === "request") return ofRequests(word, context);
  if (parameter.type === "targets" || parameter.name === "instance") return ofMachines(word, used, context);
  return parameter.name === "command" ? ofCommands(word, context) : [];
}

function names(parameter) {
  return [parameter.name, ...(parameter.names ?? [])];
}

/** Names of parameters that are not there yet, in the language of the command's word; a text gets its quotes,
 * the cursor between them. */
function ofNames(word, used, command, chinese, { pick }) {
  const there = (each) => names(each).some((name) => used.some((one) => starts(one, `${name}=`)));
  return command.parameters
    .filter((each) => !["targets", "script", "request", "code"].includes(each.type) && !there(each))
    .flatMap((each) => {
      const usual = (chinese && names(each).find((name) => /[^ -~]/.test(name))) || each.name;
      const label = [usual, ...names(each)].find((name) => starts(name, word));
      if (!label) return [];
      const quoted = each.type === "text";
      const insert = quoted ? `${label}=""` : `${label}=`;
      return [
        {
          kind: "parameter",
          label: `${label}=`,
          insert,
          back: quoted ? 1 : 0,
          detail: pick(each.help),
          required: each.required,
        },
      ];
    })
    .sort((a, b) => Number(b.required) - Number(a.required));
}

function behind(word, [first, ...used], context) {
  const command = meant(context.commands, first);
  if (!command) return [];
  const named = word.startsWith("tag:") ? null : /^([^=＝:：]+)[=＝:：](.*)$/s.exec(word);
  if (named) {
    const parameter = command.parameters.find((each) => names(each).includes(named[1]));
    const lead = word.slice(0, word.length - named[2].length);
    const items = parameter ? ofValues(named[2], parameter, used, context) : [];
    return items.map((item) => ({ ...item, insert: lead + item.insert }));
  }
  const unnamed = used.filter((each) => each.startsWith("tag:") || !/[=＝]/.test(each));
  const targets = command.parameters.find((each) => each.type === "targets");
  const next = command.parameters[unnamed.length];
  const positions = next && !next.named && next !== targets ? [next] : [];
  if (targets) positions.push(targets);
  const values = positions.flatMap((each) => ofValues(word, each, unnamed, context));
  return [...values, ...ofNames(word, used, command, /[^ -~]/.test(first), context)];
}

/**
 * What may stand at the end of `text`: {start, items: [{kind, label, insert, detail, back, person}]}.
 * `context` is {commands, machines, people, requests: [[number, title]], pick(texts)}.
 */
export function suggestions(text, context) {
  const found = text.includes("\n") ? null : place(text);
  if (!found) return { start: text.length, items: [] };
  const { start, word, before } = found;
  let items = [];
  if (/^[@＠]/.test(word)) items = ofPeople(word, context);
  else if (before.length) items = behind(word, before, context);
  else if (word) items = ofCommands(word, context);
  if (items.length === 1 && items[0].insert.trim() === word) items = [];
  return { start, items: items.slice(0, MOST) };
}
