import { defineModule, type Module, UnavailableError } from "../../src/module/mod.ts";
import { nopowerDeclaration } from "./declaration.ts";

/**
 * Makes the module for nodes with `/platform=none`. It belongs into an aggregator, whose links discover what it declares: see
 * `conclude` in `aggregator/ownership/contact.ts`.
 */
export function createNopowerModule(): Module {
  return defineModule(nopowerDeclaration, () => ({
    mutations: {
      appear({ node }) {
        // Nothing was tried, so no attempt is used up, however long the machine stays away.
        throw new UnavailableError(
          `the agent of '${node.name}' has not been heard, and nobody can power it from here: switch it on yourself`,
        );
      },
    },
  }));
}
