// What may stand where the cursor is: commands, their parameters, machines, people.

const MOST = 8;
const QUOTES = { '"': '"', "“": "”", "「": "」" };

/** Where the word under the cursor begins, and the words before it; null inside quotes. */
export function words(text) {
  const before = [];
  let start = 0;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quote) quote = letter === quote ? "" : quote;
    else if (QUOTES[letter]) quote = QUOTES[letter];
    else if (/[\s,，、]/.test(letter)) {
      if (at > start) before.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return quote ? null : { start, word: text.slice(start), before };
}

function spellings(command) {
  const aliases = Object.values(command.names ?? {}).flat();
  return [command.name, ...aliases.filter((each) => each !== command.name)];
}

function find(commands, word) {
  const folded = word.replace(/^\//, "").toLowerCase();
  return commands.find((command) => spellings(command).some((each) => each.toLowerCase() === folded)) ?? null;
}

function starts(text, word) {
  return text.toLowerCase().startsWith(word.toLowerCase());
}

/** Commands that one may mean, by the spelling that fits; aliases that are not typed stand beside it. */
function ofCommands(word, { commands, pick }) {
  const typed = word.replace(/^\//, "");
  const items = [];
  for (const command of commands) {
    const all = spellings(command);
    const fit = all.find((each) => starts(each, typed));
    if (!fit) continue;
    const others = all.filter((each) => each !== fit).join(" · ");
    items.push({
      kind: "command",
      label: fit,
      insert: `${fit} `,
      detail: [others, pick(command.summary)].filter(Boolean).join(" – "),
      rank: all[0] === fit ? 0 : 1,
    });
  }
  return items.sort((a, b) => a.rank - b.rank);
}

function ofPeople(word, { people }) {
  const typed = word.slice(1);
  return people
    .filter((person) => starts(person.name, typed) || starts(person.id, typed))
    .map((person) => ({
      kind: "person",
      label: `@${person.name}`,
      insert: `@${person.name} `,
      detail: person.roles?.join(" · ") ?? "",
      person: person.id,
    }));
}

function ofMachines(word, used, { machines }) {
  return machines
    .filter((machine) => starts(machine.name, word) && !used.includes(machine.name))
    .map((machine) => ({
      kind: "machine",
      label: machine.name,
      insert: `${machine.name} `,
      detail: [machine.region, machine.status].filter(Boolean).join(" · "),
    }));
}

function ofChoices(word, parameter, lead) {
  return parameter.choices
    .filter((each) => starts(each, word))
    .map((each) => ({ kind: "choice", label: each, insert: `${lead}${each} `, detail: parameter.name }));
}

/** Names of parameters that are not there yet; a text gets its quotes, the cursor between them. */
function ofParameters(word, used, command, { pick }) {
  return command.parameters
    .filter(
      (each) =>
        starts(each.name, word) &&
        !used.some((one) => one.startsWith(`${each.name}=`)) &&
        each.type !== "targets" &&
        each.type !== "script",
    )
    .sort((a, b) => Number(b.required) - Number(a.required))
    .map((each) => {
      const quoted = each.type === "text";
      return {
        kind: "parameter",
        label: `${each.name}=`,
        insert: quoted ? `${each.name}=""` : `${each.name}=`,
        back: quoted ? 1 : 0,
        detail: pick(each.help),
        required: each.required,
      };
    });
}

function ofValues(word, before, context) {
  const command = find(context.commands, before[0]);
  if (!command) return [];
  const used = before.slice(1);
  const named = /^([^=]+)=(.*)$/s.exec(word);
  if (named) {
    const parameter = command.parameters.find((each) => each.name === named[1]);
    if (parameter?.choices?.length) return ofChoices(named[2], parameter, `${named[1]}=`);
    if (parameter?.type === "targets")
      return ofMachines(named[2], used, context).map((each) => ({
        ...each,
        insert: `${named[1]}=${each.insert}`,
      }));
    return [];
  }
  const positional = command.parameters[used.filter((each) => !each.includes("=")).length];
  const choices = positional?.choices?.length ? ofChoices(word, positional, "") : [];
  const requests = command.parameters[0]?.type === "request" && !used.length ? ofRequests(word, context) : [];
  const targets = command.parameters.some((each) => each.type === "targets")
    ? ofMachines(word, used, context)
    : [];
  return [...choices, ...requests, ...targets, ...ofParameters(word, used, command, context)];
}

function ofRequests(word, { requests }) {
  return requests
    .filter(([number]) => starts(number, word.replace("#", "")))
    .map(([number, title]) => ({ kind: "request", label: number, insert: `${number} `, detail: title }));
}

/**
 * What may stand at the end of `text`: {start, items: [{kind, label, insert, detail, back, person}]}.
 * `context` is {commands, machines, people, requests: [[number, title]], pick(texts)}.
 */
export function suggestions(text, context) {
  const none = { start: text.length, items: [] };
  if (text.includes("\n")) return none;
  const place = words(text);
  if (!place) return none;
  const { start, word, before } = place;
  let items;
  if (/^[@＠]/.test(word)) items = ofPeople(word, context);
  else if (!before.length) items = word ? ofCommands(word, context) : [];
  else items = ofValues(word, before, context);
  if (items.length === 1 && items[0].insert.trim() === word) items = [];
  return { start, items: items.slice(0, MOST) };
}
