import type { Clock } from "../../src/clock.ts";
import { MistakeError, type MutationRun } from "../../src/module/mod.ts";
import { durationText } from "../../src/toolkit/mod.ts";
import type { Hand } from "./hand.ts";
import type { Story } from "./story.ts";

/** Number of refusals of one order that end a mutation. */
export const MAX_ORDER_REFUSALS: number = 3;
/** A shutdown order that is accepted late still gets its time, up to this many milliseconds more. */
const MAX_LATE_GRACE = 60_000;
/** A machine that is being powered off and has been changing for this long, in milliseconds, hangs. */
export const STUCK: number = 60_000;

/** The work of one mutation on a controller. */
export interface Course {
  readonly hand: Hand;
  readonly run: MutationRun;
  readonly story: Story;
}

/** Powers the machine on, and reports that it is on. @param begun See `Pursuit`. */
export async function bringOn({ hand, run, story }: Course, begun: boolean): Promise<void> {
  let lost = false;
  const done = await hand.pursue({
    ...{ run, signal: run.signal, story, change: "on", begun, maxRefusals: MAX_ORDER_REFUSALS },
    taken(kind) {
      if (kind === "taken") noteBoot(run);
      else lost = true;
    },
  });
  if (!done) throw new MistakeError(`Cannot power '${run.node.name}' on: its controller does not support that`);
  if (lost) noteBoot(run); // it has come on, so the order was accepted
  run.discover("/physState", "POWER_ON");
}

/** Records that the controller was told, with the order, to boot once from the requested device. */
export function noteBoot(run: MutationRun): void {
  const next = run.node.view.get("/bmc/bootNext");
  if (next !== undefined && next !== "NONE") run.discover("/bmc/bootNext", "NONE");
}

/**
 * Cuts the machine's power.
 *
 * @param how `why` is what people are told. `begun` and `stuckAfter`: see `Pursuit`.
 */
export async function cutPower(
  { hand, run, story }: Course,
  { why, begun, stuckAfter = STUCK }: { readonly why: string; readonly begun: boolean; readonly stuckAfter?: number },
): Promise<void> {
  let told = false;
  const done = await hand.pursue({
    ...{ run, signal: run.signal, story, change: "off", begun, maxRefusals: MAX_ORDER_REFUSALS, stuckAfter },
    ordering() {
      if (!told) run.note(`Its power is cut: ${why}`);
      told = true;
    },
  });
  if (!done) throw new MistakeError(`Cannot power '${run.node.name}' off: its controller does not support that`);
}

/**
 * Asks the machine to shut down.
 *
 * @param graceful How long it may take, in milliseconds.
 * @returns Undefined if it did; otherwise the reason to cut its power.
 */
export async function shutDown(
  { hand, run, story }: Course,
  clock: Clock,
  graceful: number,
): Promise<string | undefined> {
  const grace = new AbortController();
  let end = clock.now() + graceful + Math.min(graceful, MAX_LATE_GRACE);
  let late = `it could not be asked to shut down within ${durationText(graceful)}`;
  let isAsked = false;
  let until = 0;
  let cancel = () => {};
  function setTime(time: number): void {
    cancel();
    until = time;
    cancel = clock.after(time - clock.now(), () => grace.abort(new Error(late)));
  }
  /** Reports that the request waits for its turn behind others: that takes nothing from its timeout. */
  function queued(): () => void {
    const leave = run.queued();
    const since = clock.now();
    if (!isAsked) cancel();
    return () => {
      leave();
      if (isAsked) return;
      end += clock.now() - since;
      setTime(until + clock.now() - since);
    };
  }
  setTime(clock.now() + graceful);
  try {
    const done = await hand.pursue({
      ...{ run: { ...run, queued }, signal: AbortSignal.any([run.signal, grace.signal]), story },
      ...{ change: "shutdown", begun: false, maxRefusals: Infinity },
      taken() {
        isAsked = true;
        late = `it was asked to shut down, and is not off after ${durationText(graceful)}`;
        setTime(Math.min(clock.now() + graceful, end));
      },
    });
    return done ? undefined : "its controller can't ask it to shut down";
  } catch (error) {
    run.signal.throwIfAborted();
    if (!grace.signal.aborted) throw error;
    return `${late} (${story.words()})`;
  } finally {
    cancel();
  }
}
