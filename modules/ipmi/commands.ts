import process from "node:process";
import type { Clock } from "../../src/clock.ts";
import { type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import { execute, type ProgramOutput, StartError } from "../../src/process/mod.ts";
import { errorText, within } from "../../src/toolkit/mod.ts";
import { type Ask, createConcurrency, createRefusals, type Credentials, credentialsFor } from "../power/mod.ts";
import { type IpmiAddress, ipmiAddressOf, type IpmiSettings } from "./config.ts";
import { type IpmiFailure, parseFailure } from "./parse.ts";

/** Secrets for ipmitool: they are passed in its environment, and so appear in no list of processes. */
export interface Secrets {
  readonly password: string;
  readonly kg?: string;
}

/** Runs ipmitool. The signal kills it. */
export type RunIpmitool = (args: readonly string[], secrets: Secrets, signal: AbortSignal) => Promise<ProgramOutput>;

/**
 * Runs Debian's ipmitool.
 *
 * @throws {UnavailableError} If it is missing or cannot be started; the signal's reason, if that fires.
 */
export const runIpmitool: RunIpmitool = async (args, { password, kg }, signal) => {
  const env = {
    ...{ PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", IPMI_PASSWORD: password },
    ...(kg !== undefined && { IPMI_KGKEY: kg }),
  };
  try {
    return await execute("ipmitool", args, env, signal);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    if (!error.isMissing) throw new UnavailableError(error.message);
    throw new UnavailableError(
      "Cannot start 'ipmitool' as it is not installed: Debian has it in the package 'ipmitool'",
    );
  }
};

/** The largest number of processes at a time. */
const MAX_PROCESSES = 16;
/** How long a process may take, in milliseconds; ipmitool first waits 2 s for an answer, and tries three times. */
const PROCESS_LIMIT = 20_000;
export const LATE: string = `ipmitool took more than ${PROCESS_LIMIT} ms`;
const PATIENCE = ["-N", "2", "-R", "3"];
/**
 * Cipher suites (IPMI 2.0, 22.15.2) in the order of attempts: 17 uses SHA-256; older controllers know only 3, with
 * SHA-1. ipmitool's own choice takes twelve seconds if a controller does not list its suites.
 */
const SUITES = ["17", "3"];

/** The result of a command: an answer, or how it failed. */
export type IpmiResult = { readonly output: ProgramOutput } | { readonly failure: IpmiFailure };

/**
 * Makes what runs commands on the controllers of nodes: with credentials, and a cipher suite that the controller accepts.
 *
 * @param parts `run` runs ipmitool.
 * @returns Runs a command, in ipmitool's words: gives its output, or the controller's refusal.
 */
export function createCommands(
  clock: Clock,
  parts: { readonly settings: () => IpmiSettings; readonly run: RunIpmitool },
): (node: ModuleNode, words: readonly string[], ask: Ask) => Promise<IpmiResult> {
  const limit = createConcurrency(MAX_PROCESSES);
  const refusals = createRefusals(clock);
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
  ): Promise<IpmiResult> {
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
  ): Promise<IpmiResult> {
    if (parts.settings().interface === "lan") return await once(address, credentials, undefined, words, ask);
    const key = placeOf(address);
    const known = suites.get(key);
    const order = known === undefined ? SUITES : [known, ...SUITES.filter((suite) => suite !== known)];
    let last: IpmiResult | undefined;
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
  return async (node, words, ask) => {
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
  };
}

/** Names a controller. */
export function placeOf({ host, port }: IpmiAddress): string {
  return `${host} ${port}`;
}
