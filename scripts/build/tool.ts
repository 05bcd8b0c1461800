import { runCommand } from "../command.ts";

/**
 * Runs a tool of the build.
 *
 * @returns What it wrote.
 * @throws {Error} When it fails, with what it wrote.
 */
export async function runTool(command: readonly string[], cwd?: string): Promise<string> {
  const { code, output } = await runCommand(command, { timeout: 300_000, ...(cwd === undefined ? {} : { cwd }) });
  if (code === 0) return output.trim();
  throw new Error(`Cannot run "${command.join(" ")}": it ended with ${code ?? "a signal"}: ${output.trim()}`);
}
