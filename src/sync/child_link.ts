import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { ModuleDeclaration } from "../plan/mod.ts";
import { type Assignment, compareTerms, newestVersion, NO_TERM, type Term, termOf, termText } from "../state/mod.ts";
import { type Certified, type Given, type OwnRun, readAssigned } from "../evidence/mod.ts";
import { backoff } from "../toolkit/mod.ts";
import type { LinkCounts } from "./counts.ts";
import { holdingIn } from "./common.ts";
import { digestOf } from "./digest.ts";
import { covers, type Holding, OF_EACH_LINK, partOf, partsFor } from "./holding.ts";
import { createInbox } from "./inbox.ts";
import { BIRTH_CAP_MS, BIRTH_MS, MAX_REFUSALS, REBIRTH_MS, REMIND_KEEPALIVES, SILENT_KEEPALIVES } from "./limits.ts";
import { createOutbox } from "./outbox.ts";
import type { ChildScope } from "./scope.ts";
import type {
  AckFrame,
  DataFrame,
  DeclareFrame,
  DownFrame,
  LifeFrame,
  LinkState,
  LocationFrame,
  PingFrame,
  Replica,
  ResyncFrame,
  UpFrame,
  WelcomeFrame,
} from "./types.ts";

/** Seconds between signs of life until a parent has said otherwise, and the fewest that it may say. */
export const DEFAULT_KEEPALIVE = 10;
const MIN_KEEPALIVE = 1;

/** After so many births without an answer, some half a minute, the log says so. */
const UNANSWERED = 5;

/** What the child's end of a link needs. */
export interface ChildLinkOptions {
  /** The child's node. */
  readonly id: string;
  /** Names this run of the program: new with every start. */
  readonly run: string;
  /** What it brings to its parent's planner. Asked anew with every birth. */
  modules(): readonly ModuleDeclaration[];
  readonly replica: Replica;
  /** Which documents and values it exchanges with its parent. */
  readonly scope: ChildScope;
  /** The shortest time from one window of changes to the next, in milliseconds. @default 100 */
  readonly batch?: number;
  /** The term that an earlier run had, where it was kept. @default NO_TERM */
  readonly term?: Term;
  /** What an earlier run was given with its last welcome, where it was kept. */
  readonly given?: Given;
  /** Of an aggregator: what it shows of itself. Asked anew with every birth. */
  own?(): OwnRun;
  /** Whether it has to be told of everything, whatever its term: asked with every birth. @default as without a term */
  isBlank?(): boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  send(frame: UpFrame): void;
  onState?(state: LinkState, why: string): void;
  /**
   * The parent has taken it in: with this term it writes its `self` facet from now on. `modules` are the parent's, where they
   * are others than before; `keepalive` is in seconds.
   */
  onWelcome?(term: Term, modules: readonly ModuleDeclaration[] | undefined, keepalive: number): void;
  /** What the parent gives for later births. @param certified Of an aggregator: the certificates of its key. */
  onGiven?(given: Given, certified: Certified | undefined): void;
  /** Everything that the parent had has arrived, after it began from nothing: these documents were mentioned. */
  onSnapshot?(mentioned: ReadonlySet<string>): void;
  /** Everything has arrived that the parent is known to have. Comes again whenever that is so after data. */
  onCaughtUp?(): void;
  /** It belongs to another parent now. */
  onMoved?(assignment: Assignment): void;
  /** The parent says where a node joins that it was asked for. */
  onThere?(node: string, assignment: Assignment): void;
  /** Another run of the same node has taken its place: it must end. The link sends nothing any more. */
  onDeposed?(): void;
}

/** The child's end of a link: a state machine without I/O. */
export interface ChildLink {
  readonly state: LinkState;
  /** The term to write the `self` facet with; `NO_TERM` until the first welcome. */
  readonly term: Term;
  /** True unless everything has arrived that the parent is known to have. */
  readonly isBehind: boolean;
  readonly counts: LinkCounts;
  /** The transport is up: frames can be sent. */
  connected(): void;
  /** The transport is down. */
  disconnected(): void;
  receive(frame: DownFrame): void;
  /** The parent has come or gone: brokers outlive it. */
  parentLife(frame: LifeFrame): void;
  /** The replica has changed. */
  changed(): void;
  /** Asks where a node joins that is none of its own. The answer may come, or not. */
  ask(node: string): void;
  /** What it brings to its parent's planner has changed: it is born again. */
  redeclare(): void;
  /** Ends timers; sends nothing and takes nothing in any more. */
  stop(): void;
}

