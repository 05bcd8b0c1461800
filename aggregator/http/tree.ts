import { type List, operations } from "../../src/api/mod.ts";
import type { Control } from "../control/control.ts";
import type { Handlers } from "./handler.ts";
import { answerPage } from "./list.ts";

const LIST: List = operations.listTree.list;

/** Lists the aggregators from here down, and how the nodes below each are. */
export function createTreeHandlers(control: Control): Pick<Handlers, "listTree"> {
  return { listTree: (asked) => answerPage(LIST, control.tree(), asked, ({ id }) => id) };
}
