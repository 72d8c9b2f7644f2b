// What the page itself says, in Chinese and in English, by key. Each module adds its own.

export const LOCALES = ["zh-CN", "en"];
const phrases = new Map();

export let locale = document.documentElement.lang === "en" ? "en" : "zh-CN";

/** Take phrases in, by key: each is [Chinese, English]. Keys are the module and a name. */
export function add(more) {
  for (const [key, pair] of Object.entries(more)) phrases.set(key, pair);
}

/** Speak this language from now on. */
export function change(name) {
  locale = name;
  document.documentElement.lang = name;
}

/** The phrase of a key, with {name} replaced by facts. */
export function say(key, facts = {}) {
  const pair = phrases.get(key);
  if (!pair) throw new Error(`there is no phrase ${key}`);
  return pair[LOCALES.indexOf(locale)].replace(/\{(\w+)\}/g, (all, name) => facts[name] ?? all);
}

/** The text of {"zh-CN": …, "en": …} in the page's language; a plain text stays what it is. */
export function pick(texts) {
  if (texts === null || texts === undefined) return "";
  return typeof texts === "string" ? texts : (texts[locale] ?? texts["zh-CN"] ?? texts.en ?? "");
}

function two(number) {
  return String(number).padStart(2, "0");
}

/** "10:32:05"; `at` in seconds since 1970. */
export function clock(at) {
  const date = new Date(at * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** "10:32". */
export function minute(at) {
  return clock(at).slice(0, 5);
}

/** "11月30日 星期一" or "Monday, November 30". */
export function day(at) {
  return new Date(at * 1000).toLocaleDateString(locale, { weekday: "long", month: "long", day: "numeric" });
}

/** "42 秒", "3 分 5 秒", "2 小时 10 分"; in English "42 s", "3 min 5 s", "2 h 10 min". */
export function duration(seconds) {
  const all = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  if (hours) return say("words.hours", { hours, minutes });
  if (minutes) return say("words.minutes", { minutes, seconds: rest });
  return say("words.seconds", { seconds: rest });
}

add({
  "words.seconds": ["{seconds} 秒", "{seconds} s"],
  "words.minutes": ["{minutes} 分 {seconds} 秒", "{minutes} min {seconds} s"],
  "words.hours": ["{hours} 小时 {minutes} 分", "{hours} h {minutes} min"],
});