/**
 * Makes the child's end of a link. It births itself until it is welcomed, again whenever it was disconnected, and when a
 * parent that does not know it calls. Then both sides exchange what `scope` names.
 */
export function createChildLink(options: ChildLinkOptions): ChildLink {
  const { run, replica, scope, clock, random, log } = options;
  let phase: "offline" | "unborn" | "welcomed" | "ended" = "offline";
  let state: LinkState = "down";
  let term = options.term ?? NO_TERM;
  let parent = "";
  /** The epoch under which it has what it has of that parent. */
  let epoch = 0;
  let keepalive = DEFAULT_KEEPALIVE;
  /** What it was given with its last welcome. */
  let given = options.given;
  /** The digest of the parent's declarations that were handed on. */
  let knownDigest = "";
  /** The parent has asked for the declarations. */
  let declares = false;
  /** What the parent has mentioned since it began from nothing. */
  let mentioned: { readonly documents: Set<string>; readonly urls: Set<string> } | undefined;
  let births = 0;
  let lastBirth = -Infinity;
  let lastHeard = -Infinity;
  let levelAt = 0;
  /** How many births of this run were answered by a welcome for another one. */
  let refusals = 0;
  /** A birth was sent and nothing has answered it yet. */
  let asked = false;
  let cancel: (() => void) | undefined;
  const counts = { sent: 0, received: 0, droppedFrames: 0, droppedValues: 0 };

  function send(frame: UpFrame): void {
    counts.sent++;
    options.send(frame);
  }

  function sendAck(received: number): void {
    send({ type: "ack", from: run, to: parent, received, epoch });
  }

  const outbox = createOutbox({
    replica,
    clock,
    random,
    log,
    documents: (after) => scope.documents(after),
    wanted: (change) => scope.wanted(change),
    ...(options.batch !== undefined && { batch: options.batch }),
    send: (window) => send({ type: "data", from: run, to: parent, ...window }),
    onBroken: () => rebirth("its data was not acknowledged"),
  });
  const inbox = createInbox({
    take(node, facet, entries) {
      mentioned?.documents.add(node);
      if (node === options.id && facet === "parent") { for (const url of entries.keys()) mentioned?.urls.add(url); }
      return scope.take(node, facet, entries, term);
    },
    sendAck,
    sendResync: (received) => send({ type: "resync", from: run, to: parent, received }),
  });

  function setState(next: LinkState, why: string): void {
    if (state === next) return;
    state = next;
    options.onState?.(next, why);
  }

  function enter(next: typeof phase): void {
    cancel?.();
    cancel = undefined;
    phase = next;
    outbox.stop();
  }

  function sendBirth(): void {
    lastBirth = clock.now();
    asked = true;
    if (births === UNANSWERED) {
      log.warn("Its parent does not answer: it does not run, or this node's /parent is not that one", { births });
    }
    cancel = clock.after(backoff(BIRTH_MS, BIRTH_CAP_MS, births++, random), sendBirth);
    const modules = options.modules();
    const parentTerm = termOf(newestVersion(replica.get(options.id)?.facets.parent ?? new Map()));
    const assigned = readAssigned(replica.get(options.id)?.facets.cfg.get("/assignment")?.value);
    const isBlank = options.isBlank?.() === true;
    const holdings = isBlank ? undefined : holding();
    send({
      ...{ type: "birth", from: run, term, parent, received: inbox.received, epoch, parentTerm },
      ...(isBlank && { blank: true }),
      ...(holdings !== undefined && { holdings }),
      ...(given !== undefined && { shown: given }),
      ...(assigned !== undefined && { assigned }),
      ...(options.own !== undefined && { own: options.own() }),
      ...{ digest: digestOf(modules), knownDigest },
      ...(declares && { modules }),
    });
  }

  /** What it has of what parents tell; undefined for nothing. */
  function holding(): Holding | undefined {
    const ids = [...replica.ids()];
    const has = holdingIn(replica, options.id, partsFor(ids.length));
    return has.parent !== "" || has.cfg.some((each) => each !== "") ? has : undefined;
  }

  /** What the parent does not say, as this has it already, counts as said. */
  function mention(unchanged: Holding, { documents, urls }: { documents: Set<string>; urls: Set<string> }): void {
    for (const id of replica.ids()) {
      const cfg = replica.get(id)?.facets.cfg;
      if (cfg !== undefined && cfg.size > 0 && unchanged.cfg[partOf(id, unchanged.cfg.length)] !== "") {
        documents.add(id);
      }
    }
    if (unchanged.parent === "") return;
    for (const url of replica.get(options.id)?.facets.parent.keys() ?? []) if (url !== OF_EACH_LINK) urls.add(url);
  }

  /** Born again, but no sooner than a moment after the last time: parents may call more than once. */
  function rebirth(why: string, least = 0): void {
    enter("unborn");
    setState("joining", why);
    births = 0;
    const wait = Math.max(least, lastBirth + REBIRTH_MS - clock.now());
    if (wait > 0) cancel = clock.after(wait, sendBirth);
    else sendBirth();
  }

  /** Milliseconds. */
  function remindEvery(): number {
    return keepalive * 1000 * REMIND_KEEPALIVES;
  }

  function remind(): void {
    if (clock.now() - lastHeard > keepalive * 1000 * SILENT_KEEPALIVES) {
      return rebirth("nothing is heard of its parent");
    }
    cancel = clock.after(remindEvery() * (0.75 + random() / 2), remind);
    send({ type: "ping", from: run, to: parent, received: inbox.received, epoch });
  }

  function welcomed(frame: WelcomeFrame): void {
    if (frame.to !== run) return welcomedAnother(frame);
    const order = compareTerms(frame.term, term);
    if (order < 0) return drop("Dropped a late welcome");
    if (frame.from === parent && frame.epoch < epoch) return drop("Dropped a late welcome");
    const goesOn = frame.from === parent && frame.epoch === epoch;
    if (goesOn && order === 0 && phase === "welcomed") return;
    const { unchanged } = frame;
    if (
      !goesOn && unchanged !== undefined && !covers(holdingIn(replica, options.id, unchanged.cfg.length), unchanged)
    ) {
      return rebirth("it has other values than when it was born");
    }
    if (frame.modules === undefined && frame.digest !== knownDigest) {
      // The welcome that had the declarations was lost, or answered an older birth.
      knownDigest = "";
      return rebirth("it does not know what its parent declares");
    }
    if (order > 0) {
      term = frame.term;
      replica.restamp(options.id, "self", term);
    }
    if (frame.given !== undefined) {
      given = frame.given;
      options.onGiven?.(given, frame.certified);
    }
    if (!goesOn) {
      mentioned = { documents: new Set(), urls: new Set() };
      if (unchanged !== undefined) mention(unchanged, mentioned);
    }
    inbox.begin(goesOn ? inbox.received : 0, frame.newest);
    parent = frame.from;
    epoch = frame.epoch;
    lastHeard = clock.now();
    refusals = 0;
    asked = false;
    declares = false;
    keepalive = Math.max(MIN_KEEPALIVE, frame.keepalive);
    enter("welcomed");
    setState("joining", "its parent welcomed it");
    const isNews = frame.digest !== knownDigest;
    knownDigest = frame.digest;
    options.onWelcome?.(term, isNews ? frame.modules : undefined, keepalive);
    cancel = clock.after(remindEvery() * random(), remind);
    levelAt = replica.index;
    outbox.start(frame.received);
    checkLevel();
  }

  /**
   * Another run was welcomed. Where that run is a late ghost, this one's next birth is welcomed again; where it lives and
   * has taken this one's place, births are answered with its welcome, and this one stands down.
   */
  function welcomedAnother(frame: WelcomeFrame): void {
    if (compareTerms(frame.term, term) <= 0) return drop("Dropped a welcome for another run");
    if (phase === "welcomed") {
      // The other run gets the time to answer, so that two that live don't displace each other for ever.
      return rebirth("another run of its node was welcomed", backoff(BIRTH_MS, BIRTH_CAP_MS, 0, random));
    }
    if (asked) refusals++;
    asked = false;
    if (refusals < MAX_REFUSALS) return;
    log.warn("Standing down, as another run of this node has been welcomed", {
      run: frame.to,
      term: termText(frame.term),
    });
    enter("ended");
    setState("down", "another run of this node has taken its place");
    options.onDeposed?.();
  }

  function drop(message: string): void {
    counts.droppedFrames++;
    log.debug(message);
  }

  function deliver(frame: DataFrame | AckFrame | PingFrame | ResyncFrame | LocationFrame): void {
    counts.received++;
    lastHeard = clock.now();
    switch (frame.type) {
      case "data": {
        const refused = inbox.data(frame);
        counts.droppedValues += refused;
        if (refused > 0) log.warn("Dropped values that a parent does not write", { values: refused });
        if (!inbox.isBehind) options.onCaughtUp?.();
        break;
      }
      case "ack":
        outbox.ack(frame.received);
        break;
      case "ping":
        outbox.has(frame.received);
        sendAck(inbox.received);
        break;
      case "resync":
        outbox.resync(frame.received);
        break;
      case "location":
        options.onThere?.(frame.child, frame);
        break;
      default:
        frame satisfies never;
    }
    checkLevel();
  }

  /** The parent does not know what this child brings: the next birth says it. */
  function declare(frame: DeclareFrame): void {
    if (frame.to !== run || phase !== "unborn") return drop("Dropped a question for declarations as none is open");
    declares = true;
    lastBirth = -Infinity; // it asks for each digest no more often than is good
    rebirth("its parent asked what it declares");
  }

  function checkLevel(): void {
    if (phase === "welcomed" && inbox.complete && mentioned !== undefined) {
      const { documents, urls } = mentioned;
      mentioned = undefined;
      // What an earlier parent, or an earlier run of this one, wrote and the present one does not know of is nobody's word.
      replica.drop(options.id, "parent", (url) => !urls.has(url));
      options.onSnapshot?.(documents);
    }
    if (phase !== "welcomed" || !inbox.complete || outbox.acked < levelAt) return;
    setState("level", "both sides have all of the other's");
  }

  return {
    get state() {
      return state;
    },
    get term() {
      return term;
    },
    get isBehind() {
      return phase !== "welcomed" || inbox.isBehind;
    },
    get counts() {
      return { ...counts, retransmits: outbox.retransmits, waiting: outbox.waiting };
    },
    connected() {
      if (phase !== "offline") return;
      enter("unborn");
      births = 0;
      setState("joining", "connected");
      sendBirth();
    },
    disconnected() {
      if (phase === "ended") return;
      enter("offline");
      setState("down", "disconnected");
    },
    receive(frame) {
      if (phase === "offline" || phase === "ended") return drop("Dropped a frame as the link is down");
      if (frame.type === "welcome") return welcomed(frame);
      if (frame.type === "declare") return declare(frame);
      if (frame.type === "moved") return options.onMoved?.(frame);
      if (frame.type === "noted") return; // another end asked for that
      if (frame.type === "rebirth") return rebirth("its parent asked for it");
      if (frame.to !== run) return drop("Dropped a frame for another run");
      if (phase === "unborn") return drop("Dropped a frame as no welcome came before it");
      if (frame.from !== parent) return rebirth("a parent's run that has not welcomed it sent something");
      if (frame.type === "data" && frame.epoch !== undefined && frame.epoch !== epoch) {
        if (frame.epoch < epoch) return drop("Dropped data of an epoch that is over");
        return rebirth("it has to begin from nothing");
      }
      deliver(frame);
    },
    parentLife(frame) {
      // A will may be late: where the parent's run lives after all, it welcomes the child again.
      if (frame.type !== "dead" || frame.from !== parent || phase !== "welcomed") return;
      rebirth("its parent is gone");
    },
    changed() {
      outbox.changed();
    },
    ask(node) {
      if (phase === "welcomed") send({ type: "where", from: run, to: parent, child: node });
    },
    redeclare() {
      if (phase === "welcomed") rebirth("what it declares has changed");
    },
    stop() {
      enter("ended");
      setState("down", "stopped");
    },
  };
}
