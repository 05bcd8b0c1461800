import { UnavailableError } from "../../src/module/mod.ts";
import type { Ask, ChangeOutcome, PowerChange } from "../power/mod.ts";
import type { RedfishAnswer } from "./answer.ts";
import { type RedfishClient, RefusedError } from "./client.ts";
import { BusyError } from "./requests.ts";
import { powerOf, waysOf } from "./reset.ts";
import { readResetTypes, readSystem, readTask, type SystemReading } from "./resources.ts";
import type { Access } from "./sessions.ts";

/** The subject of an order. */
export interface Ordered {
  readonly access: Access;
  /** The ComputerSystem or Chassis. */
  readonly system: URL;
  readonly reading: SystemReading;
  readonly ask: Ask;
}

/** The result of an order. */
export interface Ordering {
  readonly outcome: ChangeOutcome;
  /** The task of the order (DSP0266, asynchronous operations), which may still fail. */
  readonly task?: string;
}

/**
 * Orders a change of power: in the best way that the BMC lists, or in the next one if it does not know that.
 *
 * @param change The change.
 * @param what The machine.
 * @param client Sends the requests.
 */
export async function order(change: PowerChange, what: Ordered, client: RedfishClient): Promise<Ordering> {
  const { types, silence } = await allowedBy(what, client);
  // A list that cannot be read now does not prove that a graceful way is missing, and the alternative is force.
  const isDoubtful = change === "shutdown" && silence !== undefined;
  let outcome: ChangeOutcome = isDoubtful ? { kind: "later", said: silence } : { kind: "unsupported" };
  for (const type of waysOf(change, types)) {
    if (type === BUTTON && !await needsButton(what, client)) return { outcome: { kind: "taken" } };
    try {
      return orderingOf(await post(type, what, client));
    } catch (error) {
      if (error instanceof BusyError) return { outcome: { kind: "later", said: error.message } };
      if (!(error instanceof RefusedError)) throw error;
      // Only an unknown way leads to the next one; "not now" does not.
      const force = change === "on" || change === "off";
      if (!error.unsupported || force) outcome = { kind: refusalOf(error), said: error.message };
      if (!error.unsupported) break;
    }
  }
  return { outcome };
}

function orderingOf({ status, resource, headers }: RedfishAnswer): Ordering {
  const found = status === 202 && resource !== undefined ? readTask(resource) : undefined;
  if (found?.state === "failed") return { outcome: { kind: "refused", said: found.why } };
  const task = resource?.["@odata.id"] ?? headers.get("location");
  const runs = status === 202 && found?.state !== "done" && typeof task === "string";
  return { outcome: { kind: "taken" }, ...(runs && { task }) };
}

/** Returns what a refusal means, as far as its message tells. */
function refusalOf({ status, message }: RefusedError): "already" | "later" | "refused" {
  if (/\balready\b/i.test(message)) return "already";
  const passes = /initiali[sz]|not ready|in progress|busy|in use|try again|later|present state|current state/i;
  return status === 409 || status === 429 || status === 503 || passes.test(message) ? "later" : "refused";
}

/** A toggle: pressed while the machine is on, it would shut it down. */
const BUTTON = "PushPowerButton";

/** Tells whether the machine is still off. @throws {UnavailableError} If the BMC cannot tell. */
async function needsButton({ access, system, ask }: Ordered, client: RedfishClient): Promise<boolean> {
  const power = powerOf(readSystem(await client.get(access, system, ask))?.power);
  if (power !== "unknown") return power === "off";
  throw new UnavailableError(`Cannot press the power button of ${system.href}: its BMC can't say whether it is off`);
}

/** What a BMC accepts. */
interface Allowed {
  /** Undefined if it does not say. */
  readonly types: readonly string[] | undefined;
  /** Why the list could not be read now. */
  readonly silence?: string;
}

/** Returns the list of the resource or, if that is missing or empty, of its ActionInfo. */
async function allowedBy({ access, reading, ask }: Ordered, client: RedfishClient): Promise<Allowed> {
  const { resetTypes, actionInfo } = reading;
  if ((resetTypes !== undefined && resetTypes.length > 0) || actionInfo === undefined) return { types: resetTypes };
  try {
    return { types: readResetTypes(await client.get(access, actionInfo, ask)) };
  } catch (error) {
    ask.signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    // The order will show what the BMC accepts; a missing list will still be missing the next time.
    return { types: undefined, ...(error instanceof UnavailableError && { silence: error.message }) };
  }
}

function post(type: string, { access, system, reading, ask }: Ordered, client: RedfishClient): Promise<RedfishAnswer> {
  const url = targetOf({ access, system, reading }, client);
  return client.send(access, { method: "POST", url, body: { ResetType: type } }, ask, system);
}

/** Returns the target that the controller names, if it is its own; otherwise the usual one. */
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

/**
 * Reads the task of an order.
 *
 * @param task URI of the task.
 * @param client Sends the requests.
 * @returns Whether it still runs, and why it failed. A task that cannot be read has ended and been deleted.
 */
export async function lookAtTask(
  task: string,
  { access, ask }: Pick<Ordered, "access" | "ask">,
  client: RedfishClient,
): Promise<{ readonly runs: boolean; readonly failed?: string }> {
  try {
    const found = readTask(await client.get(access, task, ask));
    return found?.state === "failed" ? { runs: false, failed: found.why } : { runs: found?.state === "running" };
  } catch (error) {
    ask.signal.throwIfAborted();
    return { runs: error instanceof UnavailableError };
  }
}
