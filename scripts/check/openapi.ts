import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openApi } from "../../src/api/openapi.ts";
import { VERSION } from "../../src/version.ts";
import { type CommandResult, runCommand } from "../command.ts";
import { nodePath, ROOT } from "../runtimes.ts";

/** Checks `/openapi.json`, as an aggregator serves it, with Spectral's rules for OpenAPI. */
export async function checkOpenApi(signal?: AbortSignal): Promise<CommandResult> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-openapi-"));
  try {
    const file = join(folder, "openapi.json");
    writeFileSync(file, JSON.stringify(openApi(VERSION)));
    const command = [nodePath(), join(ROOT, "scripts/check/spectral.mjs"), file];
    return await runCommand(command, { cwd: ROOT, timeout: 120_000, ...(signal !== undefined && { signal }) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
