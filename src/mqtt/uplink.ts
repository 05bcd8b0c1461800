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

/** How long a child asks a parent in vain before it asks the standby, and the other way round: at least, in milliseconds. */
const PATIENCE_MS = 20_000;
/** How much longer the interval between signs of life must become for the connection to be made anew. */
const STRETCH = 2;
/** Over what time children do so, in milliseconds: all at once would be a storm. */
const STRETCH_MS = 600_000;

/** Whom a child joins by its own setting, and as whom. */
export interface UplinkOptions extends Omit<ChildTransportOptions, "keepalive" | "onReached" | "onProblem"> {
  readonly clock: Clock;
  /** Is told what becomes of the connection to the broker over which the parent is reached. */
  readonly watch?: {
    reached(): void;
    /** @param broker Its URL, without credentials: another parent may have another one. */
    failed(why: string, broker: string): void;
  };
}

/** A parent and the broker over which it is reached; and why the broker is joined without the name and password that are set. */
interface Way extends Required<JoinTarget> {
  readonly withheld?: string;
}

/** A child's way to its parent, which changes with the root's word and, where the parent is lost, tries the standby. */
export interface Uplink {
  /** The UUID of the aggregator that it speaks to now. */
  readonly parent: string;
  readonly counts: ChildTransport["counts"];
  send(frame: UpFrame): void;
  start(end: ChildEnd): void;
  /**
   * The root, or a parent by its word, says where to join. An older assignment is passed over; one of the same number may
   * bring another standby, or send the child to it.
   */
  assign(assignment: Assignment): void;
  /** How far the link is. */
  linked(state: LinkState): void;
  /** The parent wants signs of life this often, in seconds. */
  setKeepalive(seconds: number): void;
  stop(): Promise<void>;
}

/**
 * Makes an uplink. It is silent until it is started.
 *
 * @param makeTransport Makes the way to one parent over one broker.
 */
export function createUplink(
  options: UplinkOptions,
  makeTransport: (options: ChildTransportOptions) => ChildTransport = createChildTransport,
): Uplink {
  const { clock, random, log, watch } = options;
  let number = -1;
  /** The same as the root has signed it, for those who do not know it. */
  let assigned: Assigned | undefined;
  let primary: Way = { parent: options.parent, broker: options.url };
  let standby: Way | undefined;
  let current = primary;
  let keepalive = DEFAULT_KEEPALIVE;
  let connectedWith = DEFAULT_KEEPALIVE;
  let state: LinkState = "down";
  let end: ChildEnd | undefined;
  let transport = make();
  /** What the transports before this one have counted. */
  let past: TransportCounts | undefined;
  let changing: Promise<void> | undefined;
  let stopped = false;
  /** Who may still take this node for its own, and does not know better by having said so itself. */
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

  /** Ends the connection, and makes one to what is wanted when it has ended: the broker takes them for the same client. */
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

  /** Not every client speaks to every broker that an assignment may name. */
  function begin(to: ChildEnd): void {
    try {
      transport.start(to);
    } catch (error) {
      const problem = errorText(error);
      log.error("Cannot join there", { problem });
      watch?.failed(problem, redactUrl(current.broker));
    }
  }

  function go(target: Way, why: string): void {
    current = target;
    const { parent, withheld } = target;
    const broker = redactUrl(target.broker);
    log.info("Joins another parent", { parent, broker, why });
    if (withheld !== undefined) {
      const todo = "Where that broker asks for them, start this program with its URL, name and password in it";
      log.warn("Joins a broker without the name and password that are set", { broker, why: withheld, todo });
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
        go(current.parent === primary.parent ? standby : primary, `${current.parent} does not take it in`);
      }
      keepPatience();
    });
  }

  /** At a moment of its own, so that not all children of a parent connect again at once. */
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
        // Its parent can't go on, and says so.
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

/** What was counted altogether; what waits is what waits now. */
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
