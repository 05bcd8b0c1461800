import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { JoinTarget } from "../state/mod.ts";
import type { LeftFrame } from "../sync/mod.ts";
import type { ChildTransport, ChildTransportOptions } from "./child_transport.ts";
import { entitle } from "./credentials.ts";
import { errorText } from "../toolkit/mod.ts";

/** Time over which the first messages are spread, in milliseconds, for nodes that were moved together. */
const FIRST_MS = 2_000;
/** Interval at which it is sent on a connection until it is answered, and the time limit of an attempt, in milliseconds. */
const AGAIN_MS = 3_000;
const ATTEMPT_MS = 20_000;
/** Shortest pause before the next attempt, in milliseconds. */
const PAUSE_MS = 120_000;

/** The assignment under which a node has left, with the root's signature. */
export type Farewell = Pick<LeftFrame, "number" | "assigned">;

/** Notifies aggregators that may still take a node for their own that it has joined another one. */
export interface Farewells {
  /** Notifies these aggregators that the node has joined under this assignment. It ends what is left of an earlier assignment. */
  say(left: Farewell, to: readonly Required<JoinTarget>[]): void;
  stop(): void;
}

/**
 * Creates {@link Farewells}. Each aggregator gets a short connection of its own until it answers. One that can't be reached is tried
 * again after a pause.
 */
export function createFarewells(
  parts: ChildTransportOptions & {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    makeTransport(options: ChildTransportOptions): ChildTransport;
  },
): Farewells {
  const { clock, random, log } = parts;
  let said = -1;
  let ends: (() => void)[] = [];

  function tell(left: Farewell, { parent, broker }: Required<JoinTarget>): () => void {
    let cancel = clock.after(FIRST_MS * random(), attempt);
    let transport: ChildTransport | undefined;
    let answered = false;

    function rest(): void {
      cancel();
      const last = transport;
      transport = undefined;
      if (!answered) cancel = clock.after(PAUSE_MS * (1 + random()), attempt);
      void last?.stop(true);
    }
    function attempt(): void {
      // A client id of its own: the link may use the same broker.
      const run = `${parts.run}-left`;
      const made = parts.makeTransport({ ...parts, run, parent, url: entitle(parts.url, broker).url });
      const until = clock.now() + ATTEMPT_MS;
      let connected = false;
      transport = made;
      function again(): void {
        if (clock.now() >= until) return rest();
        if (connected) made.send({ type: "left", from: run, ...left });
        cancel = clock.after(AGAIN_MS, again);
      }
      try {
        made.start({
          connected() {
            connected = true;
            made.send({ type: "left", from: run, ...left });
          },
          disconnected: () => connected = false,
          receive(frame) {
            if (frame.type !== "noted" || frame.number !== left.number || transport !== made) return;
            answered = true;
            log.info("An earlier parent knows that this node has left", { parent });
            rest();
          },
          parentLife: () => {},
        });
      } catch (error) {
        // This client does not support the URL of that broker.
        log.warn("Cannot tell an earlier parent that this node has left", { parent, problem: errorText(error) });
        answered = true;
        transport = undefined;
        return;
      }
      cancel = clock.after(AGAIN_MS, again);
    }
    return () => {
      answered = true;
      rest();
    };
  }

  function stop(): void {
    for (const end of ends) end();
    ends = [];
  }
  return {
    say(left, to) {
      if (left.number <= said) return;
      said = left.number;
      stop();
      ends = to.map((each) => tell(left, each));
    },
    stop,
  };
}
