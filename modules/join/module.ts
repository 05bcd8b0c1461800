import { defineModule, type Module } from "../../src/module/mod.ts";
import { joinDeclaration } from "./declaration.ts";

/** Creates the module. It has no handlers: the aggregator's links report what it declares. */
export function createJoinModule(): Module {
  return defineModule(joinDeclaration, () => ({}));
}
