import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";
import { apartWords, noNetworkApart } from "./network_apart.ts";

const skip = noNetworkApart();

test(
  "a machine that restarts without a word gets its script in seconds, and one whose agent answers does not; what it can't boot holds it",
  {
    skip,
  },
  async () => {
    const program = join(ROOT, "test/boot/warm_reboot_program.ts");
    const [command = "", ...words] = apartWords(
      ...[denoPath(), "run", "-A", "--no-check", "--quiet", "--config", DENO_CONFIG, program],
    );
    const child = spawn(command, words, { stdio: ["ignore", "inherit", "inherit"], timeout: 120_000 });
    assert.equal(await new Promise((resolve) => child.once("close", resolve)), 0);
  },
);
