// What a person can do, as calls of the server.

import { notice } from "./notice.js";
import * as words from "./words.js";

/** Do something; gives the result, or throws an Error with the server's sentence. */
export async function act(name, body = {}) {
  let answer, response;
  try {
    response = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    answer = await response.json();
  } catch {
    throw new Error(words.say(response ? "api.unreadable" : "api.unreachable", { status: response?.status }));
  }
  if (answer.error) throw new Error(words.pick(answer.error));
  return answer.ok;
}

/** The same, but a problem is shown to the person, and null comes back. */
export async function attempt(name, body = {}) {
  try {
    return await act(name, body);
  } catch (error) {
    notice(error.message, "error");
    return null;
  }
}

words.add({
  "api.unreachable": [
    "连不上演示程序：它可能已经退出，请在终端里重新运行 make demo。",
    "The playground cannot be reached. It may have ended: run make demo again in the terminal.",
  ],
  "api.unreadable": [
    "演示程序的应答无法读取（HTTP {status}）。",
    "The playground's answer cannot be read (HTTP {status}).",
  ],
});
