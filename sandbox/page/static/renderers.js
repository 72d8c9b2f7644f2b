// Who draws the messages of which platform.

import { h } from "./dom.js";

export const RENDERERS = {};

for (const platform of ["dingtalk", "lark"]) {
  try {
    RENDERERS[platform] = await import(`./${platform}.js`);
  } catch {
    RENDERERS[platform] = { draw: (message) => h("pre", {}, JSON.stringify(message.payload, null, 1)), summary: (message) => message.kind };
  }
}
