import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import {
  compileDomain,
  createPlanner,
  type Domain,
  type MissingNeed,
  type ModuleDeclaration,
  type Mutation,
  type NoPlan,
} from "../../src/plan/mod.ts";
import type { Value, Values } from "../../src/state/mod.ts";
import { small } from "./machine.ts";
import { holds, Oracle, type OracleGoal } from "./oracle.ts";
import { problems } from "./random_domain.ts";

const runs = Number(process.env["KRAKEN_PROPERTY_RUNS"] ?? 300);

type Unreachable = Extract<NoPlan, { readonly kind: "unreachable" }>;

/** A domain in which things are granted that nothing brings about. Conditions stay as they were. */
class Granted {
  readonly original: Domain;
  readonly mutations: Map<string, Mutation>;

  constructor(original: Domain) {
    this.original = original;
    this.mutations = new Map(original.mutations.map(({ module, id, declaration }) => [`${module}/${id}`, declaration]));
  }

  domain(): Domain {
    const { schema, conditions } = this.original;
    const extensions = schema.extensions.map(({ name, variables }) => ({
      name,
      variables: Object.fromEntries(
        Object.entries(variables).map(([url, variable]) => [
          url,
          variable.writer === "cfg" ? variable : { ...variable, knownWhile: conditions.get(url) ?? {} },
        ]),
      ),
    }));
    const mutations = Object.fromEntries(
      [...this.mutations].map(([key, mutation]) => [key.replace("/", "."), mutation]),
    );
    const module: ModuleDeclaration = { name: "granted", about: "", extensions, discovers: [], mutations };
    return compileDomain([module]);
  }

  /**
   * Lets a variable become a value whatever it is, and be known then. Returns false when it could already, or is no such
   * variable.
   */
  reach(url: string, value: Value): boolean {
    const found = this.original.schema.find(url)?.variable;
    if (found?.type.kind !== "enum" || typeof value !== "string" || !found.type.values.includes(value)) return false;
    let isNew = false;
    for (const from of found.type.values) {
      const key = `magic/${url.slice(1)}-${found.type.values.indexOf(from)}-${found.type.values.indexOf(value)}`;
      if (from === value || this.mutations.has(key)) continue;
      this.mutations.set(key, { context: "parent", changes: { [url]: [from, value] }, timeout: 1 });
      isNew = true;
    }
    if (value === found.type.values[0]) return isNew;
    for (const [other, needed] of Object.entries(this.original.conditions.get(url) ?? {})) {
      isNew = this.reach(other, needed) || isNew;
    }
    return isNew;
  }

  /**
   * Lets a mutation leave alone what its own effect needs. What it did before stays possible beside that, for it may lead
   * to other things: all but the effect, which came to nothing.
   */
  spare(key: string, mutation: Mutation, broken: string, unknown: string): void {
    const { [broken]: _broken, ...changes } = mutation.changes;
    const { [unknown]: effect, ...others } = mutation.changes;
    assert.ok(effect, `${key} does not change ${unknown}`);
    const rest = `${key}-without-${unknown.slice(1)}`;
    if (!this.mutations.has(rest)) {
      const requires = { [unknown]: effect[0], ...mutation.requires };
      this.mutations.set(rest, { ...mutation, changes: others, requires });
    }
    this.mutations.set(key, { ...mutation, changes });
  }

  /** Grants a lack of a mutation. Returns false when it had been granted before. */
  grant(key: string, lack: MissingNeed): boolean {
    const mutation = this.mutations.get(key);
    assert.ok(mutation, `Unknown mutation ${key}`);
    switch (lack.kind) {
      case "value":
      case "constant": {
        const { [lack.url]: required, ...requires } = mutation.requires ?? {};
        if (required === lack.needs) this.mutations.set(key, { ...mutation, requires });
        return this.reach(lack.url, lack.needs) || required === lack.needs;
      }
      case "undone":
        this.spare(key, mutation, lack.url, lack.forgets);
        return true;
      case "excluded": {
        const { [lack.url]: before, ...excludes } = mutation.excludes ?? {};
        this.mutations.set(key, { ...mutation, excludes });
        return before !== undefined;
      }
      case "together": {
        const { requires: _requires, excludes: _excludes, ...rest } = mutation;
        this.mutations.set(key, rest);
        let isNew = mutation.requires !== undefined || mutation.excludes !== undefined;
        for (const [url, change] of Object.entries(mutation.changes)) {
          for (const value of change) isNew = this.reach(url, value) || isNew;
        }
        return isNew;
      }
    }
  }
}

/** Tells whether what must hold for a value to be known contradicts itself, or is something that no mutation changes. */
function canNeverBeKnown(domain: Domain, url: string): boolean {
  const needed = new Map<string, Value>();
  const pending = [url];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const [other, value] of Object.entries(domain.conditions.get(next) ?? {})) {
      if (needed.has(other) && needed.get(other) !== value) return true;
      if (domain.schema.find(other)?.variable.type.kind !== "enum") return true;
      needed.set(other, value);
      pending.push(other);
    }
  }
  return false;
}

