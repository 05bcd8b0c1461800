import {
  DeclinedError,
  MistakeError,
  type ModuleContext,
  type ModuleNode,
  UnavailableError,
} from "../../src/module/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";
import {
  type Ask,
  beforeOrder,
  bootDeviceOf,
  type ChangeOutcome,
  type PowerChange,
  type PowerDriver,
} from "../power/mod.ts";
import { bootdevCommand, bootdevRefusal, CHASSIS_STATUS, identifyCommand, parseChassisStatus } from "./chassis.ts";
import { createCommands, type IpmiResult, LATE, placeOf, type RunIpmitool } from "./commands.ts";
import { ipmiAddressOf, type IpmiSettings } from "./config.ts";
import { createIpmiFacts } from "./facts.ts";
import { parsePowerStatus } from "./parse.ts";
import { hasSensorRecords, parseSel, selCommand, SENSOR_RECORDS } from "./sel.ts";

const COMMANDS: { readonly [change in PowerChange]: string } = {
  on: "on",
  off: "off",
  shutdown: "soft",
  restart: "reset",
  interrupt: "diag",
};

/**
 * Creates a driver that runs ipmitool for each request.
 *
 * @param context The module's context.
 * @param parts `run` runs ipmitool.
 */
export function createIpmiDriver(
  context: ModuleContext,
  parts: { readonly settings: () => IpmiSettings; readonly run: RunIpmitool },
): PowerDriver {
  const { clock } = context;
  const command = createCommands(clock, parts);
  const facts = createIpmiFacts(clock);

  /** Reads a fact that nobody waits for: a failure must not hide an answer about the power. */
  async function fact(node: ModuleNode, words: readonly string[], ask: Ask): Promise<string | undefined> {
    try {
      const result = await command(node, words, ask);
      return "failure" in result ? undefined : result.output.stdout;
    } catch (error) {
      if (error instanceof UnavailableError) return undefined;
      throw error;
    }
  }
  /** Reads the event log with the names of sensors, or without if these are missing or take too long to read. */
  async function readSel(node: ModuleNode, count: number, named: boolean, ask: Ask): Promise<IpmiResult> {
    if (!named) return await command(node, selCommand("list", count), ask);
    try {
      return await command(node, selCommand("elist", count), ask);
    } catch (error) {
      if (!errorText(error).includes(LATE)) throw error;
      return await command(node, selCommand("list", count), ask);
    }
  }
  return {
    async readLog(node, count, ask) {
      // This also reveals problems with the session: see -v.
      const sensors = await command(node, SENSOR_RECORDS, ask);
      const named = !("failure" in sensors) && hasSensorRecords(sensors.output.stdout);
      const result = await readSel(node, count, named, ask);
      if ("failure" in result) throw new UnavailableError(result.failure.words);
      return parseSel(result.output.stdout);
    },
    async read(node, ask) {
      const result = await command(node, ["chassis", "power", "status"], ask);
      if ("failure" in result) throw new UnavailableError(result.failure.words);
      const { stdout } = result.output;
      const power = parsePowerStatus(stdout);
      if (power !== undefined) {
        const machine = await facts.of(node.id, placeOf(ipmiAddressOf(node)), ask, (words) => fact(node, words, ask));
        return { power, said: `Chassis Power is ${power}`, ...(machine !== undefined && { machine }) };
      }
      throw new UnavailableError(
        `'chassis power status' of '${node.name}' said ${JSON.stringify(stdout.slice(0, 80))}`,
      );
    },
    async change(node, change, ask) {
      const device = change === "on" || change === "restart" ? bootDeviceOf(node) : undefined;
      const hindered = device === undefined
        ? undefined
        : await beforeOrder(async () => bootOutcomeOf(await command(node, bootdevCommand(device), ask)));
      return hindered ?? outcomeOf(await command(node, ["chassis", "power", COMMANDS[change]], ask));
    },
    forget: facts.forget,
    async turnLed(node, led, ask) {
      if (led === "BLINKING") throw new MistakeError("An identify LED can't blink over IPMI: expected ON or OFF");
      const told = await command(node, identifyCommand(led), ask);
      if ("failure" in told) throw new DeclinedError(told.failure.words);
      const status = await command(node, CHASSIS_STATUS, ask);
      // Many controllers do not report the LED: then it is only known that they accepted the order.
      return "failure" in status ? led : parseChassisStatus(status.output.stdout)?.led ?? led;
    },
  };
}

function outcomeOf(result: IpmiResult): ChangeOutcome {
  if (!("failure" in result)) return { kind: "taken" };
  return { kind: result.failure.kind === "later" ? "later" : "refused", said: result.failure.words };
}

/** ipmitool exits with 0 even if the controller has refused the device. */
function bootOutcomeOf(result: IpmiResult): ChangeOutcome {
  const refusal = "failure" in result ? undefined : bootdevRefusal(result.output);
  return refusal === undefined ? outcomeOf(result) : { kind: "refused", said: refusal };
}
