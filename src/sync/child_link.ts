import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { ModuleDeclaration } from "../plan/mod.ts";
import type { Facet, FacetName } from "../state/mod.ts";
import { backoff } from "./backoff.ts";
import type { LinkCounts } from "./counts.ts";
import { createInbox } from "./inbox.ts";
import { BIRTH_CAP_MS, BIRTH_MS, MAX_REFUSALS, REMIND_MS } from "./limits.ts";
import { createOutbox } from "./outbox.ts";
import { takeSelfOver } from "./takeover.ts";
import type { DownFrame, LinkState, Replica, UpFrame, WelcomeFrame } from "./types.ts";

/** What the child's end of a link needs. */
export interface ChildLinkOptions {
  /** The child's node. */
  readonly id: string;
  /** Names this run of the program: new with every start. */
  readonly run: string;
  /** What it brings to its parent's planner. */
  readonly modules: readonly ModuleDeclaration[];
  readonly replica: Replica;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  send(frame: UpFrame): void;
  onState?(state: LinkState, why: string): void;
  /** The parent has taken it in: with this term it writes its `self` facet from now on. */
  onWelcome?(term: number, modules: readonly ModuleDeclaration[]): void;
  /** Another run of the same node has taken its place: it must end. The link sends nothing any more. */
  onDeposed?(): void;
}

/** The child's end of a link: a state machine without I/O. */
export interface ChildLink {
  readonly state: LinkState;
  /** The term to write the `self` facet with; 0 until the first welcome. */
  readonly term: number;
  readonly counts: LinkCounts;
  /** The transport is up: frames can be sent. */
  connected(): void;
  /** The transport is down. */
  disconnected(): void;
  receive(frame: DownFrame): void;
  /** The replica has changed. */
  changed(): void;
  /** Ends timers; sends nothing and takes nothing in any more. */
  stop(): void;
}

/**
 * Makes the child's end of a link. It sends its node's `self` facet and takes `cfg` and `parent` from its parent. It
 * births itself until it is welcomed, again whenever it was disconnected, and when a parent that does not know it calls.
 */
export function createChildLink(options: ChildLinkOptions): ChildLink {
  const { id, run, replica, clock, random, log } = options;
  let phase: "offline" | "unborn" | "welcomed" | "ended" = "offline";
  let state: LinkState = "down";
  let term = 0;
  let parent = "";
  let births = 0;
  let lastBirth = -Infinity;
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

  const outbox = createOutbox({
    replica,
    clock,
    random,
    log,
    documents: () => [id],
    wanted: (change) => change.facet === "self",
    send: (window) => send({ type: "data", from: run, to: parent, ...window }),
    onBroken: () => rebirth("its data was not acknowledged"),
  });
  const inbox = createInbox({
    take,
    sendAck: (received) => send({ type: "ack", from: run, to: parent, received }),
    sendResync: (received) => send({ type: "resync", from: run, to: parent, received }),
  });

  function take(node: string, facet: FacetName, entries: Facet): number {
    if (node !== id) return entries.size;
    if (facet === "self") {
      const refused = takeSelfOver(replica, id, term, entries);
      outbox.changed();
      return refused;
    }
    replica.merge(id, facet, entries);
    return 0;
  }

  function setState(next: LinkState, why: string): void {
    if (state === next) return;
    state = next;
    options.onState?.(next, why);
  }

  function enter(next: typeof phase): void {
    cancel?.();
    cancel = undefined;
    phase = next;
    if (next !== "welcomed") outbox.stop();
  }

  function sendBirth(): void {
    lastBirth = clock.now();
    asked = true;
    cancel = clock.after(backoff(BIRTH_MS, BIRTH_CAP_MS, births++, random), sendBirth);
    send({ type: "birth", from: run, term, parent, received: inbox.received, modules: options.modules });
  }

  /** Born again, but no sooner than a moment after the last time: parents may call more than once. */
  function rebirth(why: string, least = 0): void {
    enter("unborn");
    setState("joining", why);
    births = 0;
    const wait = Math.max(least, lastBirth + BIRTH_MS - clock.now());
    if (wait > 0) cancel = clock.after(wait, sendBirth);
    else sendBirth();
  }

  function remind(): void {
    cancel = clock.after(REMIND_MS * (0.75 + random() / 2), remind);
    send({ type: "ack", from: run, to: parent, received: inbox.received });
  }

  function welcomed(frame: WelcomeFrame): void {
    if (frame.to !== run) return strangerWelcomed(frame);
    const known = frame.from === parent && frame.term === term;
    if (!known && frame.term <= term) return drop("Dropped a late welcome");
    if (known && phase === "welcomed") return;
    if (!known) {
      term = frame.term;
      replica.restamp(id, "self", term);
    }
    inbox.begin(frame.from === parent ? inbox.received : 0, frame.newest);
    parent = frame.from;
    refusals = 0;
    asked = false;
    enter("welcomed");
    setState("joining", "its parent welcomed it");
    options.onWelcome?.(term, frame.modules);
    cancel = clock.after(REMIND_MS * random(), remind);
    levelAt = replica.index;
    outbox.start(frame.received);
    checkLevel();
  }

  /**
   * Another run was welcomed. Where that run is a late ghost, this one's next birth is welcomed again; where it lives and
   * has taken this one's place, births are answered with its welcome, and this one stands down.
   */
  function strangerWelcomed(frame: WelcomeFrame): void {
    if (frame.term <= term) return drop("Dropped a welcome for another run");
    if (phase === "welcomed") {
      // The other run gets the time to answer, so that two that live don't displace each other for ever.
      return rebirth("another run of its node was welcomed", backoff(BIRTH_MS, BIRTH_CAP_MS, 0, random));
    }
    if (asked) refusals++;
    asked = false;
    if (refusals < MAX_REFUSALS) return;
    log.warn("Standing down, as another run of this node has been welcomed", { run: frame.to, term: frame.term });
    enter("ended");
    setState("down", "another run of this node has taken its place");
    options.onDeposed?.();
  }

  function drop(message: string): void {
    counts.droppedFrames++;
    log.debug(message);
  }

  function deliver(frame: Exclude<DownFrame, WelcomeFrame>): void {
    counts.received++;
    switch (frame.type) {
      case "data": {
        const refused = inbox.data(frame);
        counts.droppedValues += refused;
        if (refused > 0) log.warn("Dropped values that a parent does not write", { values: refused });
        break;
      }
      case "ack":
        outbox.ack(frame.received);
        break;
      case "resync":
        outbox.resync(frame.received);
        break;
    }
    checkLevel();
  }

  function checkLevel(): void {
    if (state !== "joining" || phase !== "welcomed" || !inbox.complete || outbox.acked < levelAt) return;
    setState("level", "both sides have all of the other's");
  }

  return {
    get state() {
      return state;
    },
    get term() {
      return term;
    },
    get counts() {
      return { ...counts, retransmits: outbox.retransmits };
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
      if (frame.type === "resync" && frame.to === "") return rebirth("its parent called");
      if (frame.to !== run) return drop("Dropped a frame for another run");
      if (phase === "unborn") return drop("Dropped a frame as no welcome came before it");
      if (frame.from !== parent) return rebirth("a parent's run that has not welcomed it sent something");
      deliver(frame);
    },
    changed() {
      outbox.changed();
    },
    stop() {
      enter("ended");
      setState("down", "stopped");
    },
  };
}
