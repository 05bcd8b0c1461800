import { defineModule, type Module } from "../../src/module/mod.ts";
import { joinDeclaration } from "./declaration.ts";

/** Makes the module. It has no handlers: the aggregator's own links discover what it declares. */
export function createJoinModule(): Module {
  return defineModule(joinDeclaration, () => ({}));
}
