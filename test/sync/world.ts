import type { Random } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { type Facet, termText, type Value, valuesOf } from "../../src/state/mod.ts";
import {
  type ChildLink,
  createChildLink,
  createNodeChildScope,
  createNodeScope,
  createParentLink,
  createReplica,
  decodeFrame,
  digestOf,
  type DownFrame,
  encodeFrame,
  type Frame,
  type LifeFrame,
  type LinkState,
  type ParentLink,
  type Replica,
  type Session,
  type UpFrame,
} from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { NODE } from "./node.ts";
import { createPromises } from "./promises.ts";
import { ofRun } from "../support/versions.ts";

export { NODE };

/** How a network treats frames: shares from 0 to 1, longest extra delay in milliseconds. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly delay: number;
}
/** Nothing is lost, and everything arrives in order. */
export const FAIR: Weather = { loss: 0, duplication: 0, delay: 0 };

/** One run of the agent. */
export interface Run {
  readonly run: string;
  readonly link: ChildLink;
  readonly replica: Replica;
  /** What it has written: what its `self` facet must show everywhere in the end. */
  readonly truth: Map<string, Value>;
  online: boolean;
  deposed: boolean;
  readonly states: LinkState[];
}

/** A random source that replays: mulberry32. */
export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a parent needs that knows children which declare nothing. */
export const NO_MODULES = {
  modules: [],
  modulesOf: (digest: string) => digest === digestOf([]) ? [] : undefined,
  mayAsk: () => true,
  keepalive: () => 10,
};

const quiet = createLog(() => {});

