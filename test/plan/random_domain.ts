import { fc } from "../support/property.ts";
import { compileDomain, type ModuleDeclaration, type Mutation } from "../../src/plan/mod.ts";
import type { Extension, Value, Values, Variable } from "../../src/state/mod.ts";
import { Oracle } from "./oracle.ts";

const VALUES = ["?", "a", "b", "c"];

/** A random small problem: declarations of up to three modules, and a node's view and cfg. */
export interface Problem {
  readonly modules: readonly ModuleDeclaration[];
  readonly view: Values;
  readonly cfg: Values;
}

const url = (variable: number) => `/v${variable}`;

/** Chooses an integer of at least 0 and below a limit. */
type Choose = (below: number) => number;

/** The parts of a problem, made one after the other as each depends on those before. */
class Maker {
  readonly choose: Choose;
  /** Number of values of each variable. */
  readonly sizes: readonly number[];
  /** Values that variables have at the start or that a mutation gave them: mutations start from these, mostly. */
  readonly seen: string[][];

  constructor(choose: Choose) {
    this.choose = choose;
    this.sizes = Array.from({ length: 3 + choose(3) }, () => 2 + choose(3));
    this.seen = this.sizes.map((_size, variable) => [this.value(variable), "?"]);
  }

  value(variable: number, least = 0): string {
    return VALUES[least + this.choose((this.sizes[variable] ?? 2) - least)] ?? "?";
  }

  likelyValue(variable: number): string {
    const seen = this.seen[variable] ?? [];
    return (this.choose(6) > 0 ? seen[this.choose(seen.length)] : undefined) ?? this.value(variable);
  }

  variable(): number {
    return this.choose(this.sizes.length);
  }

  extension(): Extension {
    const variables: Record<string, Variable> = {
      "/constant": { type: { kind: "string" }, writer: "cfg", about: "Filters mutations" },
      "/flag": { type: { kind: "boolean" }, writer: "parent", about: "Only read", knownWhile: { "/v0": "a" } },
    };
    for (const [variable, size] of this.sizes.entries()) {
      const [first = "?", ...rest] = VALUES.slice(0, size);
      variables[url(variable)] = {
        type: { kind: "enum", values: [first, ...rest] },
        writer: "parent",
        about: "Random",
        ...(this.choose(8) === 0 ? {} : { knownWhile: this.condition(variable) }), // else it is derived
      };
    }
    return { name: "random", variables };
  }

  /** Names earlier variables only, so that no circle comes about. */
  condition(variable: number): Record<string, string> {
    const condition: Record<string, string> = {};
    if (variable === 0 || this.choose(2) === 0) return condition;
    for (let left = 1 + (this.choose(4) === 0 ? 1 : 0); left > 0; left--) {
      const other = this.choose(variable);
      condition[url(other)] = this.value(other, 1);
    }
    return condition;
  }

  facts(): Record<string, string> {
    const variable = this.variable();
    return this.choose(2) === 0 ? {} : { [url(variable)]: this.likelyValue(variable) };
  }

  mutation(): Mutation {
    const { choose } = this;
    const changes: Record<string, readonly [string, string]> = {};
    for (let left = 1 + (choose(3) === 0 ? 1 : 0); left > 0; left--) {
      const variable = this.variable();
      const from = this.likelyValue(variable);
      const to = VALUES.slice(0, this.sizes[variable]).filter((value) =>
        value !== from
      )[choose((this.sizes[variable] ?? 2) - 1)] ?? "?";
      changes[url(variable)] = [from, to];
      this.seen[variable]?.push(to);
    }
    return {
      context: "parent",
      changes,
      requires: {
        ...this.facts(),
        ...(choose(12) === 0 ? { "/constant": choose(3) === 0 ? "y" : "x" } : {}),
        ...(choose(12) === 0 ? { "/flag": choose(4) > 0 } : {}),
      },
      excludes: choose(3) > 0 ? {} : this.facts(),
      timeout: 1000,
      disruption: 1 + choose(4),
      ...(choose(2) === 0 ? {} : { duration: 1 + choose(400) }),
    };
  }

  modules(): ModuleDeclaration[] {
    const extensions = [this.extension()];
    const mutations = Array.from(
      { length: this.choose(6) === 0 ? 1 + this.choose(6) : 9 + this.choose(8) },
      () => this.mutation(),
    );
    const count = 1 + this.choose(3);
    return Array.from({ length: count }, (_, number) => ({
      name: `m${number}`,
      about: "Random",
      extensions,
      discovers: [],
      mutations: Object.fromEntries(
        mutations.map((mutation, id) => [`t${id}`, mutation] as const).filter((_, id) => id % count === number),
      ),
    }));
  }

  problem(): Problem {
    const { choose } = this;
    const view = new Map<string, Value>([["/constant", "x"], ["/flag", true]]);
    for (const [variable, [now = "?"]] of this.seen.entries()) {
      if (now !== "?") view.set(url(variable), now);
    }
    const modules = this.modules();
    const far = farWorlds(modules, view);
    const world = () => far[choose(Math.max(1, far.length))];
    const [one, other] = [world(), choose(2) === 0 ? world() : undefined]; // of two: perhaps not to be had together
    const cfg = new Map<string, Value>([["/constant", "x"]]);
    for (const variable of this.sizes.keys()) {
      if (choose(5) === 0) continue;
      const source = choose(2) === 0 ? other ?? one : one;
      cfg.set(url(variable), (choose(10) > 0 ? source?.get(url(variable)) : undefined) ?? this.value(variable));
    }
    return { modules, view, cfg };
  }
}

/** Some of the worlds that cost the most to reach, so that goals taken from them need long plans. */
function farWorlds(modules: readonly ModuleDeclaration[], view: Values): Values[] {
  try {
    return new Oracle(compileDomain(modules), view).worlds().slice(-4).map(({ world }) => world);
  } catch (error) {
    if (error instanceof TypeError) return []; // its conditions lead back to themselves
    throw error;
  }
}

/** Random small problems: 3 to 5 variables of 2 to 4 values, up to 16 mutations, conditions stated and derived. */
export const problems: fc.Arbitrary<Problem> = fc.noBias(fc.array(fc.nat(59), { minLength: 300, maxLength: 300 }))
  .map((numbers) => {
    let next = 0;
    return new Maker((below) => (numbers[next++ % numbers.length] ?? 0) % below).problem();
  });
