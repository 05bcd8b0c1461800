import type { Clock } from "../clock.ts";

/** Something that has happened, told apart by its `kind`. */
export interface DispatchedEvent {
  readonly kind: string;
}

/** The events of a union that have one of these kinds. */
export type EventOf<E extends DispatchedEvent, K extends E["kind"]> = Extract<E, { readonly kind: K }>;

/** A subscriber that threw while it handled an event. */
export interface SubscriberFailure {
  readonly phase: string;
  readonly subscriber: string;
  /** The kind of the event. */
  readonly kind: string;
  readonly error: unknown;
}

/**
 * Delivers typed events to subscribers, in rounds. A round takes all events that wait through every phase in a fixed order; within a
 * phase events come in the order in which they were posted, and each reaches its subscribers in the order in which these
 * subscribed. What a subscriber posts waits for the next round. Delivery is synchronous: it begins when the outermost turn ends.
 */
export interface Dispatcher<P extends string, E extends DispatchedEvent> {
  /**
   * Subscribes to some kinds of events.
   *
   * @param subscriber A name for messages about it.
   */
  on<K extends E["kind"]>(
    phase: P,
    subscriber: string,
    kinds: readonly K[],
    handle: (event: EventOf<E, K>) => void,
  ): void;
  /** Adds an event. Outside a turn, and outside a delivery, it is delivered before this returns. */
  post(event: E): void;
  /**
   * Runs something as one turn: whatever it posts is delivered once it has returned or thrown. A turn inside a turn, or inside a
   * delivery, is a part of that one.
   *
   * @returns What `run` returned.
   */
  turn<T>(run: () => T): T;
  /** Drops what waits. Nothing is delivered any more. */
  stop(): void;
}

/** What a dispatcher needs. */
export interface DispatcherOptions<P extends string> {
  /** In the order in which a round goes through them. */
  readonly phases: readonly P[];
  /** How many rounds a turn may take before it counts as a loop. @default 100 */
  readonly maxRounds?: number;
  /** A subscriber threw. The others get the event all the same. */
  onFailure(failure: SubscriberFailure): void;
  /** A turn did not come to rest. What the loop has posted last is dropped; what others have posted is delivered. */
  onLoop(loop: EventLoopError): void;
}

/** Events of a turn that lead to each other without end. */
export class EventLoopError extends Error {
  /** Each member as `subscriber on Kind`, in the order of cause and effect. */
  readonly members: readonly string[];

  constructor(rounds: number, members: readonly string[]) {
    super(`Events did not come to rest within ${rounds} rounds: ${[...members, members[0]].join(" -> ")}`);
    this.name = "EventLoopError";
    this.members = members;
  }
}

/** An event that waits, with the delivery during which it was posted. */
interface Posted<E> {
  readonly event: E;
  readonly cause: Cause<E> | undefined;
}

interface Cause<E> {
  readonly subscriber: string;
  readonly of: Posted<E>;
}

interface Subscriber<E> {
  readonly name: string;
  readonly handle: (event: E) => void;
}

/** Makes a dispatcher without subscribers. */
export function createDispatcher<P extends string, E extends DispatchedEvent>(
  options: DispatcherOptions<P>,
): Dispatcher<P, E> {
  const { maxRounds = 100 } = options;
  const phases = options.phases.map((name) => ({ name, subscribers: new Map<E["kind"], Subscriber<E>[]>() }));
  let waiting: Posted<E>[] = [];
  let turns = 0;
  let isDelivering = false;
  let isStopped = false;
  /** What was thrown where something that went wrong was to be told: thrown again once all is delivered. */
  const untold: { readonly error: unknown }[] = [];
  /** What is being handled now. */
  let current: Cause<E> | undefined;

  function deliver(): void {
    isDelivering = true;
    try {
      for (let round = 1; waiting.length > 0; round++) {
        const events = waiting;
        waiting = [];
        if (round <= maxRounds) deliverRound(events);
        else {
          const loop = new EventLoopError(maxRounds, loopBehind(events[0]));
          tell(() => options.onLoop(loop));
          waiting = events.filter((posted) => !isOfLoop(posted, loop));
          round = 0;
        }
      }
    } finally {
      isDelivering = false;
      waiting = [];
    }
    const [problem] = untold.splice(0);
    if (problem !== undefined) throw problem.error;
  }

  function deliverRound(events: readonly Posted<E>[]): void {
    for (const phase of phases) {
      for (const posted of events) {
        for (const subscriber of phase.subscribers.get(posted.event.kind) ?? []) hand(phase.name, subscriber, posted);
      }
    }
  }

  function hand(phase: P, { name, handle }: Subscriber<E>, posted: Posted<E>): void {
    if (isStopped) return;
    current = { subscriber: name, of: posted };
    try {
      handle(posted.event);
    } catch (error) {
      tell(() => options.onFailure({ phase, subscriber: name, kind: posted.event.kind, error }));
    } finally {
      current = undefined;
    }
  }

  /** Says what went wrong. That this can't be said, as a log is full, keeps nothing from the others either. */
  function tell(say: () => void): void {
    try {
      say();
    } catch (error) {
      untold.push({ error });
    }
  }

  return {
    on(phase, subscriber, kinds, handle) {
      const found = phases.find(({ name }) => name === phase);
      if (found === undefined) throw new RangeError(`Cannot subscribe to phase '${phase}' as there is no such phase`);
      for (const kind of kinds) {
        const subscribers = found.subscribers.get(kind) ?? [];
        found.subscribers.set(kind, subscribers);
        subscribers.push({
          name: subscriber,
          handle: (event) => {
            if (isOf(event, kind)) handle(event);
          },
        });
      }
    },
    post(event) {
      if (isStopped) return;
      waiting.push({ event, cause: current });
      if (turns === 0 && !isDelivering) deliver();
    },
    turn(run) {
      turns++;
      try {
        return run();
      } finally {
        turns--;
        if (turns === 0 && !isDelivering && waiting.length > 0) deliver();
      }
    },
    stop() {
      isStopped = true;
      waiting = [];
    },
  };
}

function isOf<E extends DispatchedEvent, K extends E["kind"]>(event: E, kind: K): event is EventOf<E, K> {
  return event.kind === kind;
}

/** Whether an event comes from a member of a loop. */
function isOfLoop<E extends DispatchedEvent>(posted: Posted<E>, { members }: EventLoopError): boolean {
  for (let cause = posted.cause; cause !== undefined; cause = cause.of.cause) {
    if (members.includes(`${cause.subscriber} on ${cause.of.event.kind}`)) return true;
  }
  return false;
}

/** The circle of causes that an event of an endless turn comes from, by following it back until something repeats. */
function loopBehind<E extends DispatchedEvent>(posted: Posted<E> | undefined): string[] {
  const chain: string[] = [];
  for (let cause = posted?.cause; cause !== undefined; cause = cause.of.cause) {
    const member = `${cause.subscriber} on ${cause.of.event.kind}`;
    const first = chain.indexOf(member);
    if (first >= 0) return chain.slice(first).reverse();
    chain.push(member);
  }
  return chain.reverse();
}

/**
 * A clock whose timers run as turns of a dispatcher: what a timer leads to is delivered before the next one runs.
 *
 * @param turn Runs something as one turn.
 */
export function createTurnClock(clock: Clock, turn: (run: () => void) => void): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms, run) => clock.after(ms, () => turn(run)),
  };
}
