import { describeIssue, findIssue, type Writer } from "../state/mod.ts";
import { MAX_CHANGES, MAX_DISRUPTION, MAX_TIMEOUT } from "./declaration.ts";
import { type Declared, type Lookup, placeholdersOf } from "./lookup.ts";
import type { Mutation } from "./mutation.ts";
import type { DomainMutation } from "./plan.ts";

/**
 * Checks one mutation against the variables of its domain.
 *
 * @param lookup Finds a variable by its declared URL.
 * @param module The module's name.
 * @param id The mutation's id in it.
 * @param mutation The mutation.
 * @throws {TypeError} If it is not valid. The message names the module, the mutation, the URL, what was there and what
 * was expected.
 */
export function checkMutation(lookup: Lookup, module: string, id: string, mutation: Mutation): DomainMutation {
  function refuse(problem: string): never {
    throw new TypeError(`Cannot use mutation '${module}/${id}': ${problem}`);
  }

  function find(role: string, url: string): Declared {
    return lookup(url) ??
      refuse(
        `'${url}' in ${role} is not declared: expected a variable of an extension, patterns as they are written there`,
      );
  }

  function checkValue(role: string, url: string, value: unknown): void {
    const issue = findIssue(find(role, url).variable.type, value, url);
    if (issue !== undefined) refuse(`${describeIssue(issue)} (in ${role})`);
  }

  const changed = Object.keys(mutation.changes).sort();
  if (changed.length < 1 || changed.length > MAX_CHANGES) {
    refuse(`it changes ${changed.length} variables: expected 1 to ${MAX_CHANGES}`);
  }
  const writers = new Map<Writer, string>();
  for (const url of changed) {
    const { variable } = find("changes", url);
    if (variable.type.kind !== "enum") {
      refuse(`'${url}' in changes is of kind '${variable.type.kind}': expected 'enum'`);
    }
    if (variable.writer === "cfg") refuse(`'${url}' in changes has the writer 'cfg': expected 'parent' or 'self'`);
    writers.set(variable.writer, url);
    for (const value of mutation.changes[url] ?? []) checkValue("changes", url, value);
  }
  for (const [url, value] of Object.entries(mutation.requires ?? {})) checkValue("requires", url, value);
  for (const [url, excluded] of Object.entries(mutation.excludes ?? {})) {
    for (const value of Array.isArray(excluded) ? excluded : [excluded]) checkValue("excludes", url, value);
  }

  const context = resolveContext();
  for (const url of changed) checkWriter("changes", url);
  for (const [url, value] of Object.entries(mutation.failTo ?? {})) {
    checkValue("failTo", url, value);
    checkWriter("failTo", url);
  }
  checkPlaceholders();

  const { timeout, disruption = 1, duration } = mutation;
  if (!(timeout > 0 && timeout <= MAX_TIMEOUT)) {
    refuse(`its timeout is ${timeout}: expected a positive number of milliseconds, at most ${MAX_TIMEOUT}`);
  }
  if (!Number.isInteger(disruption) || disruption < 1 || disruption > MAX_DISRUPTION) {
    refuse(`its disruption is ${disruption}: expected an integer from 1 to ${MAX_DISRUPTION}`);
  }
  if (duration !== undefined && !(Number.isInteger(duration) && duration >= 1 && duration <= timeout)) {
    refuse(`its duration is ${duration}: expected a positive integer, at most its timeout of ${timeout} milliseconds`);
  }
  return { module, id, context, declaration: mutation };

  function resolveContext(): "self" | "parent" {
    if (mutation.context !== "any") return mutation.context;
    if (writers.size > 1) {
      const mixed = [...writers].map(([writer, url]) => `'${url}' (writer '${writer}')`).sort().join(" and ");
      refuse(`its context is 'any' and it changes ${mixed}: expected variables of one writer`);
    }
    return writers.has("self") ? "self" : "parent";
  }

  function checkWriter(role: string, url: string): void {
    const { writer } = find(role, url).variable;
    if (writer !== context) {
      refuse(`'${url}' in ${role} has the writer '${writer}': expected '${context}', the context that it runs in`);
    }
  }

  function checkPlaceholders(): void {
    const patterns = changed.filter((url) => placeholdersOf(url).length > 0);
    const first = patterns[0];
    const names = first === undefined ? [] : placeholdersOf(first);
    for (const url of patterns) {
      if (placeholdersOf(url).join() !== names.join()) {
        refuse(`'${url}' and '${first}' in changes have different placeholders: expected the same`);
      }
    }
    const { requires = {}, excludes = {}, failTo = {} } = mutation;
    for (const [role, part] of Object.entries({ requires, excludes, failTo })) {
      for (const url of Object.keys(part)) {
        const stray = placeholdersOf(url).find((name) => !names.includes(name));
        if (stray !== undefined) {
          refuse(`'${url}' in ${role} has the placeholder '{${stray}}': expected one that is in its changes`);
        }
      }
    }
  }
}
