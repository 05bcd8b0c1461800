import process from "node:process";
import { type ModuleContext, type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import { within } from "../../src/pause.ts";
import { type Ask, createLimit, credentialsFor, type PowerChange, type PowerDriver } from "../power/mod.ts";
import { type IpmiAddress, ipmiAddressOf, type IpmiSettings } from "./config.ts";
import type { Output, RunIpmitool } from "./ipmitool.ts";
import { parseFailure, parsePowerStatus } from "./parse.ts";

/** The most processes at a time. */
const MAX_PROCESSES = 16;
/** How long one may take, in milliseconds; it waits for an answer 2 s at first, and tries three times. */
const PROCESS_LIMIT = 20_000;
const PATIENCE = ["-N", "2", "-R", "3"];
/**
 * Cipher suites (IPMI 2.0, 22.15.2) in the order in which they are tried: 17 has SHA-256, older controllers know only 3, with
 * SHA-1. ipmitool's own choice takes it twelve seconds where a controller does not list what it knows.
 */
const SUITES = ["17", "3"] as const;

const COMMANDS: { readonly [change in PowerChange]: string } = {
  on: "on",
  off: "off",
  shutdown: "soft",
  restart: "reset",
};

/** Makes a driver that asks controllers over IPMI 2.0 (RMCP+), each time by a process of ipmitool. */
export function createIpmiDriver(
  context: ModuleContext,
  parts: { readonly settings: () => IpmiSettings; readonly run: RunIpmitool },
): PowerDriver {
  const { clock } = context;
  const limit = createLimit(MAX_PROCESSES);
  const suites = new Map<string, string>();

  function once(
    node: ModuleNode,
    { host, port }: IpmiAddress,
    suite: string,
    command: string,
    ask: Ask,
  ): Promise<Output> {
    const user = credentialsFor(node, parts.settings().credentials, process.env);
    if (user === undefined) {
      throw new UnavailableError(
        `There are no credentials for the controller of '${node.name}': name a file of 'credentials' in ` +
          "'/services/ipmi/config', or set KRAKEN_BMC_USERNAME and KRAKEN_BMC_PASSWORD",
      );
    }
    const target = ["-H", host, "-p", String(port), "-U", user.username, "-E"];
    const args = ["-I", "lanplus", ...target, ...PATIENCE, "-C", suite, "chassis", "power", command];
    return limit.run(
      () =>
        within(
          clock,
          PROCESS_LIMIT,
          `ipmitool took more than ${PROCESS_LIMIT} ms`,
          ask.signal,
          (signal) => parts.run(args, user.password, signal),
        ),
      ask,
    ).catch((error: unknown) => {
      ask.signal.throwIfAborted();
      throw error instanceof UnavailableError
        ? error
        : new UnavailableError(error instanceof Error ? error.message : String(error));
    });
  }
  /** Runs a command with the cipher suite that the controller is known to take, or one after the other. */
  async function command(node: ModuleNode, command: string, ask: Ask): Promise<Output> {
    const address = ipmiAddressOf(node);
    const key = `${address.host} ${address.port}`;
    const known = suites.get(key);
    for (const suite of known === undefined ? SUITES : [known]) {
      const output = await once(node, address, suite, command, ask);
      if (output.code === 0) {
        suites.set(key, suite);
        return output;
      }
      const failure = parseFailure(output.stdout, output.stderr);
      if (failure.kind === "suite" && suite !== SUITES.at(-1) && known === undefined) continue;
      suites.delete(key);
      const why = `'chassis power ${command}' at ${address.host} failed: ${failure.words}`;
      if (failure.kind === "silent") {
        throw new UnavailableError(`${why} (it does not answer, or takes another user or password)`);
      }
      throw new Error(why);
    }
    throw new Error(`No cipher suite is left for ${address.host}`);
  }
  return {
    async read(node, ask) {
      const { stdout } = await command(node, "status", ask);
      const power = parsePowerStatus(stdout);
      if (power !== undefined) return { power, said: `Chassis Power is ${power}` };
      throw new Error(`'chassis power status' of '${node.name}' said ${JSON.stringify(stdout.slice(0, 80))}`);
    },
    async change(node, change, ask) {
      await command(node, COMMANDS[change], ask);
      return { kind: "taken" };
    },
  };
}
