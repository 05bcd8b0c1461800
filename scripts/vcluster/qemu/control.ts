import { connect } from "node:net";
import { isRecord } from "../../../src/state/mod.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

/** What a machine is told over QMP: press the power button, or reset it. */
export type ControlCommand = "system_powerdown" | "system_reset";

/** How long QEMU may take to answer, in milliseconds: one that is stopped never does. */
const LIMIT = 5_000;
/** The longest line that is taken, in characters. */
const MAX_LINE = 65_536;

/**
 * Gives QEMU a command over its control socket (QEMU Machine Protocol: a line of JSON a message, first the greeting, then
 * `qmp_capabilities`).
 *
 * @throws {Error} When QEMU can't be reached, refuses, or does not answer in 5 s.
 */
export function controlMachine(socketPath: string, command: ControlCommand): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = "";
    /** Answers that are to come: to the greeting's reply, and to the command. */
    let answers = 2;
    const end = (problem?: string): void => {
      socket.destroy();
      if (problem === undefined) resolve();
      else reject(new Error(`Cannot tell the machine '${command}': ${problem}`));
    };
    function take(line: string): void {
      const message: unknown = JSON.parse(line);
      if (!isRecord(message)) throw new TypeError("expected an object");
      if ("QMP" in message) {
        for (const execute of ["qmp_capabilities", command]) socket.write(`${JSON.stringify({ execute })}\n`);
      } else if ("error" in message) end(JSON.stringify(message["error"]).slice(0, 300));
      else if ("return" in message && --answers === 0) end();
    }
    socket.setEncoding("utf8");
    socket.setTimeout(LIMIT, () => end(`QEMU does not answer within ${LIMIT / 1000} s`));
    socket.on("error", (error) => end(error.message));
    socket.on("close", () => end("QEMU has closed the connection"));
    socket.on("data", (chunk) => {
      text += String(chunk);
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      try {
        if (text.length > MAX_LINE) throw new TypeError(`a line is longer than ${MAX_LINE} characters`);
        lines.filter((line) => line.trim() !== "").forEach(take);
      } catch (error) {
        end(`it said what is no QMP: ${errorText(error)}`);
      }
    });
  });
}
