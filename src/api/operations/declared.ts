import * as v from "valibot";
import { define } from "../operation.ts";
import { listParameters } from "../parameters.ts";
import { module, moduleList, variable, variableList } from "../schemas/declared.ts";

const reads = { method: "GET", group: "Declarations", role: "viewer", answeredBy: "any", changes: false } as const;

/** What the state of nodes is made of, and what changes it. */
export const declaredOperations = {
  listVariables: define({
    ...{ ...reads, path: "/api/v1/variables" },
    summary: "Lists the variables that a node's state may have, with type, unit, writer and meaning",
    parameters: {
      query: {
        url: {
          kind: "text",
          schema: v.pipe(v.string(), v.maxLength(600, "at most 600 characters")),
          about: "Only the variable of this URL, and those below it: `/services/sshd`",
        },
        ...listParameters,
      },
    },
    answers: { 200: { about: "The variables, by URL", schema: variableList } },
    list: { key: "variables", item: variable },
  }),
  listModules: define({
    ...{ ...reads, path: "/api/v1/modules" },
    summary: "Lists modules: what each discovers and changes, and how those of this aggregator are",
    parameters: { query: listParameters },
    answers: { 200: { about: "The modules, by name", schema: moduleList } },
    list: { key: "modules", item: module },
  }),
};