/** Everything that mutations lead to and that is never reached. */
function unreachedGoals(domain: Domain, view: Values): OracleGoal[] {
  const worlds = new Oracle(domain, view).worlds();
  return domain.mutations
    .flatMap(({ declaration }) => Object.entries(declaration.changes).map(([url, [, value]]) => ({ url, value })))
    .filter((goal) => !worlds.some(({ world }) => holds(world, [goal])));
}

function canReach(domain: Domain, view: Values, url: string, value: Value): boolean {
  return new Oracle(domain, view).worlds().some(({ world }) => holds(world, [{ url, value }]));
}

/** Tells whether each value that a mutation starts from or requires is reached in some world. */
function canHaveEach(granted: Granted, key: string, view: Values): boolean {
  const worlds = new Oracle(granted.domain(), view).worlds();
  const { changes = {}, requires = {} } = granted.mutations.get(key) ?? {};
  const needed = [...Object.entries(changes).map(([url, [from]]) => ({ url, value: from })), ...goalsIn(requires)];
  return needed.every((goal) => worlds.some(({ world }) => holds(world, [goal])));
}

function goalsIn(values: { readonly [url: string]: Value }): OracleGoal[] {
  return Object.entries(values).map(([url, value]) => ({ url, value }));
}

function reasonFor(domain: Domain, view: Values, url: string, value: Value): Unreachable | undefined {
  const plan = createPlanner(domain).plan({ view, cfg: new Map([[url, value]]) });
  if (plan.ok) return undefined;
  assert.equal(plan.reason.kind, "unreachable");
  return plan.reason.kind === "unreachable" ? plan.reason : undefined;
}

/**
 * Grants what one mutation after the other lacks, as long as there is no plan for a value that is never reached.
 *
 * @param choice Which mutation: any number.
 * @returns How many mutations it granted something.
 */
function grantAll(domain: Domain, view: Values, { url, value }: OracleGoal, choice: number): number {
  const world = new Granted(domain);
  let reason = reasonFor(domain, view, url, value);
  assert.ok(reason !== undefined, "What the oracle does not reach has no plan");
  let round = 0;
  for (; reason !== undefined; round++) {
    const { achievers } = reason;
    const achiever = achievers[(choice + round) % Math.max(1, achievers.length)];
    assert.ok(achiever, `No mutation leads to ${reason.url}, though one leads to ${url}`);
    const urls = [reason.url, ...achiever.lacks.flatMap((lack) => lack.kind === "together" ? [] : [lack.url])];
    if (urls.some((url) => canNeverBeKnown(domain, url))) break; // whatever is granted
    const key = achiever.key.replace("granted/", "").replace(".", "/");
    if (achiever.lacks.some(({ kind }) => kind === "together")) {
      assert.ok(canHaveEach(world, key, view), `${key} lacks something that never holds at all`);
    }
    const isNew = achiever.lacks.map((lack) => world.grant(key, lack)).includes(true);
    assert.ok(
      isNew,
      `${achiever.key} lacks again what it was granted: ${achiever.lacks.map(({ words }) => words).join(", ")}`,
    );
    const next = world.domain();
    assert.ok(next.isMutable(url), `Nothing changes ${url} any more, so it is no goal`);
    reason = reasonFor(next, view, url, value);
    if (round === 0 || reason === undefined) {
      assert.equal(canReach(next, view, url, value), reason === undefined);
    }
  }
  return round;
}

test("plan() names lacks that are to blame: with those of one mutation granted the value is reached, or a deeper one is named", () => {
  const covered = createCoverage("lacks that are granted", ["one round", "several rounds"], 0.05);
  fc.assert(
    fc.property(problems, fc.nat(), (problem, seed) => {
      let domain: Domain;
      try {
        domain = compileDomain(problem.modules);
      } catch {
        return; // its conditions lead back to themselves
      }
      const goals = unreachedGoals(domain, problem.view);
      const goal = goals[seed % Math.max(1, goals.length)];
      if (goal === undefined) return;
      covered.saw(grantAll(domain, problem.view, goal, seed) > 1 ? "several rounds" : "one round");
    }),
    { numRuns: runs },
  );
  covered.check();
});

test("plan() names lacks that are to blame when the only way to a value makes its own other effect unknown", () => {
  const domain = small({
    both: { changes: { "/x": ["a", "?"], "/y": ["?", "a"] } },
    forget: { changes: { "/y": ["a", "?"], "/z": ["?", "a"] }, requires: { "/w": "b" } },
  }, { "/y": { "/x": "a" } });
  const view = new Map([["/x", "a"], ["/y", "b"]]);
  const goals = unreachedGoals(domain, view);
  assert.deepEqual(goals.map(({ url, value }) => `${url} ${value}`), ["/x ?", "/y a", "/y ?", "/z a"]);
  assert.deepEqual(reasonFor(domain, view, "/x", "?"), {
    kind: "unreachable",
    url: "/y",
    value: "a",
    achievers: [{
      key: "m/both",
      lacks: [{ kind: "value", url: "/y", needs: "?", words: "/y can't become '?'" }, {
        kind: "undone",
        url: "/x",
        needs: "a",
        becomes: "?",
        forgets: "/y",
        words: "/x becomes '?' with it: must be 'a' for /y to be known",
      }],
    }],
  });
  for (const goal of goals) assert.ok(grantAll(domain, view, goal, 0) > 0);
});
