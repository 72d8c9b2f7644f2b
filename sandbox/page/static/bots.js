// The bots as the board tells them: a single one, or several on one database.

export const TONES = {
  connected: "good",
  running: "warn",
  starting: "info",
  frozen: "warn",
  killed: "bad",
  stopped: "bad",
  ended: "bad",
};
export const UP = ["connected", "running", "starting"];
const BEST = [...UP, "frozen"];

/**
 * All of them, in the order of their names: [{name, state, pid, since, starts, locale, connections, log, replica}, …];
 * `replica` is what the database says of one of several, {number, release, state, seen, leads, lease}, or null.
 */
export function bots(feed) {
  return [...feed.all("bot").values()]
    .map((bot) => ({ ...bot, replica: feed.get("replicas", bot.name) }))
    .sort((one, other) => ((one.name ?? "") < (other.name ?? "") ? -1 : 1));
}

/** Do several share a database? A single one is called "bot". */
export function several(feed) {
  return [...feed.all("bot").keys()].some((name) => name !== "bot");
}

/** The one that is best off, which stands for all of them; null: nothing is known yet. */
export function best(feed) {
  const all = bots(feed);
  for (const state of BEST) {
    const found = all.find((bot) => bot.state === state);
    if (found) return found;
  }
  return all[0] ?? null;
}
