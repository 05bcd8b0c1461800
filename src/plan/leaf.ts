import { type Action, type Fact, offsetsOf, type Task } from "./task.ts";
import { countStates, type Star } from "./star.ts";

/** The needs of a leaf's move in the hub. Variables are numbered by their places in the hub. */
export interface HubNeeds {
  readonly requires: readonly Fact[];
  readonly excludes: readonly Fact[];
}

/** A move of a leaf from one of its states to another, by an action that leaves the hub as it is. */
export interface LeafMove extends HubNeeds {
  readonly from: number;
  /** Before what can't be known there is forgotten. */
  readonly to: number;
  readonly cost: number;
  /** The place of the action among those of the leaf. */
  readonly action: number;
}

/**
 * The effect of an action that changes the hub on a leaf that it names: for each state the next one, -1 if it cannot
 * run.
 */
export interface LeafEffect {
  /** The action's place in the task. */
  readonly action: number;
  readonly next: Int32Array;
}

/** The facts that a variable of a leaf needs to be known: of the hub, and of the leaf itself by place. */
interface LeafCondition {
  readonly hub: readonly Fact[];
  readonly own: readonly Fact[];
}

/** Leaves that are equal in all but their names: a best plan for one of them is a best plan for each. */
export interface LeafClass {
  readonly members: readonly LeafMember[];
  /** Numbers of values of its variables. */
  readonly sizes: readonly number[];
  /** The number of its states. */
  readonly states: number;
  readonly initial: number;
  /** 1 for the states in which its goals hold. */
  readonly isGoal: Uint8Array;
  readonly moves: readonly LeafMove[];
  readonly effects: readonly LeafEffect[];
  /** The condition of each of its variables. */
  readonly conditions: readonly LeafCondition[];
  /** The values of its variables in each of its states. */
  readonly values: readonly (readonly number[])[];
}

/** One leaf of a class. */
export interface LeafMember {
  /** Its place in the star. */
  readonly leaf: number;
  readonly variables: readonly number[];
  /** The actions that move it. The same place has the same meaning for all members. */
  readonly actions: readonly Action[];
}

/**
 * Groups the leaves of `star` in `task` into classes that differ only in their names, in the order of their first
 * leaves.
 */
export function classesOf(task: Task, star: Star): LeafClass[] {
  const place = new Int32Array(task.sizes.length);
  const owner = new Int32Array(task.sizes.length).fill(-1);
  for (const [at, variable] of star.hub.entries()) place[variable] = at;
  for (const [leaf, variables] of star.leaves.entries()) {
    for (const [at, variable] of variables.entries()) {
      place[variable] = at;
      owner[variable] = leaf;
    }
  }
  const own: Action[][] = star.leaves.map(() => []);
  /** For each leaf the actions that change the hub and name it too, by their places in the task. */
  const named: number[][] = star.leaves.map(() => []);
  for (const [at, action] of task.actions.entries()) {
    if (action.changes.some(({ variable }) => owner[variable] === -1)) {
      for (const leaf of leavesNamedBy(action, owner)) named[leaf]?.push(at);
    } else own[owner[action.changes[0]?.variable ?? 0] ?? 0]?.push(action);
  }
  const goals: Fact[][] = star.leaves.map(() => []);
  for (const goal of task.goals) goals[owner[goal.variable] ?? -1]?.push(goal);

  const maker = new Maker(task, place, owner);
  const drafts: Draft[] = star.leaves.map((variables, leaf) => ({
    leaf,
    variables,
    actions: own[leaf] ?? [],
    named: named[leaf] ?? [],
    goals: goals[leaf] ?? [],
  }));
  /** Leaves by a key that is quick to compute. */
  const classes = new Map<string, { readonly draft: Draft; readonly members: LeafMember[] }[]>();
  const all: { readonly draft: Draft; readonly members: LeafMember[] }[] = [];
  for (const draft of drafts) {
    const { leaf, variables, actions } = draft;
    const key = `${draft.variables.length} ${draft.actions.length} ${task.initial[variables[0] ?? 0]} ${
      draft.goals[0]?.value
    }`;
    const alike = classes.get(key) ?? [];
    classes.set(key, alike);
    const known = alike.find((other) => maker.isSame(other.draft, draft));
    if (known !== undefined) {
      known.members.push({ leaf, variables, actions });
      continue;
    }
    const made = { draft, members: [{ leaf, variables, actions }] };
    alike.push(made);
    all.push(made);
  }
  return all.map(({ draft, members }) => maker.make(draft, members));
}

