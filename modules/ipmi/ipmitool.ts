import process from "node:process";
import { UnavailableError } from "../../src/module/mod.ts";
import { execute, type ProgramOutput, StartError } from "../../src/process/mod.ts";

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
