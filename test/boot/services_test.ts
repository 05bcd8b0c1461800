import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";
import { apartWords, noNetworkApart } from "./network_apart.ts";
import { CHECKS } from "./services_checks.ts";

const skip = noNetworkApart();

/** What came of each check, by what it states; undefined: it holds. */
async function runChecks(): Promise<ReadonlyMap<string, string | undefined>> {
  const program = join(ROOT, "test/boot/services_program.ts");
  const [command = "", ...words] = apartWords(
    ...[denoPath(), "run", "-A", "--no-check", "--quiet", "--config", DENO_CONFIG, program],
  );
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"], timeout: 120_000 });
  let output = "";
  child.stdout.on("data", (chunk) => output += String(chunk));
  await new Promise((resolve) => child.once("close", resolve));
  return new Map(
    output.split("\n").filter((line) => line !== "").map((line) => {
      const { statement, problem }: { statement: string; problem?: string } = JSON.parse(line);
      return [statement, problem];
    }),
  );
}

let results: Promise<ReadonlyMap<string, string | undefined>> | undefined;

for (const statement of Object.keys(CHECKS)) {
  test(statement, { skip }, async () => {
    const found = await (results ??= runChecks());
    assert.ok(found.has(statement), "it has not run");
    assert.equal(found.get(statement), undefined);
  });
}
