import { canonicalText, type Conditions, core, createSchema, isNodeName, tree } from "../state/mod.ts";
import { checkMutation } from "./check_mutation.ts";
import { conditionsFor } from "./conditions.ts";
import { createLookup, type Lookup } from "./lookup.ts";
import type { ModuleDeclaration } from "./mutation.ts";
import type { Domain } from "./plan.ts";

/**
 * Checks the declarations of a set of modules and prepares them for planning.
 *
 * @param modules The declarations. Their order does not matter; a module that is given twice counts once.
 * @returns A domain for {@link createPlanner}.
 * @throws {TypeError} If a declaration is not valid. The message names the module, the mutation, the URL and what was
 * expected.
 * @throws {SyntaxError} If an extension declares a malformed URL.
 *
 * @example A declaration with a mistake
 * ```ts
 * import assert from "node:assert/strict";
 * import { compileDomain, type ModuleDeclaration } from "../src/plan/mod.ts";
 * import { core } from "../src/state/mod.ts";
 *
 * const power: ModuleDeclaration = {
 *   name: "power",
 *   about: "Switches nodes on",
 *   extensions: [core],
 *   discovers: ["/physState"],
 *   mutations: { on: { context: "parent", changes: { "/physState": ["POWER_OFF", "POWER_UP"] }, timeout: 60_000 } },
 * };
 * assert.throws(() => compileDomain([power]), /'power\/on'.*"POWER_UP"/);
 * ```
 */
export function compileDomain(modules: readonly ModuleDeclaration[]): Domain {
  const ordered = distinctModules(modules);
  const schema = createSchema(ordered.flatMap((module) => module.extensions));
  const lookup = createLookup(schema);
  for (const module of ordered) checkDiscovers(lookup, module);
  const mutations = ordered.flatMap(({ name, mutations }) =>
    Object.entries(mutations).sort(byKey).map(([id, mutation]) => {
      checkName(`mutation of module '${name}'`, id);
      return checkMutation(lookup, name, id, mutation);
    })
  );
  const changed = new Set(mutations.flatMap(({ declaration }) => Object.keys(declaration.changes)));
  const conditions = conditionsFor(schema, lookup, mutations);
  const idle = idleVariables(ordered, lookup, conditions);
  return {
    schema,
    conditions,
    modules: ordered,
    mutations,
    isMutable: (url) => changed.has(url) || changed.has(schema.find(url)?.pattern ?? url),
    isIdle: (url) => idle.has(schema.find(url)?.pattern ?? url),
  };
}

/** See {@link Domain.isIdle}. @returns Declared URLs and patterns. */
function idleVariables(modules: readonly ModuleDeclaration[], lookup: Lookup, conditions: Conditions): Set<string> {
  const patternOf = (url: string): string => lookup(url)?.pattern ?? url;
  const idle = new Set(modules.flatMap(({ discovers }) => discovers.map(patternOf)));
  const read = modules.flatMap(({ mutations }) =>
    Object.values(mutations).flatMap(({ changes, requires, excludes, failTo }) =>
      [changes, requires, excludes, failTo].flatMap((part) => Object.keys(part ?? {}))
    )
  );
  for (const url of read) idle.delete(patternOf(url));
  for (const condition of conditions.values()) for (const url of Object.keys(condition)) idle.delete(patternOf(url));
  for (const extension of [core, tree]) for (const url of Object.keys(extension.variables)) idle.delete(url);
  return idle;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checkName(what: string, name: string): void {
  if (!isNodeName(name)) {
    throw new TypeError(`Cannot use the name '${name}' for a ${what}: expected 1 to 64 letters, digits, '_', '.', '-'`);
  }
}

function distinctModules(modules: readonly ModuleDeclaration[]): ModuleDeclaration[] {
  const byName = new Map<string, ModuleDeclaration>();
  for (const module of modules) {
    checkName("module", module.name);
    const before = byName.get(module.name);
    if (before !== undefined && before !== module && textOf(before) !== textOf(module)) {
      throw new TypeError(
        `Cannot use module '${module.name}': it is declared twice and differently, expected one declaration`,
      );
    }
    byName.set(module.name, module);
  }
  return [...byName].sort(byKey).map(([, module]) => module);
}

function textOf({ name, about, extensions, discovers, mutations }: ModuleDeclaration): string {
  return canonicalText(JSON.parse(JSON.stringify({ name, about, extensions, discovers, mutations })));
}

function checkDiscovers(lookup: Lookup, module: ModuleDeclaration): void {
  for (const url of module.discovers) {
    const writer = lookup(url)?.variable.writer;
    if (writer === undefined || writer === "cfg") {
      const found = writer === undefined ? "is not declared" : "has the writer 'cfg'";
      throw new TypeError(
        `Cannot use module '${module.name}': '${url}' in discovers ${found}, expected a variable that parent or self writes`,
      );
    }
  }
}
