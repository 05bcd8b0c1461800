import type { Bindings, Conditions, Schema, Value, Values } from "../state/mod.ts";
import type { ModuleDeclaration, Mutation, MutationKey } from "./mutation.ts";

/** One mutation of a plan, bound to the node's own names. */
export interface Step {
  readonly key: MutationKey;
  readonly module: string;
  readonly mutation: string;
  readonly bindings: Bindings;
  /** The program that runs it: `any` is resolved to the writer of its changes. */
  readonly context: "self" | "parent";
  readonly changes: { readonly [url: string]: readonly [from: string, to: string] };
  readonly failTo: { readonly [url: string]: string };
  /** Milliseconds. */
  readonly timeout: number;
  /** Its cost to the users of the node: see {@link Mutation.disruption}. */
  readonly disruption: number;
  /** Milliseconds that it is expected to take. */
  readonly duration: number;
  /** The places in the plan of the steps that must be done before this one. Empty: it can start now. */
  readonly after: readonly number[];
}

/** A goal that is left out for now, because its value cannot be known in the state that another goal asks for. */
export interface SuspendedGoal {
  readonly url: string;
  readonly value: Value;
  /** The goal that it gives way to. */
  readonly because: { readonly url: string; readonly value: Value };
}

/** One need that a mutation lacks. `words` says the same to people: `/platform is 'sim': needs 'vbox'`. */
export type MissingNeed =
  & { readonly words: string }
  & (
    /** A value that can't be reached. */
    | { readonly kind: "value"; readonly url: string; readonly needs: Value }
    /** A value of a variable that nothing changes; without `is` it is not set. `given`: only the node's cfg says it. */
    | {
      readonly kind: "constant";
      readonly url: string;
      readonly needs: Value;
      readonly is?: Value;
      readonly given?: true;
    }
    /** A value that must be another one, and can't become one; `is` where nothing changes it. */
    | { readonly kind: "excluded"; readonly url: string; readonly excludes: readonly Value[]; readonly is?: Value }
    /** The mutation itself changes what must hold for the variable `forgets`, which it is to change, to be known. */
    | {
      readonly kind: "undone";
      readonly url: string;
      readonly needs: Value;
      readonly becomes: Value;
      readonly forgets: string;
    }
    /** Each of these can be had, but never all at once. */
    | {
      readonly kind: "together";
      readonly needs: readonly { readonly url: string; readonly value: Value }[];
      readonly excludes: readonly { readonly url: string; readonly values: readonly Value[] }[];
    }
  );

/** The needs that one mutation, which could reach a value, lacks on this node. */
export interface Lack {
  readonly key: MutationKey;
  /** Those that a person can fix come first. */
  readonly lacks: readonly MissingNeed[];
  /** Present where it is for other nodes, say of another platform, and others are there that are for this one. */
  readonly forOthers?: true;
}

/** The reason why there is no plan. */
export type NoPlan =
  | {
    /** A value that no sequence of mutations reaches from here. */
    readonly kind: "unreachable";
    readonly url: string;
    readonly value: Value;
    /**
     * Every mutation that leads to it, with what it lacks; empty when none does. Those that a person can do something about
     * come first, and those for other nodes last.
     */
    readonly achievers: readonly Lack[];
  }
  | {
    /** Each goal can be reached, but never all of them at once. */
    readonly kind: "conflict";
    readonly goals: readonly { readonly url: string; readonly value: Value }[];
  }
  | {
    /** The search gave up at a bound. */
    readonly kind: "bound";
    /** Which one: states that were expanded, bytes of memory or milliseconds of work. */
    readonly bound: "states" | "bytes" | "ms";
    readonly limit: number;
  }
  | {
    /** The search continues between other work: see {@link Planner.found}. */
    readonly kind: "searching";
  };

/**
 * The steps from the current state to the goals, in an order that works, and for each step the ones that it waits for.
 */
export type Plan =
  | {
    readonly ok: true;
    readonly steps: readonly Step[];
    /** The disruption of all its steps. */
    readonly cost: number;
    /** Milliseconds that its critical path is expected to take. */
    readonly duration: number;
    readonly suspended: readonly SuspendedGoal[];
  }
  | { readonly ok: false; readonly reason: NoPlan; readonly suspended: readonly SuspendedGoal[] };

/** A question to the planner: the known values of a node, and its cfg. */
export interface Question {
  /** The values from {@link viewOf}, constants included. */
  readonly view: Values;
  /** The node's cfg values. Those of variables that no mutation changes are not goals and are ignored. */
  readonly cfg: Values;
}

/** The variables and mutations of a set of modules, checked and ready for planning. */
export interface Domain {
  readonly schema: Schema;
  /** Conditions under which discovered values mean something: stated, or derived from the discoveries. */
  readonly conditions: Conditions;
  readonly modules: readonly ModuleDeclaration[];
  /** Tells whether any mutation changes the variable behind this URL, so that its cfg value is a goal. */
  isMutable(url: string): boolean;
  /**
   * Tells whether a variable is only discovered for people to see: no mutation and no condition names it, so that no plan
   * depends on its discovered value.
   */
  isIdle(url: string): boolean;
  readonly mutations: readonly DomainMutation[];
}

/** A checked mutation of a domain. Ordered by module and id, whatever the order of registration. */
export interface DomainMutation {
  readonly module: string;
  readonly id: string;
  readonly context: "self" | "parent";
  readonly declaration: Mutation;
}

/** Answers questions about one domain, and remembers the answers. */
export interface Planner {
  readonly domain: Domain;
  /**
   * Finds the plan. A planner that works in slices (see `PlannerOptions.slices`) gives the reason `searching` if that takes
   * longer than one slice, and continues in the background.
   */
  plan(question: Question): Plan;
  /** Waits until the search for a question's answer has ended. Never rejects. */
  found(question: Question): Promise<void>;
  /** Waits until no search is running. Never rejects. */
  idle(): Promise<void>;
}
