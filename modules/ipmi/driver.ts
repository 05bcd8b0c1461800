import process from "node:process";
import {
  DeclinedError,
  MistakeError,
  type ModuleContext,
  type ModuleNode,
  UnavailableError,
} from "../../src/module/mod.ts";
import { errorText, within } from "../../src/toolkit/mod.ts";
import {
  type Ask,
  beforeOrder,
  bootDeviceOf,
  createLimit,
  createRefusals,
  type Credentials,
  credentialsFor,
  type Outcome,
  type PowerChange,
  type PowerDriver,
} from "../power/mod.ts";
import { bootdevCommand, bootdevRefusal } from "./boot_device.ts";
import { CHASSIS_STATUS, identifyCommand, parseChassisStatus } from "./chassis.ts";
import { type IpmiAddress, ipmiAddressOf, type IpmiSettings } from "./config.ts";
import { createFacts } from "./facts.ts";
import type { RunIpmitool } from "./ipmitool.ts";
import type { ProgramOutput } from "../../src/process/mod.ts";
import { type Failure, parseFailure, parsePowerStatus } from "./parse.ts";
import { hasSensorRecords, parseSel, selCommand, SENSOR_RECORDS } from "./sel.ts";

/** The largest number of processes at a time. */
const MAX_PROCESSES = 16;
/** How long a process may take, in milliseconds; ipmitool first waits 2 s for an answer, and tries three times. */
const PROCESS_LIMIT = 20_000;
const LATE = `ipmitool took more than ${PROCESS_LIMIT} ms`;
const PATIENCE = ["-N", "2", "-R", "3"];
/**
 * Cipher suites (IPMI 2.0, 22.15.2) in the order of attempts: 17 uses SHA-256; older controllers know only 3, with
 * SHA-1. ipmitool's own choice takes twelve seconds if a controller does not list its suites.
 */
const SUITES = ["17", "3"];

const COMMANDS: { readonly [change in PowerChange]: string } = {
  on: "on",
  off: "off",
  shutdown: "soft",
  restart: "reset",
  interrupt: "diag",
};

/** The result of a command: an answer, or how it failed. */
type Result = { readonly output: ProgramOutput } | { readonly failure: Failure };

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
  const limit = createLimit(MAX_PROCESSES);
  const refusals = createRefusals(clock);
  const facts = createFacts(clock);
  /** The cipher suite with which a controller began a session, by its address. */
  const suites = new Map<string, string>();

  function credentialsOf(node: ModuleNode): Credentials {
    const found = credentialsFor(node, parts.settings().credentials, process.env);
    if (found !== undefined) return found;
    throw new UnavailableError(
      `There are no credentials for the controller of '${node.name}': name a file of 'credentials' in ` +
        "'/services/ipmi/config', or set KRAKEN_BMC_USERNAME and KRAKEN_BMC_PASSWORD",
    );
  }
  /** Runs ipmitool once. `suite` is undefined for IPMI 1.5, which has none. */
  async function once(
    { host, port }: IpmiAddress,
    { username, ...secrets }: Credentials,
    suite: string | undefined,
    words: readonly string[],
    ask: Ask,
  ): Promise<Result> {
    const { interface: way, privilege } = parts.settings();
    const args = [
      ...["-I", way, "-H", host, "-p", String(port), "-U", username, "-E", "-L", privilege, ...PATIENCE],
      ...(secrets.kg === undefined ? [] : ["-K"]),
      ...(suite === undefined ? [] : ["-C", suite]),
      // Without -v it does not distinguish a wrong password from silence; with it, each entry of the log takes pages.
      ...(words[0] === "sel" ? words : ["-v", ...words]),
    ];
    try {
      const output = await limit.run(
        () =>
          within(
            { clock, ms: PROCESS_LIMIT, late: LATE, signal: ask.signal },
            (signal) => parts.run(args, secrets, signal),
          ),
        ask,
      );
      return output.code === 0 ? { output } : { failure: parseFailure(output.stdout, output.stderr) };
    } catch (error) {
      ask.signal.throwIfAborted();
      throw new UnavailableError(errorText(error));
    }
  }
  /** Runs it with the cipher suite that the controller is known to accept, otherwise with one after the other. */
  async function withSuites(
    address: IpmiAddress,
    credentials: Credentials,
    words: readonly string[],
    ask: Ask,
  ): Promise<Result> {
    if (parts.settings().interface === "lan") return await once(address, credentials, undefined, words, ask);
    const key = placeOf(address);
    const known = suites.get(key);
    const order = known === undefined ? SUITES : [known, ...SUITES.filter((suite) => suite !== known)];
    let last: Result | undefined;
    for (const suite of order) {
      const result = await once(address, credentials, suite, words, ask);
      const isSession = !("failure" in result) || result.failure.kind === "later" || result.failure.kind === "refused";
      if (isSession) suites.set(key, suite);
      if (isSession || result.failure.kind === "silent") return result;
      // The suite that the controller accepts tells what is wrong with the password, which is tried no more often than
      // needed.
      if (last === undefined || result.failure.kind === "credentials") last = result;
      suites.delete(key);
      if (suite === known && result.failure.kind === "credentials") break;
    }
    return last ?? { failure: { words: "there is no cipher suite to try", kind: "suite" } };
  }
  /** @returns Its output, or the controller's refusal. */
  async function command(node: ModuleNode, words: readonly string[], ask: Ask): Promise<Result> {
    const address = ipmiAddressOf(node);
    const credentials = credentialsOf(node);
    const place = placeOf(address);
    refusals.check(place, credentials);
    const result = await withSuites(address, credentials, words, ask);
    if (!("failure" in result)) {
      refusals.accept(place, credentials);
      return result;
    }
    const { kind, words: said } = result.failure;
    const why = `'${words.join(" ")}' at ${address.host} failed: ${said}`;
    switch (kind) {
      case "credentials":
        throw refusals.refuse(place, credentials, `${why} (it takes another user or password, or another 'kg')`);
      case "suite":
        throw new UnavailableError(
          `${why} (it begins no session with cipher suite ${SUITES.join(" or ")} and the privilege ` +
            `${parts.settings().privilege}: see 'privilege' and 'interface' in '/services/ipmi/config')`,
        );
      case "silent":
        throw new UnavailableError(`${why} (it does not answer)`);
      default:
        return { failure: { kind, words: why } };
    }
  }
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
  async function readSel(node: ModuleNode, count: number, named: boolean, ask: Ask): Promise<Result> {
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

function outcomeOf(result: Result): Outcome {
  if (!("failure" in result)) return { kind: "taken" };
  return { kind: result.failure.kind === "later" ? "later" : "refused", said: result.failure.words };
}

/** ipmitool exits with 0 even if the controller has refused the device. */
function bootOutcomeOf(result: Result): Outcome {
  const refusal = "failure" in result ? undefined : bootdevRefusal(result.output);
  return refusal === undefined ? outcomeOf(result) : { kind: "refused", said: refusal };
}

function placeOf({ host, port }: IpmiAddress): string {
  return `${host} ${port}`;
}
