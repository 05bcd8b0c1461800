import type { Clock } from "../clock.ts";
import { type Assigned, readAssigned } from "../evidence/mod.ts";
import { redactUrl } from "../redact.ts";
import type { Assignment, JoinTarget } from "../state/mod.ts";
import { DEFAULT_KEEPALIVE, type LinkState, type UpFrame } from "../sync/mod.ts";
import {
  type ChildEnd,
  type ChildTransport,
  type ChildTransportOptions,
  createChildTransport,
} from "./child_transport.ts";
import { entitle } from "./credentials.ts";
import { createFarewells } from "./farewell.ts";
import type { TransportCounts } from "./intake.ts";
import { errorText } from "../toolkit/mod.ts";

/** Shortest time without a link after which a child changes from its parent to the standby, or back, in milliseconds. */
const PATIENCE_MS = 20_000;
/** Factor by which the keepalive interval must change before the child reconnects to use it. */
const STRETCH = 2;
/** Time over which the children of a parent spread these reconnects, in milliseconds. */
const STRETCH_MS = 600_000;

/** The parent that a child is configured to join, and the child's identity. */
export interface UplinkOptions extends Omit<ChildTransportOptions, "keepalive" | "onReached" | "onProblem"> {
  readonly clock: Clock;
  /** Receives the state of the connection to the parent's broker. */
  readonly watch?: {
    reached(): void;
    /** @param broker Its URL, without credentials; it may change with the parent. */
    failed(why: string, broker: string): void;
  };
}

/** A parent, its broker, and why the broker does not get the configured user name and password. */
interface Way extends Required<JoinTarget> {
  readonly withheld?: string;
}

/** A child's connection to its parent. It follows the root's assignments, and tries the standby when the parent is lost. */
export interface Uplink {
  /** The UUID of the current parent. */
  readonly parent: string;
  readonly counts: ChildTransport["counts"];
  send(frame: UpFrame): void;
  start(end: ChildEnd): void;
  /**
   * Follows an assignment from the root, or from a parent that passes it on. An older one is ignored. One with the same number may
   * change the standby, or send the child to it.
   */
  assign(assignment: Assignment): void;
  /** Reports the state of the link. */
  linked(state: LinkState): void;
  /** Sets the keepalive interval that the parent asks for, in seconds. */
  setKeepalive(seconds: number): void;
  stop(): Promise<void>;
}

/**
 * Creates an uplink. It sends nothing before `start`.
 *
 * @param makeTransport Creates the transport to one parent over one broker.
 */
