import type { Clock } from "../../src/clock.ts";
import { isRecord } from "../../src/state/mod.ts";
import { every } from "../../src/toolkit/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { AggregatorEvent } from "../dispatch/events.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Board } from "./board.ts";
import { nodeDocument, nodeValues, statesOf, treeDocument } from "./documents.ts";
import { announce, type Announcing } from "./home_assistant.ts";
import { nodeTopic } from "./topics.ts";

/** Time between the starts of two rounds, in milliseconds. Each round updates a changed node once. */
const ROUND_MS = 1_000;
/** Delay before the first change after a pause is handled, in milliseconds. */
const SOON_MS = 50;
/** Nodes per slice of a round, and the pause between slices, in milliseconds, which lets other work run. */
const SLICE = 100;
const SLICE_MS = 25;
/** Nodes that are checked again each second without an event, because a phase also depends on things that cause none. */
const AGAIN = 100;
/** Time after the start during which `since` is taken over from documents of an earlier run, in milliseconds. */
const RECALL_MS = 60_000;

/** Variables of an aggregator that decide whether the nodes below it are stale. */
const STALENESS: ReadonlySet<string> = new Set(["/staleSince", "/brokerLost", "/link"]);
/** ISO 8601, as documents have it. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Follows the state of the nodes of an aggregator. */
export interface StateFollower {
  /** Starts to fill the board. */
  begin(): void;
  /**
   * Takes over `since` from a document that an earlier run published, if the node is in the same states.
   *
   * @param payload From a broker: anything.
   */
  recall(topic: string, payload: string): void;
  /** Resolves when the board is complete for the first time. */
  readonly complete: Promise<void>;
  stop(): void;
}

/** The parts of an aggregator that a follower needs. */
export interface FollowParts {
  readonly board: Board;
  readonly control: Pick<Control, "find" | "tree" | "schema" | "onEvent">;
  readonly changes: Changes;
  readonly nodes: Nodes;
  readonly clock: Clock;
  readonly ownId: string;
  readonly isRoot: boolean;
  /** Ids of all known nodes. */
  ids(): Iterable<string>;
  /** Whether the aggregator knows all its nodes; false while its parent refills a lost store. */
  isComplete(): boolean;
  /** State URLs and patterns of single values to publish. */
  readonly values: readonly string[];
  /** Absent if nodes are not announced to Home Assistant. */
  readonly announcing?: Announcing;
}

/** What the board has of a node. */
interface Published {
  readonly name: string;
  readonly topics: readonly string[];
  states: string;
  /** ISO 8601. */
  since: string;
}

