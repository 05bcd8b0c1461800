import type { Bindings, Conditions, Schema, Value, Values } from "../state/mod.ts";
import type { ModuleDeclaration, Mutation, MutationKey } from "./mutation.ts";

/** One mutation of a plan, bound to the node's own names. */
export interface Step {
  readonly key: MutationKey;
  readonly module: string;
  readonly mutation: string;
  readonly bindings: Bindings;
  /** Who runs it: `any` has been resolved to the writer of what it changes. */
  readonly context: "self" | "parent";
  readonly changes: { readonly [url: string]: readonly [from: string, to: string] };
  readonly failTo: { readonly [url: string]: string };
  /** Milliseconds. */
  readonly timeout: number;
  /** What it costs those who use the node. */
  readonly disruption: number;
  /** Milliseconds that it is expected to take. */
  readonly duration: number;
  /** The places in the plan of the steps that must be done before this one. Empty: it can start now. */
  readonly after: readonly number[];
}

/** A goal that is left out for now, because it can't be known in the state that another goal asks for. */
export interface SuspendedGoal {
  readonly url: string;
  readonly value: Value;
  /** The goal that it gives way to. */
  readonly because: { readonly url: string; readonly value: Value };
}

/** One thing that a mutation lacks. `words` says the same to people: `/platform is 'sim': needs 'vbox'`. */
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

/** What one mutation that could reach a value lacks on this node. */
export interface Lack {
  readonly key: MutationKey;
  /** What a person can do something about comes first. */
  readonly lacks: readonly MissingNeed[];
  /** Present where it is for other nodes, say of another platform, and others are there that are for this one. */
  readonly forOthers?: true;
}

/** Why there is no plan. */
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
    /** The search goes on beside other work: see {@link Planner.found}. */
    readonly kind: "searching";
  };

/** The way from what is to what is wanted: steps in an order that works, with what each really waits for. */
export type Plan =
  | {
    readonly ok: true;
    readonly steps: readonly Step[];
    /** The disruption of all its steps. */
    readonly cost: number;
    /** Milliseconds that its critical path is expected to take: the steps that none of the others run beside. */
    readonly duration: number;
    readonly suspended: readonly SuspendedGoal[];
  }
  | { readonly ok: false; readonly reason: NoPlan; readonly suspended: readonly SuspendedGoal[] };

/** A question to the planner: what is known of a node, and what its cfg asks for. */
export interface Question {
  /** What {@link viewOf} shows, constants included. */
  readonly view: Values;
  /** The node's cfg values. Those of variables that no mutation changes are no goals and are passed over. */
  readonly cfg: Values;
}

/** What a program knows of the mutations of a set of modules, checked and ready to plan with. */
export interface Domain {
  readonly schema: Schema;
  /** Conditions under which discovered values mean something: stated, or derived from the discoveries. */
  readonly conditions: Conditions;
  readonly modules: readonly ModuleDeclaration[];
  /** Tells whether any mutation changes the variable behind this URL, so that its cfg value is a goal. */
  isMutable(url: string): boolean;
  /**
   * Tells whether a variable is one that a module discovers for people to see: no mutation and no condition is about it, so
   * that no plan can ever depend on its discovered value.
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

/** Answers questions over one domain. Remembers answers: the same question is searched once. */
export interface Planner {
  readonly domain: Domain;
  /**
   * Finds the plan. A planner that works in slices (see `PlannerOptions.slices`) gives the reason `searching` where that
   * takes longer than one, and searches on by itself.
   */
  plan(question: Question): Plan;
  /** Waits until a question's answer is no longer that it is being searched for. Never rejects. */
  found(question: Question): Promise<void>;
  /** Waits until nothing is being searched for. Never rejects. */
  idle(): Promise<void>;
}
