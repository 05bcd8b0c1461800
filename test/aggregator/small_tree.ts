import { type Changes, createChanges } from "../../aggregator/dispatch/changes.ts";
import { type Commits, followCommits } from "../../aggregator/dispatch/commits.ts";
import { type AggregatorEvent, PHASES } from "../../aggregator/dispatch/events.ts";
import { createDomains } from "../../aggregator/nodes/domains.ts";
import { createNodes, type Nodes } from "../../aggregator/nodes/nodes.ts";
import { createPlacement } from "../../aggregator/tree/placement.ts";
import { simpowerDeclaration } from "../../modules/simpower/declaration.ts";
import { joinDeclaration } from "../../modules/join/declaration.ts";
import { createLog } from "../../src/log.ts";
import { nodeIdOf, type Value } from "../../src/state/mod.ts";
import { createReplica, type Replica } from "../../src/sync/mod.ts";
import { makeTerm, ofRun } from "../support/versions.ts";

/** A log that says nothing. */
export const quiet = createLog(() => {});

/** A dispatcher for parts that a test makes. What a subscriber throws is thrown to whoever posts. */
export function createTestChanges(): Changes {
  return createChanges({
    ...quiet,
    error(message, fields) {
      throw new Error(`${message}: ${JSON.stringify(fields)}`);
    },
  });
}

/** What is posted, in words, of these kinds. */
export function listen<K extends AggregatorEvent["kind"]>(
  changes: Changes,
  kinds: readonly K[],
  say: (event: Extract<AggregatorEvent, { readonly kind: K }>) => void,
): void {
  changes.on(PHASES[0], "test", kinds, say);
}

/** The id of a node of these tests. */
export function idOf(name: string): string {
  return nodeIdOf("small", name);
}

/** What the aggregator `root` holds, without programs: documents that a test writes. */
export interface SmallTree {
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly changes: Changes;
  readonly commits: Commits;
  /** Sets cfg as the root does; its `/name` goes by itself. @returns The node's id. */
  set(name: string, values: Record<string, Value | null>): string;
  /** Writes what an aggregator, or an agent, discovers under an assignment. */
  discover(name: string, facet: "parent" | "self", values: Record<string, Value | null>, assignment?: number): void;
}

/** Makes it, with aggregators `a` and `b` below the root. */
export function createSmallTree(): SmallTree {
  const replica = createReplica();
  const domains = createDomains([joinDeclaration, simpowerDeclaration], [], quiet);
  const nodes = createNodes(replica, domains, createPlacement(replica, "root"));
  const changes = createTestChanges();
  const commits = followCommits({ replica, nodes, changes });
  const tree: SmallTree = {
    replica,
    ...{ nodes, changes, commits },
    set(name, values) {
      const id = idOf(name);
      replica.write(id, "cfg", new Map(Object.entries({ "/name": name, ...values })), ofRun(1));
      return id;
    },
    discover(name, facet, values, assignment = 1) {
      replica.write(idOf(name), facet, new Map(Object.entries(values)), makeTerm(assignment, 1));
    },
  };
  tree.set("root", { "/role": "AGGREGATOR" });
  tree.set("a", { "/role": "AGGREGATOR", "/parent": "root" });
  tree.set("b", { "/role": "AGGREGATOR", "/parent": "root" });
  return tree;
}

/** An `/assignment` as the root writes it. */
export function assigned(number: number, parent: string, more: { held?: string[]; standby?: string } = {}): Value {
  return {
    number,
    parent: idOf(parent),
    ...(more.standby !== undefined && { standby: { parent: idOf(more.standby) } }),
    ...(more.held !== undefined && { held: more.held.map(idOf) }),
  };
}