/** Keeps a board up to date with the nodes of an aggregator: at the root all nodes, below it its own. A node is updated at most once a second. */
export function followState(parts: FollowParts): StateFollower {
  const { board, control, changes, nodes, clock, ownId } = parts;
  const { placement } = nodes;
  const published = new Map<string, Published>();
  /** By topic of the document. */
  const recalled = new Map<string, { readonly states: string; readonly since: string }>();
  let isRecalling = true;
  let dirty = new Set<string>();
  let isTreeDirty = true;
  let roundAt = -Infinity;
  let cancelRound: (() => void) | undefined;
  let again = parts.ids()[Symbol.iterator]();
  let complete: () => void = () => {};
  const ends: (() => void)[] = [];
  let hasBegun = false;

  function mark(id: string): void {
    dirty.add(id);
    schedule();
  }
  function markTree(): void {
    isTreeDirty = true;
    schedule();
  }
  function schedule(): void {
    if (hasBegun) cancelRound ??= clock.after(Math.max(SOON_MS, roundAt + ROUND_MS - clock.now()), round);
  }
  function round(): void {
    roundAt = clock.now();
    const batch = [...dirty];
    dirty = new Set();
    if (isTreeDirty) board.set(`${board.base}/tree`, treeDocument(control.tree()));
    isTreeDirty = false;
    slice(batch, 0);
  }
  function slice(batch: readonly string[], from: number): void {
    const to = from + SLICE;
    for (const id of batch.slice(from, to)) look(id);
    if (to < batch.length) {
      cancelRound = clock.after(SLICE_MS, () => slice(batch, to));
      return;
    }
    cancelRound = undefined;
    if (dirty.size > 0 || isTreeDirty) schedule();
    else if (parts.isComplete()) {
      board.set(board.online, "true");
      complete();
    }
  }

  function isOurs(id: string): boolean {
    return !placement.isAggregator(id) && (parts.isRoot || placement.via(id) !== undefined);
  }
  function look(id: string): void {
    const node = isOurs(id) ? control.find(id) : undefined;
    if (node === undefined) return forget(id);
    const before = published.get(id);
    if (before !== undefined && before.name !== node.name) forget(id);
    const since = sinceOf(node, published.get(id));
    const topic = nodeTopic(board.base, node.name);
    const payloads = new Map([[topic, nodeDocument(node, since)]]);
    for (const [url, text] of nodeValues(node, parts.values, control.schema)) payloads.set(`${topic}${url}`, text);
    if (parts.announcing !== undefined) payloads.set(...announce(parts.announcing, node));
    for (const old of before?.topics ?? []) if (!payloads.has(old)) board.clear(old);
    for (const [each, payload] of payloads) board.set(each, payload);
    published.set(id, { name: node.name, topics: [...payloads.keys()], states: statesOf(node), since });
  }
  function forget(id: string): void {
    const known = published.get(id);
    if (known === undefined) return;
    published.delete(id);
    for (const topic of known.topics) board.clear(topic);
    // A new node may have the same name.
    const other = nodes.idOf(known.name);
    if (other !== undefined && other !== id) mark(other);
  }
  function sinceOf(node: NodeDetail, before: Published | undefined): string {
    const states = statesOf(node);
    const earlier = recalled.get(nodeTopic(board.base, node.name));
    const now = before?.states === states ? before.since : new Date(clock.wall()).toISOString();
    return earlier?.states === states && earlier.since < now ? earlier.since : now;
  }

  function* below(id: string): Generator<string> {
    const names = [nodes.read(id)?.name];
    const seen = new Set(names);
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      for (const each of placement.servedBy(name)) {
        const child = placement.isAggregator(each) ? nodes.read(each)?.name : undefined;
        if (child === undefined) yield each;
        else if (!seen.has(child)) {
          seen.add(child);
          names.push(child);
        }
      }
    }
  }
  /** Handles a change of a node. A change of an aggregator may make the nodes below it stale, or no longer stale. */
  function changed(id: string, isForBelow: boolean): void {
    if (!placement.isAggregator(id) && id !== ownId) return mark(id);
    markTree();
    if (isForBelow) { for (const each of below(id)) mark(each); }
  }
  function on<K extends AggregatorEvent["kind"]>(
    kinds: readonly K[],
    handle: (event: Extract<AggregatorEvent, { readonly kind: K }>) => void,
  ): void {
    changes.on("publish", "board", kinds, handle);
  }
  on(["CfgChanged"], ({ id }) => changed(id, true));
  on(["Discovered"], ({ id, urls }) => changed(id, urls.some((url) => STALENESS.has(url))));
  on(["StatusPublished", "OwnershipChanged", "NodeRemoved"], ({ id }) => changed(id, false));
  on(["Moved"], ({ id }) => changed(id, true));
  on(["LinkChanged"], ({ child }) => changed(child, false));
  on(["FreezeChanged"], ({ ids }) => {
    for (const id of ids ?? parts.ids()) mark(id);
  });
  on(["BrokerTurned"], () => changed(ownId, true));
  on(["BecameComplete", "StoreTurned"], markTree);
  on(["StatusesLooked"], ({ ids }) => {
    markTree();
    for (const id of ids) mark(id);
  });

  /** Marks the next few nodes, in turn. */
  function lookAgain(): void {
    for (let left = AGAIN; left > 0; left--) {
      const next = again.next();
      if (next.done === true) {
        again = parts.ids()[Symbol.iterator]();
        return;
      }
      mark(next.value);
    }
  }

  return {
    complete: new Promise((resolve) => complete = resolve),
    begin() {
      hasBegun = true;
      for (const id of parts.ids()) dirty.add(id);
      schedule();
      ends.push(
        control.onEvent((event) => board.tell(JSON.stringify(event))),
        every(clock, ROUND_MS, lookAgain),
        clock.after(RECALL_MS, () => {
          isRecalling = false;
          recalled.clear();
        }),
      );
    },
    recall(topic, payload) {
      if (!isRecalling || !board.get(topic)?.startsWith("{")) return;
      const earlier = readStates(payload);
      const known = earlier && recalled.get(topic);
      if (earlier === undefined || (known !== undefined && known.since <= earlier.since)) return;
      const id = nodes.idOf(earlier.name);
      if (id === undefined || nodeTopic(board.base, earlier.name) !== topic || !published.has(id)) return;
      recalled.set(topic, earlier);
      look(id);
    },
    stop() {
      for (const end of ends) end();
      cancelRound?.();
    },
  };
}

/** Reads name, states and `since` from a node's document. @returns Undefined if it is not a valid document. */
function readStates(
  payload: string,
): { readonly name: string; readonly states: string; readonly since: string } | undefined {
  let document: unknown;
  try {
    document = JSON.parse(payload);
  } catch {
    return undefined;
  }
  if (!isRecord(document)) return undefined;
  const { name, since, physState, runState, phase } = document;
  if (typeof name !== "string" || typeof since !== "string" || !TIME.test(since)) return undefined;
  return { name, states: statesOf({ physState, runState, phase }), since };
}
