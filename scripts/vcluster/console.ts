import { readFileSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import { ProgramError } from "../../src/cli/mod.ts";
import type { ConsolePlace } from "./places.ts";

/** Ctrl-]: leaves the console, as with telnet. */
const LEAVE = 0x1d;
/** So many lines of what the machine has said are shown to who joins. */
const LINES = 15;

/**
 * Joins a terminal to a machine's serial console until Ctrl-], or until the machine goes off.
 *
 * @param signal Leaves the console, too.
 * @throws {ProgramError} When the console can't be reached: the machine is off, or somebody else has it.
 */
export function joinConsole(place: ConsolePlace, name: string, signal: AbortSignal): Promise<void> {
  const { stdin, stdout, stderr } = process;
  return new Promise((resolve, reject) => {
    const socket = connect(place.socket);
    signal.addEventListener("abort", () => socket.destroy(), { once: true });
    socket.on(
      "error",
      (error) => reject(new ProgramError(`Cannot join the console of ${name}, is it on? ${error.message}`)),
    );
    socket.on("connect", () => {
      stderr.write(`The console of ${name}: Ctrl-] leaves\r\n`);
      stdout.write(lastLines(readFileSync(place.log, "utf8")));
      if (stdin.isTTY) stdin.setRawMode(true);
      stdin.on("data", (data: Uint8Array) => {
        const at = data.indexOf(LEAVE);
        if (at < 0) socket.write(data);
        else socket.end(data.subarray(0, at));
      });
      stdin.on("end", () => socket.end());
    });
    socket.on("data", (data) => stdout.write(data));
    socket.on("close", () => {
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.pause();
      stderr.write(`\r\nLeft the console of ${name}\r\n`);
      resolve();
    });
  });
}

/** The end of a console's log, without what tells a terminal to do something: of its answers the machine's shell would take letters. */
export function lastLines(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.split("\n").slice(-LINES).join("\n").replaceAll(/\x1b\[[0-9;?=]*[A-Za-z]/g, "");
}
