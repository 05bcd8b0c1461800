// Every form of a BMC with every fault: OFF, ON, OFF gracefully, ON, OFF by force. As a program it prints the table:
//   node scripts/run.mjs test/modules/redfish_matrix.ts
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createRedfishModule } from "../../modules/redfish/module.ts";
import type { Exchange } from "../../modules/redfish/mod.ts";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import { parseControllerConfig } from "../../modules/simpower/simulator/config.ts";
import { createController } from "../../modules/simpower/simulator/controller.ts";
import { FAULTS, withFaults } from "../../modules/simpower/simulator/faults.ts";
import type { Form } from "../../modules/simpower/simulator/form.ts";
import { FORMS } from "../../modules/simpower/simulator/forms.ts";
import { createRedfishApp } from "../../modules/simpower/simulator/redfish.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createPlainMachine, USER, writeCredentials } from "./bmc_fixture.ts";
import { hostForTest, testNode } from "./module_fixture.ts";
import { ending } from "./redfish_scene.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** What the machine has to have gone through, and nothing else. */
const EXPECTED = "start shutdown start stop";
/** How often a mutation that could not be done is tried, and the pause between, in milliseconds: the engine's are of that size. */
const ATTEMPTS = 5;
const PAUSE = 65_000;

/** When a fault begins: with the first look, before the machine is powered on, or before it is asked to shut down. */
export type Stage = "find" | "on" | "shutdown";

/** Tries one form with one fault. @returns What went wrong; undefined: nothing. */
export async function tryForm(formName: string, faultName: string, stage: Stage): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-matrix-"));
  const bmc = playForm(formName, faultName);
  const { controller, machine, clock, exchange, form, end } = bmc;
  const node = testNode("n1", { "/platform": "redfish", "/bmc/address": addressOf(form) });
  node.view.set("/platform", "redfish");
  const credentials = writeCredentials(folder, "bmc.json");
  const own = testNode("root", {
    "/services/redfish/config": { poll: 3_600_000, sense: 0, graceful: 60_000, tls: "plain", credentials },
  });
  const hosted = await hostForTest(createRedfishModule({ exchange }), [node], { role: "parent", own, clock });
  async function bring(mutation: string, wanted: string): Promise<string | undefined> {
    let why = "";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        const timeout = new AbortController();
        const cancel = clock.after(240_000, () => timeout.abort(new Error("Timed out")));
        await ending(clock, hosted.run(mutation, {}, timeout.signal), 400_000).finally(cancel);
        const found = node.view.get("/physState");
        return found === wanted ? undefined : `${mutation}: ${String(found)}`;
      } catch (error) {
        why = errorText(error);
        await clock.advance(PAUSE);
      }
    }
    return `${mutation}: ${why}`;
  }
  try {
    bmc.armed = stage === "find";
    let wrong = await bring("find-off", "POWER_OFF");
    bmc.armed ||= stage === "on";
    wrong ??= await bring("power-on", "POWER_ON");
    bmc.armed = true;
    node.view.set("/runState", "SYNC");
    wrong ??= await bring("power-off", "POWER_OFF") ?? await bring("power-on", "POWER_ON");
    node.view.set("/runState", "ERROR");
    wrong ??= await bring("power-off", "POWER_OFF");
    if (wrong !== undefined) return wrong;
    const done = machine.done.join(" ");
    if (done !== EXPECTED) return `the machine went through: ${done}`;
    return controller.power === "Off" ? undefined : `the BMC says ${controller.power}`;
  } finally {
    const stopped = hosted.host.stop();
    await clock.advance(10_000);
    await stopped;
    end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Plays a BMC of a form on a clock of its own. */
function playForm(formName: string, faultName: string) {
  const form = FORMS[formName];
  const faults = FAULTS[faultName];
  if (form === undefined || faults === undefined) {
    throw new Error(`There is no form '${formName}' or fault '${faultName}'`);
  }
  const clock = createVirtualClock();
  const machine = createPlainMachine();
  const stale = faultName === "none" ? 0 : 2_000;
  const config = parseControllerConfig({
    resetDelay: { min: 500, mode: 1_000, max: 2_000 },
    staleDelay: { min: stale, mode: stale, max: stale * 2 },
    user: USER,
    events: false,
    form: formName,
  });
  const parts = { clock, random: seededRandom(1), log: createLog(() => {}) };
  const controller = createController({ name: "simulated", id: crypto.randomUUID() }, machine, config, parts);
  const ended = new AbortController();
  const app = createRedfishApp([controller], { ...parts, config, signal: ended.signal });
  const serve = async (request: Request) => await app.fetch(request);
  const faulty = withFaults(serve, faults, clock);
  const exchange: Exchange = async (url, { method, headers, body, signal }) => {
    signal.throwIfAborted();
    const request = new Request(url, { method, headers: { ...headers }, ...(body !== undefined && { body }) });
    return await Promise.race([
      bmc.armed ? faulty(request) : serve(request),
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    ]);
  };
  const end = () => ended.abort(new Error("It is over"));
  const bmc = { controller, machine, clock, exchange, form, end, armed: false };
  return bmc;
}

/** What an administrator has to state: the service, and which of several machines where only a person can know. */
function addressOf(form: Form): string {
  const id = form.ids?.[0] ?? "";
  if (form.resource === "Chassis") return `http://bmc.test/redfish/v1/Chassis/${id}`;
  return form.ids !== undefined && form.ids.length > 1 ? `http://bmc.test/redfish/v1/Systems/${id}` : "http://bmc.test";
}

/** The stages at which faults begin. */
export const STAGES: readonly Stage[] = ["find", "on", "shutdown"];

/** Tries a form with a fault at every stage. @returns What went wrong first; undefined: nothing. */
export async function tryStages(form: string, fault: string): Promise<string | undefined> {
  for (const stage of STAGES) {
    const wrong = await tryForm(form, fault, stage);
    if (wrong !== undefined) return `${form} with ${fault} from ${stage} on: ${wrong}`;
  }
  return undefined;
}

/** The whole table, as lines of text: a row for each fault, a column for each form. */
async function matrixLines(): Promise<string[]> {
  const forms = Object.keys(FORMS);
  const notes: string[] = [];
  const rows: string[] = [];
  for (const fault of Object.keys(FAULTS)) {
    const cells: string[] = [];
    for (const form of forms) {
      const wrong = await tryStages(form, fault);
      cells.push(wrong === undefined ? "ok" : "FAILS");
      if (wrong !== undefined) notes.push(wrong);
    }
    rows.push(`| ${fault} | ${cells.join(" | ")} |`);
  }
  return [`| | ${forms.join(" | ")} |`, `| --- |${" --- |".repeat(forms.length)}`, ...rows, "", ...notes];
}

if (process.argv[1]?.includes("redfish_matrix") === true) console.log((await matrixLines()).join("\n"));
