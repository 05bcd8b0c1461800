import type { EngineNode } from "../node.ts";
import type { Invariant, Policy } from "../policy.ts";
import { equalValues, valueIn } from "../../state/mod.ts";
import { type Matcher, matchNodes } from "./needs.ts";

type BrakeRule = Extract<Invariant, { kind: "brake" }>;
type NeverRule = Extract<Invariant, { kind: "never" }>;

interface Brake {
  readonly rule: BrakeRule;
  readonly matches: Matcher;
  members: number;
  readonly unhealthy: Set<string>;
  /** Nodes whose present state is not known. */
  readonly unseen: Set<string>;
  /** Nodes whose repair the brake has refused since it engaged. */
  readonly refused: Set<string>;
}

/** Why something is not done: the name of the invariant, and the reason in words. */
export interface Objection {
  readonly invariant: string;
  readonly because: string;
}

/** Invariants that forbid something: there are no queues for them. */
export interface Brakes {
  setPolicy(
    policy: Policy,
    nodes: Iterable<{ readonly id: string; readonly name: string; readonly unhealthy: boolean }>,
  ): void;
  join(name: string): void;
  leave(id: string, name: string): void;
  /** Reports that a node may have changed, so that its present state is not known. */
  changed(id: string, name: string): void;
  /** Reports that a node has been looked at, or that a node that never was no longer exists. */
  seen(id: string): void;
  /** Records the state of a node. */
  note(id: string, name: string, unhealthy: boolean): void;
  /** Returns why no disruptive step may run on a node. */
  objectsToDisruption(node: EngineNode): Objection | undefined;
  /**
   * Returns why an unhealthy node may not be repaired: too many of its group are unhealthy, or their number is not
   * known.
   */
  objectsToRepair(id: string, node: EngineNode): Objection | undefined;
  /** Records a node that waits for a brake: it is looked at again when that may have changed. */
  refused(id: string, invariant: string): void;
}

/**
 * Creates brakes without rules.
 *
 * @param wake Schedules a look at a node.
 */
export function createBrakes(wake: (id: string) => void): Brakes {
  let brakes: Brake[] = [];
  let forbids: (node: EngineNode) => Objection | undefined = () => undefined;

  function isOn({ rule, members, unhealthy }: Brake): boolean {
    return unhealthy.size * 100 > rule.percent * members;
  }
  /** Lets the refused nodes try again. */
  function release(brake: Brake): void {
    if (brake.refused.size === 0 || isOn(brake)) return;
    const refused = [...brake.refused];
    brake.refused.clear();
    for (const id of refused) wake(id);
  }

  const self: Brakes = {
    setPolicy({ invariants }, nodes) {
      const refused = brakes.flatMap((brake) => [...brake.refused]);
      brakes = [];
      forbids = createNevers(invariants);
      for (const rule of invariants) {
        if (rule.kind !== "brake") continue;
        const matches = matchNodes(rule.nodes);
        brakes.push({ rule, matches, members: 0, unhealthy: new Set(), unseen: new Set(), refused: new Set() });
      }
      for (const { id, name, unhealthy } of nodes) {
        self.join(name);
        self.note(id, name, unhealthy);
      }
      for (const id of refused) wake(id);
    },
    join(name) {
      for (const brake of brakes) {
        if (!brake.matches(name)) continue;
        brake.members++;
        release(brake); // the same number is a smaller share now
      }
    },
    leave(id, name) {
      for (const brake of brakes) {
        brake.unseen.delete(id);
        if (!brake.matches(name)) continue;
        brake.members--;
        brake.unhealthy.delete(id);
        brake.refused.delete(id);
        release(brake);
      }
    },
    changed(id, name) {
      for (const brake of brakes) if (brake.matches(name)) brake.unseen.add(id);
    },
    seen(id) {
      for (const brake of brakes) brake.unseen.delete(id);
    },
    note(id, name, unhealthy) {
      for (const brake of brakes) {
        if (!brake.matches(name)) continue;
        if (unhealthy) brake.unhealthy.add(id);
        else if (brake.unhealthy.delete(id)) release(brake);
      }
    },
    objectsToDisruption: (node) => forbids(node),
    objectsToRepair(id, node) {
      for (const { rule, matches, members, unhealthy, unseen } of brakes) {
        if (!matches(node.name)) continue;
        const { size } = unhealthy;
        const count = unhealthy.has(id) ? size : size + 1; // it has just been seen as unhealthy
        if (count * 100 > rule.percent * members) {
          const because = `${count} of ${members} nodes are unhealthy, more than ${rule.percent}%`;
          return { invariant: rule.name, because };
        }
        const others = unseen.has(id) ? unseen.size - 1 : unseen.size;
        if (others > 0) {
          const because = `${others} ${others === 1 ? "node has" : "nodes have"} to be looked at first`;
          return { invariant: rule.name, because };
        }
      }
      return undefined;
    },
    refused(id, invariant) {
      const brake = brakes.find(({ rule }) => rule.name === invariant);
      if (brake === undefined) return;
      if (isOn(brake)) brake.refused.add(id);
      else wake(id);
    },
  };
  return self;
}

/** Creates the check of the `invariants` of kind `never`: it returns why no disruptive step may run on a node. */
export function createNevers(invariants: Policy["invariants"]): (node: EngineNode) => Objection | undefined {
  const nevers = invariants.flatMap((rule) => rule.kind === "never" ? [{ rule, matches: matchNodes(rule.nodes) }] : []);
  return (node) => {
    for (const { rule, matches } of nevers) {
      const objection = matches(node.name) ? objectionOf(rule, node) : undefined;
      if (objection !== undefined) return objection;
    }
    return undefined;
  };
}

/** Returns why an invariant forbids disruptive steps on a node, if all its values hold there. */
function objectionOf({ name, when }: NeverRule, { planner, view }: EngineNode): Objection | undefined {
  const { schema } = planner.domain;
  if (![...when].every(([url, value]) => equalValues(valueIn(schema, view, url), value))) return undefined;
  return { invariant: name, because: [...when].map(([url, value]) => `'${url}' is '${value}'`).join(", ") };
}