export function createUplink(
  options: UplinkOptions,
  makeTransport: (options: ChildTransportOptions) => ChildTransport = createChildTransport,
): Uplink {
  const { clock, random, log, watch } = options;
  let number = -1;
  /** The assignment with the root's signature, for aggregators that do not know it. */
  let assigned: Assigned | undefined;
  let primary: Way = { parent: options.parent, broker: options.url };
  let standby: Way | undefined;
  let current = primary;
  let keepalive = DEFAULT_KEEPALIVE;
  let connectedWith = DEFAULT_KEEPALIVE;
  let state: LinkState = "down";
  let end: ChildEnd | undefined;
  let transport = make();
  /** Counters of the earlier transports. */
  let past: TransportCounts | undefined;
  let changing: Promise<void> | undefined;
  let stopped = false;
  /** Earlier parents that may still take this node for their own. */
  let before: readonly JoinTarget[] = [];
  let toldBy = new Set<string>();
  const farewells = createFarewells({ ...options, makeTransport });
  let cancelPatience: (() => void) | undefined;
  let cancelStretch: (() => void) | undefined;

  function make(): ChildTransport {
    connectedWith = keepalive;
    const { parent, broker } = current;
    return makeTransport({
      ...{ ...options, url: broker, parent, keepalive },
      onReached: () => watch?.reached(),
      onProblem: (problem) => watch?.failed(problem, redactUrl(broker)),
    });
  }

  function complete({ parent, broker = current.broker }: JoinTarget): Way {
    const { url, withheld } = entitle(options.url, broker);
    return { parent, broker: url, ...(withheld !== undefined && { withheld }) };
  }

  /** Ends the connection, and then opens the new one: both have the same client id, so they must not overlap. */
  function reconnect(isBack = false): void {
    if (stopped || changing !== undefined) return;
    if (end === undefined) {
      transport = make(); // nothing was sent with the one before
      return;
    }
    const last = transport;
    end.disconnected();
    changing = last.stop(isBack).then(() => {
      changing = undefined;
      if (stopped || end === undefined) return;
      past = addCounts(past, last.counts);
      transport = make();
      begin(end);
    });
  }

  /** Starts the transport. An assignment may name a broker whose URL this client does not support. */
  function begin(to: ChildEnd): void {
    try {
      transport.start(to);
    } catch (error) {
      const problem = errorText(error);
      log.error("Cannot join the assigned parent", { problem });
      watch?.failed(problem, redactUrl(current.broker));
    }
  }

  function go(target: Way, why: string): void {
    current = target;
    const { parent, withheld } = target;
    const broker = redactUrl(target.broker);
    log.info("Joins another parent", { parent, broker, why });
    if (withheld !== undefined) {
      const todo =
        "If that broker requires them, start this program with a broker URL that contains its host, user name and password";
      log.warn("Joins a broker without the configured user name and password", { broker, why: withheld, todo });
    }
    reconnect();
  }

  function sayFarewell(): void {
    if (state !== "level" || current.parent !== primary.parent) return;
    const to = before.flatMap(({ parent, broker }) =>
      broker === undefined || toldBy.has(parent) ? [] : [{ parent, broker }]
    );
    if (to.length > 0) farewells.say({ number, ...(assigned !== undefined && { assigned }) }, to);
  }

  function keepPatience(): void {
    if (state === "level" || standby === undefined || stopped) {
      cancelPatience?.();
      cancelPatience = undefined;
      return;
    }
    cancelPatience ??= clock.after(PATIENCE_MS * (1 + random() / 2), () => {
      cancelPatience = undefined;
      if (standby !== undefined) {
        go(current.parent === primary.parent ? standby : primary, `${current.parent} does not accept it`);
      }
      keepPatience();
    });
  }

  /** Reconnects at a random time, so that the children of a parent do not all reconnect at once. */
  function stretch(): void {
    if (keepalive < connectedWith * STRETCH && keepalive * STRETCH > connectedWith) return;
    cancelStretch ??= clock.after(STRETCH_MS * (0.1 + random()), () => {
      cancelStretch = undefined;
      if (state === "level") reconnect(true);
    });
  }

  return {
    get parent() {
      return current.parent;
    },
    get counts() {
      return addCounts(past, transport.counts);
    },
    send(frame) {
      if (changing === undefined) transport.send(frame);
    },
    start(to) {
      end = to;
      transport.start(to);
      keepPatience();
    },
    assign(assignment) {
      if (assignment.number < number) return;
      if (assignment.number > number) toldBy = new Set();
      toldBy.add(current.parent);
      if (assignment.number === number && assignment.parent !== primary.parent) {
        // The parent can't continue, and sends the child to the standby.
        if (assignment.parent === standby?.parent && current.parent === primary.parent) {
          go(standby, "its parent sends it");
        }
        return;
      }
      number = assignment.number;
      assigned = readAssigned(assignment);
      before = assignment.before ?? [];
      if (assignment.parent !== primary.parent) {
        primary = assignment.parent === current.parent ? current : complete(assignment);
      }
      standby = assignment.standby === undefined ? undefined : complete(assignment.standby);
      const atStandby = current.parent === standby?.parent && state !== "level";
      if (current.parent !== primary.parent && !atStandby) go(primary, `/parent was set`);
      keepPatience();
      sayFarewell();
    },
    linked(next) {
      state = next;
      keepPatience();
      sayFarewell();
    },
    setKeepalive(seconds) {
      keepalive = seconds;
      stretch();
    },
    async stop() {
      stopped = true;
      cancelPatience?.();
      cancelStretch?.();
      farewells.stop();
      await changing;
      await transport.stop();
    },
  };
}

/** Adds up the counters; the numbers of waiting messages are the current ones. */
function addCounts(past: TransportCounts | undefined, now: TransportCounts): TransportCounts {
  if (past === undefined) return now;
  return {
    ...now,
    sent: past.sent + now.sent,
    unsent: past.unsent + now.unsent,
    received: past.received + now.received,
    malformed: past.malformed + now.malformed,
  };
}
