import type { Clock } from "../../src/clock.ts";
import type { Reports } from "../../src/reports.ts";
import type { PowerChange } from "./driver.ts";
import type { Look, OrderOutcome } from "./guard.ts";

/** So many different things that a controller said are told, the last ones. */
const MAX_TOLD = 3;
/** A machine that has had so long, in milliseconds, to do what was ordered has had its time, however late it was ordered. */
const FAIR = 60_000;

/** Orders in words. */
const ORDERS: { readonly [change in PowerChange]: string } = {
  on: "power on",
  off: "power off",
  shutdown: "shut down",
  restart: "restart",
  interrupt: "interrupt (NMI)",
};

/** What happens while a mutation has a controller do something: what people are told when it does not come to its end. */
export interface Story {
  saw(look: Look): void;
  ordered(change: PowerChange, outcome: OrderOutcome): void;
  /** It, in words. */
  words(): string;
}

/**
 * Begins a story, and keeps the program told of it. What it means when the time is over: as long as no good answer was the last
 * one, nothing is known; as long as no order was taken, or it was taken so late that the machine has hardly had time, it is not the
 * machine's fault; otherwise the machine did not do what it should in its time.
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
      hear(answered ? told : `nothing of the power (${told})`);
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
      return `${asked}, which was taken`;
    case "unsupported":
      return `${asked}, which its controller has nothing for`;
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
