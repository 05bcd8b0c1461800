import type { Clock } from "../../src/clock.ts";
import { readStuck, type Stuck } from "../../src/engine/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "../store/events.ts";
import type { Nodes } from "../nodes/nodes.ts";

/** Records when agents were first heard to have given something up, which is stored nowhere else. */
export interface AgentHolds {
  /** Returns when it was first heard, in clock milliseconds; undefined if that was before this program started. */
  since(id: string): number | undefined;
}

interface Heard {
  readonly text: string;
  readonly mutation: string;
  /** Clock milliseconds; undefined: it was present when this program started. */
  readonly since: number | undefined;
}

/**
 * Creates {@link AgentHolds}. New ones go to the event log.
 *
 * @param parts What it depends on.
 */
export function createAgentHolds(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly events: Events;
    readonly changes: Changes;
    readonly clock: Clock;
  },
): AgentHolds {
  const { replica, nodes, events, changes, clock } = parts;
  const heard = new Map<string, Heard>();

  function tell(id: string, kind: "stuck" | "unstuck", mutation: string, why: string): void {
    const node = nodes.read(id);
    if (node !== undefined) events.add({ node: node.name, kind, mutation, why: `Its agent ${why}`.slice(0, 500) });
  }
  function held(id: string): Stuck | undefined {
    return readStuck(replica.get(id)?.facets.self.get("/stuck/self")?.value);
  }

  for (const id of replica.ids()) {
    const stuck = held(id);
    if (stuck !== undefined) heard.set(id, { text: textOf(stuck), mutation: stuck.mutation, since: undefined });
  }

  function changed(id: string): void {
    const before = heard.get(id);
    const stuck = held(id);
    if (stuck === undefined) {
      if (heard.delete(id) && before !== undefined) tell(id, "unstuck", before.mutation, "tries again");
      return;
    }
    const text = textOf(stuck);
    if (before?.text === text) return;
    heard.set(id, { text, mutation: stuck.mutation, since: clock.now() });
    tell(id, "stuck", stuck.mutation, `gave up: ${stuck.reason}`);
  }
  changes.on("engine", "agents' holds", ["Discovered"], ({ id, facet, urls }) => {
    if (facet === "self" && urls.includes("/stuck/self")) changed(id);
  });
  return { since: (id) => heard.get(id)?.since };
}

/** Names what was given up: the same for the same cfg is not logged again. */
function textOf({ mutation, target }: Stuck): string {
  return `${mutation} ${target}`;
}
