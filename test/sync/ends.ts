import type { Random } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { type Assignment, type Facet, type Term, type Value } from "../../src/state/mod.ts";
import {
  type BirthFrame,
  type ChildLinkOptions,
  createChildLink,
  createNodeChildScope,
  createNodeScope,
  createParentLink,
  createReplica,
  type DataFrame,
  digestOf,
  type DocumentChanges,
  type DownFrame,
  type LinkState,
  type ParentLinkOptions,
  type SessionInfo,
  type UpFrame,
  type WelcomeFrame,
} from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { NO_MODULES, NODE } from "./world.ts";
import { ofRun } from "../support/versions.ts";

/** What nobody declares anything by. */
export const NOTHING_DECLARED = digestOf([]);

/** Chance is always one half, where a test does not say otherwise. */
const HALF: Random = () => 0.5;

function frames<F extends { readonly type: string }, T extends F["type"]>(
  sent: readonly F[],
  type: T,
): Extract<F, { type: T }>[] {
  return sent.filter((frame): frame is Extract<F, { type: T }> => frame.type === type);
}

/** The child's end of a link alone: a test says everything that its parent says. */
export function createChildEnd(more: Partial<ChildLinkOptions> = {}) {
  const clock = createVirtualClock();
  const replica = createReplica();
  const sent: UpFrame[] = [];
  const states: { readonly state: LinkState; readonly why: string }[] = [];
  const warnings: string[] = [];
  const world = {
    welcomes: [] as { readonly term: Term; readonly knowsModules: boolean; readonly keepalive: number }[],
    snapshots: [] as string[][],
    caughtUp: 0,
    moved: [] as Assignment[],
    there: [] as string[],
    deposed: 0,
  };
  const link = createChildLink({
    ...{ id: NODE, run: "c", modules: () => [], replica, scope: createNodeScope(replica, NODE) },
    ...{ clock, random: HALF, log: createLog((line) => void warnings.push(line), { level: "warn" }) },
    send: (frame) => void sent.push(frame),
    onState: (state, why) => void states.push({ state, why }),
    onWelcome(term, modules, keepalive) {
      world.welcomes.push({ term, knowsModules: modules === undefined, keepalive });
    },
    onSnapshot: (mentioned) => void world.snapshots.push([...mentioned]),
    onCaughtUp: () => void world.caughtUp++,
    onMoved: (assignment) => void world.moved.push(assignment),
    onThere: (node) => void world.there.push(node),
    onDeposed: () => void world.deposed++,
    ...more,
  });
  replica.onChange(() => link.changed());
  const end = {
    ...{ clock, replica, sent, states, warnings, world, link },
    sentOf: <T extends UpFrame["type"]>(type: T) => frames(sent, type),
    /** The parent's welcome, with other fields where a test says so. */
    welcome(fields: Partial<WelcomeFrame> = {}) {
      link.receive({
        ...{ type: "welcome", from: "p", to: "c", term: ofRun(1), received: 0, newest: 0, epoch: 1, keepalive: 10 },
        ...{ digest: NOTHING_DECLARED, modules: [] },
        ...fields,
      });
    },
    data(since: number, upTo: number, fields: Partial<DataFrame> = {}) {
      link.receive({
        ...{ type: "data", from: "p", to: "c", since, upTo, newest: upTo, epoch: 1, documents: [] },
        ...fields,
      });
    },
    ack: (received: number, from = "p") => link.receive({ type: "ack", from, to: "c", received }),
    write: (url: string, value: Value) => void replica.write(NODE, "self", new Map([[url, value]]), link.term),
    /** Connects, is welcomed, and both sides have everything. */
    level() {
      link.connected();
      end.welcome();
      end.data(0, 0);
      end.ack(replica.index);
      sent.length = 0;
      states.length = 0;
    },
  };
  return end;
}

/** The parent's end of a link alone: a test says everything that its child says. */
export function createParentEnd(more: Partial<ParentLinkOptions> = {}) {
  const clock = createVirtualClock();
  const disk = createReplica();
  const sent: DownFrame[] = [];
  const states: { readonly state: LinkState; readonly why: string }[] = [];
  const warnings: string[] = [];
  const world = {
    term: ofRun(0),
    epochs: 0,
    born: [] as boolean[],
    /** What was known of the session whenever it was asked whether the child is to have a change. */
    sessions: new Set<number>(),
    acked: [] as number[],
  };
  const scope = createNodeChildScope(disk, NODE);
  const link = createParentLink({
    ...{ child: NODE, run: "p", ...NO_MODULES, replica: disk },
    scope: {
      ...scope,
      wanted(change, session: SessionInfo) {
        world.sessions.add(session.blankUpTo);
        return scope.wanted(change, session);
      },
      acked: (index) => void world.acked.push(index),
    },
    nextTerm: ({ term: { run } }) => world.term = ofRun(Math.max(world.term.run, run) + 1),
    nextEpoch: () => ++world.epochs,
    ...{ clock, random: HALF, log: createLog((line) => void warnings.push(line), { level: "warn" }) },
    send: (frame) => void sent.push(frame),
    onState: (state, why) => void states.push({ state, why }),
    onBorn: (_frame, hasParent) => void world.born.push(hasParent),
    onModules: () => {},
    ...more,
  });
  disk.onChange(() => link.changed());
  const end = {
    ...{ clock, disk, sent, states, warnings, world, link },
    sentOf: <T extends DownFrame["type"]>(type: T) => frames(sent, type),
    birth(fields: Partial<BirthFrame> = {}) {
      link.receive({
        ...{ type: "birth", from: "c", term: ofRun(0), parent: "", received: 0, epoch: 0, parentTerm: ofRun(0) },
        ...{ digest: NOTHING_DECLARED, knownDigest: "" },
        ...fields,
      });
    },
    data(since: number, upTo: number, self: Facet = new Map(), from = "c") {
      const documents: DocumentChanges[] = self.size === 0 ? [] : [{ id: NODE, facets: { self } }];
      link.receive({ type: "data", from, to: "p", since, upTo, newest: upTo, documents });
    },
    ack: (received: number, from = "c") => link.receive({ type: "ack", from, to: "p", received }),
    write: (facet: "cfg" | "parent", url: string, value: Value | null) =>
      void disk.write(NODE, facet, new Map([[url, value]]), ofRun(1)),
    /** The child is born, and both sides have everything. */
    level() {
      end.birth();
      end.data(0, 0);
      end.ack(disk.index);
      sent.length = 0;
      states.length = 0;
    },
  };
  return end;
}
