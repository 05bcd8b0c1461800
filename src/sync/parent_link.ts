import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { ModuleDeclaration } from "../plan/mod.ts";
import { type Assignment, compareTerms, type Entry, NO_TERM, type Term } from "../state/mod.ts";
import type { Certified, Given, OwnRun } from "../evidence/mod.ts";
import type { LinkCounts } from "./counts.ts";
import { createCommon } from "./common.ts";
import { digestOf } from "./digest.ts";
import { createInbox } from "./inbox.ts";
import { MAX_REPEATED_REQUESTS, MAX_RETIRED_RUNS, REQUEST_MS, SILENT_KEEPALIVES } from "./limits.ts";
import { createOutbox } from "./outbox.ts";
import type { ParentScope } from "./scope.ts";
import type { BirthFrame, DownFrame, LeftFrame, LifeFrame, LinkState, Replica, UpFrame } from "./types.ts";
import { dropOldest, errorText } from "../toolkit/mod.ts";

/** How far a parent has got with the run of a child: enough to go on from there after a restart. */
export interface Session {
  readonly run: string;
  readonly term: Term;
  /** Everything up to this index of the run's has been merged. */
  readonly received: number;
}

/** What the parent's end of a link needs. */
export interface ParentLinkOptions {
  /** The child's node. */
  readonly child: string;
  /** Names this run of the parent. */
  readonly run: string;
  /** What the child may plan with. */
  readonly modules: readonly ModuleDeclaration[];
  /** What a digest stands for; undefined: the child is asked. */
  modulesOf(digest: string): readonly ModuleDeclaration[] | undefined;
  /** Tells whether the child may be asked now: of many that bring the same, one answer is enough. */
  mayAsk(digest: string): boolean;
  readonly replica: Replica;
  /** Which documents and values it exchanges with the child. */
  readonly scope: ParentScope;
  /** What an earlier run of this program was in session with, as far as that is on disk. */
  readonly resume?: Session;
  /**
   * The term of the child's next run: above the child's own and above every one that it was given before. It is on disk
   * before this returns. Undefined, or where this throws: the child is not taken in and tries again.
   *
   * @param birth What the child says of itself, and shows of what it was given before.
   */
  nextTerm(birth: BirthFrame): Term | undefined;
  /**
   * What the child is given with a welcome, so that it can show later what it was told.
   *
   * @param own What a child that is an aggregator shows of itself.
   */
  give?(term: Term, own: OwnRun | undefined): { readonly given: Given; readonly certified?: Certified };
  /**
   * A number for an epoch: above every one that this run of the program has given to the child, also with links that it
   * had to it before. The child takes what has a lower one for late.
   */
  nextEpoch(): number;
  /** How often the child should show that it is there, in seconds. */
  keepalive(): number;
  /** The shortest time from one window of changes to the next, in milliseconds. @default 100 */
  readonly batch?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  send(frame: DownFrame): void;
  onState(state: LinkState, why: string): void;
  /**
   * A birth is taken in, before anything is sent to the child.
   *
   * @param hasParent Whether the child has the `parent` facet of its node as it is here.
   */
  onBorn?(frame: BirthFrame, hasParent: boolean): void;
  /** The child hears a node that is none of its own. @returns Where that one joins, if it is known. */
  onWhere?(node: string): Assignment | undefined;
  /** What the child brings to the planner. Comes with every birth, before the state changes. */
  onModules(modules: readonly ModuleDeclaration[]): void;
}

