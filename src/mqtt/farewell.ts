import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { JoinTarget } from "../state/mod.ts";
import type { LeftFrame } from "../sync/mod.ts";
import type { ChildTransport, ChildTransportOptions } from "./child_transport.ts";
import { entitle } from "./credentials.ts";

/** Within what time it is first said, in milliseconds: nodes that were moved together do not all come at once. */
const FIRST_MS = 2_000;
/** How often it is said on a connection until it is answered, and how long that goes on, in milliseconds. */
const AGAIN_MS = 3_000;
const ATTEMPT_MS = 20_000;
/** How long it is left before it is tried anew, in milliseconds. */
const PAUSE_MS = 120_000;

/** Under which assignment a node has left, and the root's signature of it. */
export type Farewell = Pick<LeftFrame, "number" | "assigned">;

/** Tells aggregators that may still take a node for their own that it is at another one. */
export interface Farewells {
  /** The node has joined under this assignment; these may not know it. What was said before of an earlier one is over. */
  say(left: Farewell, to: readonly Required<JoinTarget>[]): void;
  stop(): void;
}

/**
 * See {@link Farewells}. Each is told over a connection of its own, for a moment, until it answers; one that can't be reached
 * is tried again and again.
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
      // Another client than the one of the link, which may be at the same broker.
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
        // Not every client speaks to every broker.
        log.warn("Cannot tell an earlier parent that this node has left", { parent, problem: String(error) });
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
