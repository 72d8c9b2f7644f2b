// Who draws the messages of which platform.

import * as dingtalk from "./dingtalk.js";
import * as lark from "./lark.js";

export const RENDERERS = { dingtalk, lark };