/** The parent's end of a link to one child: a state machine without I/O. */
export interface ParentLink {
  readonly state: LinkState;
  readonly counts: LinkCounts;
  /** The run that it is in session with, or was last. */
  readonly session: Session | undefined;
  receive(frame: UpFrame): void;
  life(frame: LifeFrame): void;
  /** The replica has changed. */
  changed(): void;
  /** Takes the child for lost where nothing was heard of it for long. To be called now and then. */
  checkSilence(): void;
  /**
   * Asks the child to be born again, say after a start: at most once a second, so maybe a moment later, and again with growing
   * pauses for as long as it is down and nothing is heard of it, as a request may be lost.
   */
  requestRebirth(): void;
  /** A birth of the child waits for its turn: it need not be asked. */
  awaits(): void;
  /** Asks a child that is not down for a sign of life, which changes nothing. */
  ping(): void;
  /** Takes the child for lost. Where it is not, it is born again, and nothing is lost by that. */
  lose(why: string): void;
  /** Has the child begin from nothing: what it is not told of then, it forgets. */
  refresh(): void;
  /** What came too early may be right now: the child is asked for it again. */
  askAgain(): void;
  /** Ends timers; sends nothing and takes nothing in any more. */
  stop(): void;
}

/** Makes the parent's end of a link: it welcomes the child's births, then both sides exchange what `scope` names. */
export function createParentLink(options: ParentLinkOptions): ParentLink {
  const { child, run, replica, scope, clock, random, log } = options;
  let state: LinkState = "down";
  let session: { readonly run: string; readonly term: Term; blankUpTo: number; knownDigest: string } | undefined;
  /** What the child has shown of itself. */
  let own: OwnRun | undefined;
  /** Whether the session's run has answered since it was born. A birth alone may be a late one of a run that is gone. */
  let confirmed = false;
  /** The replica's index at the last birth. The outbox has started since, so that the child gets at least this far. */
  let bornAt = 0;
  let lastRequest = -Infinity;
  let lastWelcome = -Infinity;
  let lastHeard = -Infinity;
  /** What the child was told: it goes by that, however many others there are by now. */
  let keepalive = options.keepalive();
  /** Ends the wait for the next call. */
  let cancelRequest: (() => void) | undefined;
  /** What the child begins under; 0 before its first birth. */
  let epoch = 0;
  /** The child has to be born again before it can be level. */
  let mustBeBorn = false;
  let stopped = false;
  const retired = new Set<string>();
  const counts = { sent: 0, received: 0, droppedFrames: 0, droppedValues: 0 };

  function send(frame: DownFrame): void {
    counts.sent++;
    options.send(frame);
  }

  const to = (): string => session?.run ?? "";
  const term = (): Term => session?.term ?? NO_TERM;
  const info = () => ({ term: term(), blankUpTo: session?.blankUpTo ?? 0 });
  const common = createCommon({
    ...{ child, replica },
    documents: () => scope.documents(0),
    wanted: (change) => scope.wanted(change, info()),
  });
  /** The birth that it began with: a copy of it is no other epoch. */
  let begun = "";
  const outbox = createOutbox({
    replica,
    clock,
    random,
    log,
    documents: (after) => scope.documents(after),
    wanted: (change) => !common.has(change) && scope.wanted(change, info()),
    ...(options.batch !== undefined && { batch: options.batch }),
    send: (window) => send({ type: "data", from: run, to: to(), epoch, ...window }),
    onBroken() {
      goDown("it did not acknowledge what it was sent");
      requestRebirth();
    },
  });
  const inbox = createInbox({
    take: (node, facet, entries) => scope.take(node, facet, entries, info()),
    isEarly: () => scope.wasEarly?.() === true,
    sendAck: (received) => send({ type: "ack", from: run, to: to(), received }),
    sendResync: (received) => send({ type: "resync", from: run, to: to(), received }),
  });
  if (options.resume !== undefined) {
    session = { run: options.resume.run, term: options.resume.term, blankUpTo: 0, knownDigest: "" };
    inbox.begin(options.resume.received);
  }

  function setState(next: LinkState, why: string): void {
    if (state === next) return;
    state = next;
    options.onState(next, why);
  }

  function goDown(why: string): void {
    outbox.stop();
    setState("down", why);
  }

  function requestRebirth(): void {
    requestAfter(lastRequest + REQUEST_MS - clock.now(), 0);
  }

  /** Asks after so many milliseconds, in place of any request that is due already. @param before How often it was asked in vain. */
  function requestAfter(wait: number, before: number): void {
    endRequests();
    if (stopped) return;
    if (wait > 0) cancelRequest = clock.after(wait, () => requestAfter(0, before));
    else {
      lastRequest = clock.now();
      send({ type: "rebirth", from: run });
      if (state === "down" && before < MAX_REPEATED_REQUESTS) requestAfter(REQUEST_MS * 2 ** before, before + 1);
    }
  }

  function endRequests(): void {
    cancelRequest?.();
    cancelRequest = undefined;
  }

  function retire(old: string): void {
    retired.add(old);
    dropOldest(retired, MAX_RETIRED_RUNS);
  }

  function welcome(): void {
    lastWelcome = clock.now();
    keepalive = options.keepalive();
    const digest = digestOf(options.modules);
    send({
      ...{ type: "welcome", from: run, to: to(), term: term(), received: inbox.received, newest: bornAt, digest },
      ...{ epoch, keepalive },
      ...options.give?.(term(), own),
      ...(common.holding !== undefined && { unchanged: common.holding }),
      ...(session?.knownDigest !== digest && { modules: options.modules }),
    });
  }

  function nextTerm(frame: BirthFrame): Term | undefined {
    try {
      return options.nextTerm(frame);
    } catch (error) {
      log.error("Cannot take a child in without a new term", { node: child, error: errorText(error) });
      return undefined;
    }
  }

  function begin(birth: BirthFrame, newTerm: Term): void {
    const born = birth.from;
    if (session?.run !== born) {
      if (session !== undefined) retire(session.run);
      inbox.begin(0);
    }
    retired.delete(born);
    session = { run: born, term: newTerm, blankUpTo: 0, knownDigest: birth.knownDigest };
    confirmed = false;
  }

  function born(frame: BirthFrame): void {
    if (retired.has(frame.from) && confirmed && state !== "down") {
      drop("Dropped the birth of a run that has been replaced");
      return welcome(); // it learns from this that it has a successor
    }
    const modules = frame.modules ?? options.modulesOf(frame.digest);
    if (modules === undefined) {
      if (options.mayAsk(frame.digest)) send({ type: "declare", from: run, to: frame.from });
      return;
    }
    // A known run has a higher term than ours when it has been elsewhere meanwhile.
    const isNew = session?.run !== frame.from || compareTerms(frame.term, session.term) > 0;
    if (isNew) {
      const next = nextTerm(frame);
      if (next === undefined) return drop("Dropped a birth as there is no term for it");
      begin(frame, next);
    }
    if (session !== undefined) {
      session.knownDigest = frame.knownDigest;
      // One that was given a term, and nothing else before its parent lost its own memory, is as blank as before.
      if (compareTerms(frame.term, NO_TERM) === 0 || frame.blank === true) session.blankUpTo = replica.index;
    }
    own = frame.own;
    inbox.rewind();
    counts.received++;
    lastHeard = clock.now();
    // An epoch that was interrupted goes on where it was.
    const goesOn = frame.parent === run && !isNew && frame.epoch === epoch;
    if (!goesOn) beginAnew(frame);
    options.onBorn?.(frame, common.hasParent);
    options.onModules(modules);
    bornAt = replica.index;
    mustBeBorn = false;
    endRequests();
    if (isNew || state === "down") {
      setState("joining", isNew ? "a new run of it was born" : "it was born again");
    }
    welcome();
    outbox.start(goesOn ? frame.received : 0);
  }

  /** What the child lacks is all that it is sent: what that is belongs to an epoch. */
  function beginAnew({ from, term, parent, epoch: before, holdings, blank }: BirthFrame): void {
    const birth = JSON.stringify([from, term, parent, before, holdings, blank]);
    if (birth === begun) return;
    begun = birth;
    common.begin({ ...(holdings !== undefined && { holdings }), ...(blank !== undefined && { blank }) });
    epoch = options.nextEpoch(); // so that no ack of before is one of what comes now
  }

  function drop(message: string): void {
    counts.droppedFrames++;
    log.debug(message, { node: child });
  }

  /** Whether nothing is left of what earlier runs said: the child takes it over or unsets it, with its own term. */
  function hasTakenOver(): boolean {
    const self = replica.get(child)?.facets.self ?? new Map<string, Entry>();
    return [...self.values()].every(({ value, version }) => value === null || compareTerms(version, term()) >= 0);
  }

  function deliver(frame: Exclude<UpFrame, BirthFrame | LeftFrame>): void {
    counts.received++;
    lastHeard = clock.now();
    confirmed = true;
    switch (frame.type) {
      case "data": {
        const refused = inbox.data(frame);
        counts.droppedValues += refused;
        if (refused > 0) log.warn("Dropped values that a child does not write", { node: child, values: refused });
        break;
      }
      case "ack":
      case "ping":
        // What the child had under an earlier epoch it may have forgotten.
        if (frame.epoch === undefined || frame.epoch === epoch) {
          if (frame.type === "ack") outbox.ack(frame.received);
          else outbox.has(frame.received);
        }
        scope.acked?.(outbox.acked);
        // A link that never becomes level must not look healthy.
        if (frame.type === "ping" && !outbox.waiting && state === "level") {
          send({ type: "ack", from: run, to: to(), received: inbox.received });
        }
        break;
      case "resync":
        outbox.resync(frame.received);
        break;
      case "where": {
        const assignment = options.onWhere?.(frame.child);
        if (assignment !== undefined) {
          send({ ...assignment, type: "location", from: run, to: to(), child: frame.child });
        }
        break;
      }
      default:
        frame satisfies never;
    }
    if (mustBeBorn && cancelRequest === undefined) requestRebirth(); // the last request was lost
    if (state !== "joining" || mustBeBorn || !inbox.complete || outbox.acked < bornAt) return;
    if (hasTakenOver()) setState("level", "both sides have all of the other's");
    else if (clock.now() - lastWelcome >= REQUEST_MS) welcome(); // it goes on with an older term: the last welcome was lost
  }

  return {
    get state() {
      return state;
    },
    get counts() {
      return { ...counts, retransmits: outbox.retransmits, waiting: outbox.waiting };
    },
    get session() {
      return session === undefined ? undefined : { run: session.run, term: session.term, received: inbox.taken };
    },
    receive(frame) {
      if (stopped || frame.type === "left") return; // that is of no session
      if (frame.type === "birth") return born(frame);
      if (state !== "down" && frame.from === session?.run && frame.to === run) return deliver(frame);
      drop("Dropped a frame that belongs to no session");
      // It believes that it is welcome here: its parent has started again, or has taken it for dead.
      if (state === "down") requestRebirth();
    },
    life(frame) {
      if (stopped) return;
      switch (frame.type) {
        case "alive":
          // It is born by itself, if nothing gets lost.
          if (state === "down") requestAfter(REQUEST_MS, 0);
          break;
        case "dead":
          if (state === "down" || frame.from !== session?.run) return;
          goDown(frame.why === "stopped" ? "its agent stopped" : "its connection was lost");
          // A will may be late: where the run lives and is back already, it answers.
          if (frame.why === "lost") requestRebirth();
          break;
        default:
          frame satisfies never;
      }
    },
    changed() {
      outbox.changed();
    },
    checkSilence() {
      if (state === "down" || clock.now() - lastHeard <= keepalive * 1000 * SILENT_KEEPALIVES) return;
      goDown("nothing was heard of it");
      requestRebirth();
    },
    requestRebirth,
    awaits: endRequests,
    ping() {
      if (stopped || state === "down") return;
      send({ type: "ping", from: run, to: to(), received: inbox.received });
    },
    lose(why) {
      if (stopped) return;
      goDown(why);
      requestRebirth();
    },
    refresh() {
      mustBeBorn = true;
      replica.renew(child); // so that no ack of before is one of what comes now
      bornAt = replica.index; // a welcome before the next birth must not say that there is less
      begun = "";
      common.forget();
      epoch = options.nextEpoch();
      if (state !== "down") setState("joining", "it has to begin from nothing");
      requestRebirth();
    },
    askAgain() {
      inbox.rewind();
      if (state !== "down") send({ type: "resync", from: run, to: to(), received: inbox.received });
    },
    stop() {
      stopped = true;
      endRequests();
      outbox.stop();
    },
  };
}
