/** What modules declare: variables, and the modules themselves. */
import * as v from "valibot";
import { about, json, milliseconds, type Shape } from "./common.ts";

/** A state variable. */
export const variable = v.object({
  url: about(v.string(), "Its URL; `{name}` stands for a name, such as that of a service"),
  extension: v.string(),
  meaning: v.string(),
  type: about(v.string(), "In words: `text ≤ 64`, `integer 1 to 10`, `{ name: text; port?: integer }`"),
  values: v.exactOptional(about(v.array(v.string()), "Of an enumeration; the first one means that it is unknown")),
  unit: v.exactOptional(v.string()),
  default: v.exactOptional(about(v.string(), "What applies while it is unset")),
  writer: about(
    v.picklist(["cfg", "parent", "self"]),
    "`cfg`: people set it; `parent`: its aggregator discovers it; `self`: its agent, or the aggregator that the node stands for",
  ),
  isGoal: about(v.boolean(), "Some mutation changes it: people may set the value that Kraken is to reach"),
  isReported: about(v.boolean(), "People and their programs report it"),
  isInternal: about(v.boolean(), "Kraken keeps it for itself"),
});
/** A state variable. */
export type VariableInfo = Shape<typeof variable>;
/** State variables, by URL. */
export const variableList = v.object({ variables: v.array(variable), next: v.exactOptional(v.string()) });

/** A module. */
export const module = v.object({
  name: v.string(),
  about: v.string(),
  runsIn: about(
    v.picklist(["aggregator", "agents"]),
    "`aggregator`: in the one that is asked; `agents`: in those that it serves",
  ),
  state: v.exactOptional(about(v.string(), "Of one in the aggregator: RUN, or ERROR with the reason in `error`")),
  error: v.exactOptional(v.string()),
  configUrl: about(v.string(), "Where its config is, in the cfg of the program's own node"),
  config: v.exactOptional(
    about(json, "Its config, of one in the aggregator: change it with a patch of that node's cfg"),
  ),
  discovers: about(v.array(v.string()), "The URLs of what it observes"),
  mutations: v.array(v.object({
    id: v.string(),
    about: v.exactOptional(v.string()),
    context: about(
      v.picklist(["self", "parent", "any"]),
      "Which program runs it: the agent, the aggregator, or either",
    ),
    changes: about(v.record(v.string(), v.tuple([v.string(), v.string()])), "By URL: from and to"),
    disruption: v.number(),
    timeout: milliseconds,
  })),
});
/** A module. */
export type ModuleInfo = Shape<typeof module>;
/** Modules, by name. */
export const moduleList = v.object({ modules: v.array(module), next: v.exactOptional(v.string()) });