/** A leaf and all that is about it. */
interface Draft extends LeafMember {
  /** The actions that change the hub and name it too, by their places in the task. */
  readonly named: readonly number[];
  readonly goals: readonly Fact[];
}

function leavesNamedBy({ changes, requires, excludes }: Action, owner: Int32Array): Set<number> {
  const leaves = new Set<number>();
  for (const { variable } of [...changes, ...requires, ...excludes]) {
    const leaf = owner[variable] ?? -1;
    if (leaf >= 0) leaves.add(leaf);
  }
  return leaves;
}

class Maker {
  readonly #task: Task;
  readonly #place: Int32Array;
  /** The leaf that a variable belongs to; -1 for the hub. */
  readonly #owner: Int32Array;

  constructor(task: Task, place: Int32Array, owner: Int32Array) {
    this.#task = task;
    this.#place = place;
    this.#owner = owner;
  }

  /** Tells whether leaves are the same in all but their names. Both have as many variables and actions. */
  isSame(a: Draft, b: Draft): boolean {
    const { sizes, initial, conditions } = this.#task;
    return a.variables.every((variable, at) => {
      const other = b.variables[at] ?? -1;
      return sizes[variable] === sizes[other] && initial[variable] === initial[other] &&
        this.#areSame(conditions[variable] ?? [], conditions[other] ?? []);
    }) &&
      this.#areSame(a.goals, b.goals) &&
      a.actions.every((action, at) => {
        const other = b.actions[at];
        return other !== undefined && action.cost === other.cost &&
          this.#areSameChanges(action.changes, other.changes) &&
          this.#areSame(action.requires, other.requires) && this.#areSame(action.excludes, other.excludes);
      }) &&
      this.#haveSameNames(a, b);
  }

  #haveSameNames(a: Draft, b: Draft): boolean {
    return a.named.length === b.named.length && a.named.every((number, at) => {
      const action = this.#task.actions[number];
      if (action === undefined || number !== b.named[at]) return false;
      const of = (facts: readonly Fact[], { leaf }: Draft) =>
        facts.filter(({ variable }) => this.#owner[variable] === leaf);
      const changes = ({ leaf }: Draft) => action.changes.filter(({ variable }) => this.#owner[variable] === leaf);
      return this.#areSame(of(action.requires, a), of(action.requires, b)) &&
        this.#areSame(of(action.excludes, a), of(action.excludes, b)) && this.#areSameChanges(changes(a), changes(b));
    });
  }

  #areSame(a: readonly Fact[], b: readonly Fact[]): boolean {
    if (a.length !== b.length) return false;
    for (const [at, { variable, value }] of a.entries()) {
      const other = b[at];
      if (other === undefined || value !== other.value || !this.#isSameVariable(variable, other.variable)) return false;
    }
    return true;
  }

  #areSameChanges(a: Action["changes"], b: Action["changes"]): boolean {
    return a.length === b.length && a.every(({ variable, from, to }, at) => {
      const other = b[at];
      return other !== undefined && from === other.from && to === other.to &&
        this.#isSameVariable(variable, other.variable);
    });
  }

  /** The same of the hub, or in the same place of two leaves. */
  #isSameVariable(a: number, b: number): boolean {
    return a === b || (this.#owner[a] !== -1 && this.#owner[b] !== -1 && this.#place[a] === this.#place[b]);
  }

