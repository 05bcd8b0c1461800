import type { Clock } from "../../src/clock.ts";
import type { Reports } from "../../src/reports.ts";
import type { PowerChange } from "./driver.ts";
import type { Look, OrderOutcome } from "./guard.ts";

/** The number of different reports of a controller to quote: the last ones. */
const MAX_TOLD = 3;
/**
 * A machine that has had this many milliseconds to carry out an order has had its time, however late the order came.
 */
const FAIR = 60_000;

/** Orders in words. */
const ORDERS: { readonly [change in PowerChange]: string } = {
  on: "power on",
  off: "power off",
  shutdown: "shut down",
  restart: "restart",
  interrupt: "interrupt (NMI)",
};

/** The course of a mutation on a controller, which people are told if it does not succeed. */
export interface Story {
  saw(look: Look): void;
  ordered(change: PowerChange, outcome: OrderOutcome): void;
  /** The course in words. */
  words(): string;
}

/**
 * Begins a story, and keeps the program informed of it, with the verdict in case of a timeout. While the last answer
 * was not a good one, nothing is known. While no order was accepted, or one so late that the machine has hardly had
 * time, the machine is not to blame. Otherwise the machine did not do in time what it should.
 *
 * @param reports Takes the story after each change.
 * @param clock Measures the time.
 */
export function beginStory(reports: Pick<Reports, "saw">, clock: Pick<Clock, "now">): Story {
  const begun = clock.now();
  const said: string[] = [];
  let order: { readonly words: string; readonly taken: boolean; readonly at: number } | undefined;
  let answered = false;

  function words(): string {
    const heard = said.length === 0 ? "it has not said anything" : `it said: ${said.join(", then ")}`;
    return order === undefined ? heard : `${order.words}; ${heard}`;
  }
  function hadTime(): boolean {
    if (order?.taken !== true) return false;
    return clock.now() - order.at >= Math.min(FAIR, order.at - begun);
  }
  function tell(): void {
    const ifLate = !answered ? "unavailable" : hadTime() ? "failed" : "refused";
    reports.saw({ words: words(), ifLate });
  }
  function hear(text: string): void {
    if (said.at(-1) === text) return;
    said.push(text);
    if (said.length > MAX_TOLD) said.shift();
  }
  tell();
  return {
    saw(look) {
      answered = look.power !== "unknown";
      const { said: words, failed } = look;
      const told = failed === undefined ? words : `${words} (${failed})`;
      hear(answered ? told : `nothing about the power (${told})`);
      if (failed !== undefined && order !== undefined) order = { ...order, taken: false };
      tell();
    },
    ordered(change, outcome) {
      order = { words: describe(change, outcome), taken: outcome.kind === "taken", at: clock.now() };
      said.length = 0;
      tell();
    },
    words,
  };
}

function describe(change: PowerChange, outcome: OrderOutcome): string {
  const asked = `asked to ${ORDERS[change]}`;
  switch (outcome.kind) {
    case "taken":
      return `${asked}, which was accepted`;
    case "unsupported":
      return `${asked}, which its controller does not support`;
    case "lost":
      return `${asked}, without an answer (${outcome.said})`;
    case "already":
    case "later":
    case "refused":
      return `${asked}, which was refused (${outcome.said})`;
    default:
      return outcome satisfies never;
  }
}
