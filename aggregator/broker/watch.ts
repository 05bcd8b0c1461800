import type { Clock } from "../../src/clock.ts";

/**
 * For how long after a broker was reached again its silence says nothing of a child, in milliseconds: children come back with
 * growing pauses, and the calls that they answer take their time.
 */
const SETTLE = 60_000;

/** What has become of the connection to a broker. */
export type BrokerTurn = "lost" | "reached";

/** Whether a broker is reached: the one between an aggregator and its children, or its parent. */
export interface BrokerWatch {
  /** Why nobody can be heard, and what to do; undefined while the broker is reached. */
  readonly problem: string | undefined;
  /** Since when it is not reached, ISO 8601; undefined while it is. */
  readonly lostSince: string | undefined;
  /** How often it was lost, or not reached at first. */
  readonly losses: number;
  /** Whether silence says nothing of a child: the broker is not reached, or only just again. */
  readonly isDeaf: boolean;
  /** The connection is up. */
  reached(): void;
  /** The connection is lost, or could not be made. @param at The broker's URL, where it is another one by now. */
  failed(why: string, at?: string): void;
  /** Calls back when it is lost, and when it is reached, also at first. */
  onTurn(turned: (turn: BrokerTurn) => void): void;
  /** Ends its timer. */
  stop(): void;
}

/**
 * Watches the connection to a broker of another process.
 *
 * @param parts `url` is shown: without credentials. Undefined for the embedded broker, which is there as long as this program.
 * `to`: whom it leads to, children where absent.
 */
export function createBrokerWatch(
  parts: { readonly url: string | undefined; readonly clock: Clock; readonly to?: "children" | "parent" },
): BrokerWatch {
  const { clock, to: whom = "children" } = parts;
  let { url } = parts;
  const listeners: ((turn: BrokerTurn) => void)[] = [];
  let lostSince = url === undefined ? undefined : new Date(clock.wall()).toISOString();
  let why: string | undefined;
  let isLost = false;
  let losses = 0;
  let cancelSettle: (() => void) | undefined;

  function turn(to: BrokerTurn): void {
    for (const listener of listeners) listener(to);
  }
  return {
    get problem() {
      if (lostSince === undefined) return undefined;
      const reason = why === undefined ? "it has not answered yet" : why;
      return whom === "children"
        ? `The broker ${url} is not reached since ${lostSince}: ${reason}. Start it, or look at the network and at --broker. ` +
          "Until then no agent is heard, nothing is concluded from that, and what is shown of nodes is what was known last"
        : `The broker ${url} to the parent is not reached since ${lostSince}: ${reason}. Start it, or look at the network and ` +
          "at --uplink. Until then no change of desired state arrives here, and nothing is heard of these nodes above";
    },
    get lostSince() {
      return lostSince;
    },
    get losses() {
      return losses;
    },
    get isDeaf() {
      return lostSince !== undefined || cancelSettle !== undefined;
    },
    reached() {
      if (lostSince === undefined) return;
      lostSince = undefined;
      why = undefined;
      if (isLost) {
        isLost = false;
        cancelSettle = clock.after(SETTLE, () => cancelSettle = undefined);
      }
      turn("reached");
    },
    failed(reason, at) {
      why = reason;
      url = at ?? url;
      lostSince ??= new Date(clock.wall()).toISOString();
      if (isLost) return;
      isLost = true;
      losses++;
      cancelSettle?.();
      cancelSettle = undefined;
      turn("lost");
    },
    onTurn: (turned) => void listeners.push(turned),
    stop() {
      cancelSettle?.();
      cancelSettle = undefined;
    },
  };
}