  make({ variables, actions, named, goals }: Draft, members: readonly LeafMember[]): LeafClass {
    const task = this.#task;
    const states = countStates(task, variables);
    const sizes = variables.map((variable) => task.sizes[variable] ?? 1);
    const values = Array.from({ length: states }, (_, state) => valuesIn(sizes, state));
    const leaf = this.#owner[variables[0] ?? 0] ?? -1;
    const inLeaf = (facts: readonly Fact[]) => this.#translate(facts, leaf);
    const inHub = (facts: readonly Fact[]) => this.#translate(facts, -1);
    const own = inLeaf(goals);
    const isGoal = Uint8Array.from(values, (now) => (own.every((fact) => now[fact.variable] === fact.value) ? 1 : 0));
    const moves = actions.flatMap((action, at): LeafMove[] => {
      const needs = { requires: inHub(action.requires), excludes: inHub(action.excludes) };
      const next = this.#nextStates(action, leaf, sizes, values);
      return [...next].flatMap((to, from) =>
        to < 0 || to === from ? [] : [{ from, to, cost: action.cost, action: at, ...needs }]
      );
    });
    const effects = named.flatMap((at): LeafEffect[] => {
      const action = task.actions[at];
      return action === undefined ? [] : [{ action: at, next: this.#nextStates(action, leaf, sizes, values) }];
    });
    return {
      members,
      sizes,
      states,
      initial: stateOf(sizes, variables.map((variable) => task.initial[variable] ?? 0)),
      isGoal,
      moves,
      effects,
      conditions: variables.map((variable) => {
        const facts = task.conditions[variable] ?? [];
        return { hub: inHub(facts), own: inLeaf(facts) };
      }),
      values,
    };
  }

  /** The facts of one leaf, or (-1) of the hub, with their variables by place. */
  #translate(facts: readonly Fact[], leaf: number): Fact[] {
    return facts.flatMap(({ variable, value }) =>
      this.#owner[variable] === leaf ? [{ variable: this.#place[variable] ?? 0, value }] : []
    );
  }

  /** For each state of a leaf the one after an action, before anything is forgotten; -1 where it can't run. */
  #nextStates(
    action: Action,
    leaf: number,
    sizes: readonly number[],
    values: readonly (readonly number[])[],
  ): Int32Array {
    const changes = action.changes.flatMap(({ variable, from, to }) =>
      this.#owner[variable] === leaf ? [{ variable: this.#place[variable] ?? 0, from, to }] : []
    );
    const requires = this.#translate(action.requires, leaf);
    const excludes = this.#translate(action.excludes, leaf);
    return Int32Array.from(values, (now) => {
      const runs = changes.every(({ variable, from }) => now[variable] === from) &&
        requires.every(({ variable, value }) => now[variable] === value) &&
        excludes.every(({ variable, value }) => now[variable] !== value);
      if (!runs) return -1;
      const next = [...now];
      for (const { variable, to } of changes) next[variable] = to;
      return stateOf(sizes, next);
    });
  }
}

function valuesIn(sizes: readonly number[], state: number): number[] {
  let rest = state;
  return sizes.map((size) => {
    const value = rest % size;
    rest = Math.floor(rest / size);
    return value;
  });
}

/** The number of a leaf's state: a number whose digits are the values, the first variable's the lowest. */
function stateOf(sizes: readonly number[], values: readonly number[]): number {
  let state = 0;
  for (let at = sizes.length - 1; at >= 0; at--) state = state * (sizes[at] ?? 1) + (values[at] ?? 0);
  return state;
}

/**
 * Computes for each state of a leaf the one that it becomes while the hub has these values: without what cannot be
 * known.
 *
 * @param leaf The class of the leaf.
 * @param isKnown Tells whether a fact of the hub holds.
 */
export function settled(leaf: LeafClass, isKnown: (fact: Fact) => boolean): Int32Array {
  const known = leaf.conditions.map(({ hub }) => hub.every(isKnown));
  return Int32Array.from(leaf.values, (now) => {
    const next = [...now];
    for (let again = true; again;) {
      again = false;
      for (const [at, { own }] of leaf.conditions.entries()) {
        if (next[at] === 0) continue;
        if (known[at] === true && own.every((fact) => next[fact.variable] === fact.value)) continue;
        next[at] = 0;
        again = true;
      }
    }
    return stateOf(leaf.sizes, next);
  });
}

/**
 * Lays the states of all `classes` out one after the other, and returns where those of each begin; the last number is
 * the total.
 */
export function offsetsOfClasses(classes: readonly LeafClass[]): Uint32Array {
  return offsetsOf(classes.map(({ states }) => states));
}
