import { execFile } from "node:child_process";
import process from "node:process";
import type { Command } from "./commands.ts";

/** How long a command may take, in milliseconds. */
const LIMIT = 20_000;

/** Where commands are looked for, in an initramfs and elsewhere. */
export const COMMAND_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Runs a command to its end.
 *
 * @throws {Error} When it can't be run, fails or takes longer than 20 s: with what it said.
 */
export async function runCommand({ program, args }: Command): Promise<void> {
  const env = { PATH: process.env["PATH"] ?? COMMAND_PATH };
  await new Promise<void>((resolve, reject) => {
    execFile(program, [...args], { env, timeout: LIMIT, killSignal: "SIGKILL" }, (error, _output, complaint) => {
      if (error === null) return resolve();
      const said = String(complaint).trim().split("\n").at(-1)?.slice(0, 200) ?? "";
      const why = said !== "" ? said : error.killed === true ? `it took longer than ${LIMIT / 1000} s` : error.message;
      reject(new Error(`Cannot run '${[program, ...args].join(" ").slice(0, 200)}': ${why}`));
    });
  });
}
