import { type ModuleInfo, operations, type VariableInfo } from "../../src/api/mod.ts";
import { isAtOrBelow, KEPT_URLS, readAbout, typeText, type Variable } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { KnownModule } from "../control/modules.ts";
import type { Handlers } from "./handler.ts";
import { answerPage } from "./list.ts";

/** Tells what modules declare. */
export function createDeclaredHandlers(control: Control): Pick<Handlers, "listVariables" | "listModules"> {
  function present(url: string, extension: string, variable: Variable): VariableInfo {
    const { meaning, unit, normal } = readAbout(variable);
    const { type, writer, reported = false } = variable;
    return {
      ...{ url, extension, meaning, type: typeText(type) },
      ...(type.kind === "enum" && { values: type.values }),
      ...(unit !== "" && { unit }),
      ...(normal !== "" && { default: normal }),
      ...{ writer, isGoal: control.isMutable(url), isReported: reported },
      isInternal: KEPT_URLS.has(url) || /\. Internal|^Internal/.test(variable.about),
    };
  }

  return {
    listVariables(asked) {
      const { url: wanted } = asked;
      // Several modules may declare an extension.
      const all = new Map<string, VariableInfo>();
      for (const { name, variables } of control.schema.extensions) {
        for (const [url, variable] of Object.entries(variables)) {
          if (wanted === undefined || isAtOrBelow(url, wanted.replace(/\/$/, ""))) {
            all.set(url, present(url, name, variable));
          }
        }
      }
      const variables = [...all.values()].sort((a, b) => a.url < b.url ? -1 : 1);
      return answerPage(operations.listVariables.list, variables, asked, ({ url }) => url);
    },
    listModules: (asked) =>
      answerPage(
        operations.listModules.list,
        control.modules().map(presentModule),
        asked,
        ({ name, runsIn }) => `${name} ${runsIn}`,
      ),
  };
}

function presentModule({ declaration, runsIn, state, error, config }: KnownModule): ModuleInfo {
  const { name, about, discovers, mutations } = declaration;
  return {
    ...{ name, about, runsIn },
    ...(state !== undefined && { state }),
    ...(error !== undefined && { error }),
    configUrl: `/services/${name}/config`,
    ...(config !== undefined && { config }),
    discovers,
    mutations: Object.entries(mutations).map(([id, { about, context, changes, disruption = 1, timeout }]) => ({
      ...{ id, ...(about !== undefined && { about }) },
      ...{ context, disruption, timeout },
      changes: Object.fromEntries(Object.entries(changes).map(([url, [from, to]]) => [url, [from, to] as const])),
    })),
  };
}
