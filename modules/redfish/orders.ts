import type { Clock } from "../../src/clock.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { pause } from "../../src/pause.ts";
import type { Ask, PowerChange } from "../power/mod.ts";
import type { Answer } from "./answer.ts";
import { type RedfishClient, RefusedError } from "./client.ts";
import { powerOf, waysOf } from "./reset.ts";
import { readResetTypes, readSystem, readTask, type SystemReading } from "./resources.ts";
import type { Access } from "./sessions.ts";

/** How long a task that an order became is followed, and the pause between two looks, in milliseconds. */
const TASK_LIMIT = 30_000;
const TASK_PAUSE = 1_000;

/** What an order is about. */
export interface Ordered {
  readonly access: Access;
  /** The ComputerSystem or Chassis. */
  readonly system: URL;
  readonly reading: SystemReading;
  readonly ask: Ask;
}

/**
 * Orders a change of power: the best way that the BMC lists, and the next one where it does not know that after all.
 *
 * @returns False when it has nothing for it.
 * @throws {RefusedError} When it refuses, for the state that the machine is in or another reason.
 * @throws {TaskFailedError} When the order became a task that failed.
 */
export async function order(
  change: PowerChange,
  what: Ordered,
  { client, clock }: { readonly client: RedfishClient; readonly clock: Clock },
): Promise<boolean> {
  const ways = waysOf(change, await allowedBy(what, client));
  for (const [place, type] of ways.entries()) {
    if (type === BUTTON && !await needsButton(what, client)) return true;
    try {
      await follow(await post(type, what, client), what, { client, clock });
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError && error.unsupported)) throw error;
      const last = place === ways.length - 1;
      if (last && (change === "on" || change === "off")) throw error;
    }
  }
  return false;
}

/** A toggle: pressed while the machine is on, it would shut it down. */
const BUTTON = "PushPowerButton";

/** Whether the machine is still off. @throws {UnavailableError} When the BMC can't say. */
async function needsButton({ access, system, ask }: Ordered, client: RedfishClient): Promise<boolean> {
  const power = powerOf(readSystem(await client.get(access, system, ask))?.power);
  if (power !== "unknown") return power === "off";
  throw new UnavailableError(`Cannot press the power button of ${system.href}: its BMC can't say whether it is off`);
}

/** The list of the resource or, where it is empty or not there, of its ActionInfo. Undefined: neither says. */
async function allowedBy(
  { access, reading, ask }: Ordered,
  client: RedfishClient,
): Promise<readonly string[] | undefined> {
  const { resetTypes, actionInfo } = reading;
  if ((resetTypes !== undefined && resetTypes.length > 0) || actionInfo === undefined) return resetTypes;
  try {
    return readResetTypes(await client.get(access, actionInfo, ask));
  } catch (error) {
    ask.signal.throwIfAborted();
    if (error instanceof Error) return undefined; // missing or broken: the order shows what it takes
    throw error;
  }
}

function post(type: string, { access, system, reading, ask }: Ordered, client: RedfishClient): Promise<Answer> {
  const url = targetOf({ access, system, reading }, client);
  return client.send(access, { method: "POST", url, body: { ResetType: type } }, ask, system);
}

/** The target that the controller names, as long as it is its own; otherwise the usual one. */
function targetOf(
  { access, system, reading }: Pick<Ordered, "access" | "system" | "reading">,
  client: RedfishClient,
): URL {
  const usual = new URL(`${system.pathname.replace(/\/$/, "")}/Actions/${reading.resetAction}`, system);
  if (reading.resetTarget === undefined) return usual;
  try {
    return client.resolve(access, reading.resetTarget);
  } catch {
    return usual;
  }
}

/** An order became a task (DSP0266, asynchronous operations), and that failed. */
export class TaskFailedError extends Error {
  override readonly name = "TaskFailedError";
}

/** Waits a while for the task that an order became, for the sake of its messages when it fails. */
async function follow(
  answer: Answer,
  { access, ask }: Ordered,
  { client, clock }: { readonly client: RedfishClient; readonly clock: Clock },
): Promise<void> {
  if (answer.status !== 202) return;
  const named = answer.resource?.["@odata.id"] ?? answer.headers.get("location");
  const until = clock.now() + TASK_LIMIT;
  let task = answer.resource;
  for (;;) {
    const found = task === undefined ? undefined : readTask(task);
    if (found?.state === "failed") throw new TaskFailedError(`The BMC's task for it failed: ${found.why}`);
    if (found?.state === "done" || typeof named !== "string" || clock.now() >= until) return;
    await pause(clock, TASK_PAUSE, ask.signal);
    try {
      task = await client.get(access, named, ask);
    } catch {
      ask.signal.throwIfAborted();
      return; // it is over, and forgotten
    }
  }
}