/** One parent, one child that can be restarted, and a network between them that loses, doubles and reorders. */
export function createWorld(seed = 1) {
  const clock = createVirtualClock();
  const random = seeded(seed);
  /** What children have logged as warnings, a JSON object each. */
  const warnings: string[] = [];
  const childLog = createLog((line) => void warnings.push(line), { level: "warn" });
  let weather = FAIR;
  /** What the weather is for: all frames where nothing is named. */
  let exposed: readonly Frame["type"][] | undefined;
  let runs = 0;
  /** On the parent's disk. */
  const disk = createReplica();
  let lastTerm = 0;
  /** The term in which the parent writes its own facet. */
  let parentTerm = 1;
  let diskBroken = false;
  let hasDeposed = false;
  let hasLied = false;
  let parentRun = "";
  let parent: ParentLink;
  let child: Run;
  const children: Run[] = [];
  const parentStates: LinkState[] = [];
  const promises = createPromises(disk);
  promises.follow("the parent", disk);
  /** Every frame that was sent, in order. */
  const sent: { readonly way: "up" | "down" | "life"; readonly frame: Frame }[] = [];

  /** What has become of each of them: how many copies arrive. */
  const fates: { readonly way: "up" | "down" | "life"; readonly type: Frame["type"]; readonly copies: number }[] = [];

  /** Carries a frame as bytes, or does not. Frames with different delays overtake each other. */
  function carry<F extends Frame>(way: "up" | "down" | "life", frame: F, deliver: (frame: F) => void): void {
    const decoded = decodeFrame(encodeFrame(frame));
    if (!decoded.ok) throw new Error(`A link sent a malformed frame: ${decoded.problem}`);
    sent.push({ way, frame: decoded.frame });
    if (way !== "life") promises.sent(way, decoded.frame);
    const { loss, duplication, delay } = exposed?.includes(frame.type) === false ? FAIR : weather;
    const copies = random() < loss ? 0 : random() < duplication ? 2 : 1;
    fates.push({ way, type: frame.type, copies });
    // What was decoded is of the type that was encoded.
    for (let copy = 0; copy < copies; copy++) {
      clock.after(2 + random() * delay, () => {
        if (way !== "life") promises.delivered(way, decoded.frame);
        deliver(decoded.frame as F);
      });
    }
  }

  let epochs = 0;
  function startParent(resume?: Session, run = `parent-${++runs}`): void {
    parentRun = run;
    const link: ParentLink = createParentLink({
      child: NODE,
      run,
      ...NO_MODULES,
      replica: disk,
      scope: createNodeChildScope(disk, NODE),
      ...(resume !== undefined && { resume }),
      nextTerm({ term: childTerm }) {
        if (diskBroken) throw new Error("Cannot write term: no space left");
        return ofRun(lastTerm = Math.max(lastTerm, childTerm.run) + 1);
      },
      nextEpoch: () => ++epochs,
      clock,
      random,
      log: quiet,
      send: (frame: DownFrame) =>
        carry("down", frame, (arrived) => {
          for (const { online, link: to } of children) if (online) to.receive(arrived);
        }),
      onState(state) {
        parentStates.push(state);
        const { session } = link;
        if (state === "level" && session !== undefined) {
          promises.parentIsLevel(run, session.run, session.term);
        }
      },
      onModules: () => {},
    });
    parent = link;
  }

  function startChild(): Run {
    const run = `child-${++runs}`;
    const replica = createReplica();
    const states: LinkState[] = [];
    const link = createChildLink({
      id: NODE,
      run,
      modules: () => [],
      replica,
      scope: createNodeScope(replica, NODE),
      clock,
      random,
      log: childLog,
      send: (frame: UpFrame) => carry("up", frame, (arrived) => parent.receive(arrived)),
      onState(state) {
        states.push(state);
        if (state === "level") promises.childIsLevel(run, replica);
      },
      onWelcome: () => promises.welcomed(run, replica),
      onDeposed: () => {
        promises.deposed(run);
        hasDeposed = true;
        made.deposed = true;
        made.online = false;
      },
    });
    const made: Run = { run, link, replica, truth: new Map(), online: false, deposed: false, states };
    promises.follow(run, replica);
    replica.onChange(() => link.changed());
    children.push(made);
    child = made;
    return made;
  }

  function life(frame: LifeFrame): void {
    carry("life", frame, (arrived) => parent.life(arrived));
  }

  startParent();
  child = startChild();
  disk.onChange(() => parent.changed());

  return {
    clock,
    random,
    disk,
    sent,
    fates,
    warnings,
    children,
    parentStates,
    get parent() {
      return parent;
    },
    /** What happened on the way that may never happen, in words. */
    broken: promises.broken,
    /** Whether a run of the child has stood down. */
    get hasDeposed() {
      return hasDeposed;
    },
    get hasLied() {
      return hasLied;
    },
    get parentRun() {
      return parentRun;
    },
    get child() {
      return child;
    },
    /** @param types What it is for. @default all frames */
    setWeather(next: Weather, types?: readonly Frame["type"][]) {
      weather = next;
      exposed = types;
    },
    life,
    /** One end says once that it has far more of the other's data than there is: a broken program may. */
    lie(what: "ack" | "welcome" | "birth") {
      const received = 1_000_000;
      hasLied = true;
      const last = sent.findLast(({ way, frame }) =>
        way === (what === "welcome" ? "down" : "up") && frame.type === what
      );
      if (last?.frame.type === "welcome") {
        promises.lied(last.frame);
        child.link.receive({ ...last.frame, received });
      }
      if (last?.frame.type === "birth") parent.receive({ ...last.frame, received });
      if (what === "ack") {
        child.link.receive({ type: "ack", from: parentRun, to: child.run, received });
        parent.receive({ type: "ack", from: child.run, to: parentRun, received });
      }
    },
    breakDisk(broken: boolean) {
      diskBroken = broken;
    },
    connect(run: Run = child) {
      if (run.online || run.deposed) return;
      run.online = true;
      life({ type: "alive", from: run.run });
      run.link.connected();
    },
    /** The broker publishes the will, sooner or later. */
    disconnect(run: Run = child) {
      if (!run.online) return;
      run.online = false;
      run.link.disconnected();
      life({ type: "dead", from: run.run, why: "lost" });
    },
    /** kill -9: memory is lost. */
    killChild(run: Run = child) {
      run.online = false;
      run.link.stop();
      const place = children.indexOf(run);
      if (place >= 0) children.splice(place, 1);
      life({ type: "dead", from: run.run, why: "lost" });
    },
    startChild,
    /**
     * Its memory is lost, its disk is not.
     *
     * @param kept `sessions`: it knows how far it had got with its child; otherwise it is another parent with the same
     * documents. `facet`: it knows what it has said of the child; otherwise its later word outranks that. `link`: the same
     * of its link to the child alone.
     */
    restartParent(kept: { readonly sessions?: boolean; readonly facet?: boolean; readonly link?: boolean } = {}) {
      parent.stop();
      if (kept.link === false) disk.drop(NODE, "parent", (url) => url === "/link");
      if (kept.facet === false) {
        parentTerm++;
        disk.drop(NODE, "parent", () => true);
      }
      startParent(kept.sessions === true ? parent.session : undefined);
      parent.requestRebirth();
    },
    /** The parent goes on, and its link to the child is made anew, say as the node was given away and back. */
    renewParentLink() {
      parent.stop();
      startParent(undefined, parentRun);
    },
    /** What the agent discovers. */
    discover(url: string, value: Value | null, run: Run = child) {
      if (value === null) run.truth.delete(url);
      else run.truth.set(url, value);
      run.replica.write(NODE, "self", new Map([[url, value]]), run.link.term);
    },
    /** What people or the aggregator write. */
    write(facet: "cfg" | "parent", url: string, value: Value | null) {
      disk.write(NODE, facet, new Map([[url, value]]), ofRun(facet === "cfg" ? 1 : parentTerm));
    },
    /** Both ends are level and hold the same. */
    agrees(): boolean {
      const there = disk.get(NODE)?.facets;
      const here = child.replica.get(NODE)?.facets;
      return parent.state === "level" && child.link.state === "level" &&
        same(there?.cfg, here?.cfg) && same(there?.parent, here?.parent) && same(there?.self, here?.self) &&
        text(valuesOf(there?.self ?? new Map())) === text(child.truth);
    },
    /** In words, for a failure's message. */
    describe(): string {
      const show = (facet: Facet | undefined) => text(new Map([...facet ?? []].map(([url, e]) => [url, e])));
      return [
        `parent ${parent.state}, child ${child.link.state} (term ${termText(child.link.term)}) at ${clock.now()} ms`,
        `parent's self ${show(disk.get(NODE)?.facets.self)}`,
        `child's self  ${show(child.replica.get(NODE)?.facets.self)}`,
        `truth         ${text(child.truth)}`,
        `last frames   ${JSON.stringify(sent.slice(-8).map(({ way, frame }) => [way, frame]))}`,
      ].join("\n");
    },
    stop() {
      parent.stop();
      for (const { link } of children) link.stop();
    },
  };
}

/** Tells whether two facets are the same, entries that are unset and that the other side never heard of aside. */
function same(a: Facet | undefined, b: Facet | undefined): boolean {
  return text(setEntries(a)) === text(setEntries(b));
}

function setEntries(facet: Facet | undefined): Map<string, unknown> {
  return new Map([...facet ?? []].filter(([, { value }]) => value !== null));
}

function text(values: ReadonlyMap<string, unknown>): string {
  return JSON.stringify([...values].sort(([a], [b]) => a < b ? -1 : 1));
}
