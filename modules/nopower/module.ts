import { defineModule, type Module } from "../../src/module/mod.ts";
import { nopowerDeclaration } from "./declaration.ts";

/**
 * Makes the module for nodes with `/platform=none`. It belongs into an aggregator, whose links discover what it declares: see
 * `inferState` in `aggregator/ownership/silence.ts`.
 */
export function createNopowerModule(): Module {
  return defineModule(nopowerDeclaration, () => ({
    mutations: {
      appear(run) {
        const words =
          `the agent of '${run.node.name}' has not been heard, and nothing here controls its power: switch it on yourself`;
        run.saw({ words, ifLate: "unavailable" }); // however long it stays away, it has not failed
      },
    },
  }));
}
