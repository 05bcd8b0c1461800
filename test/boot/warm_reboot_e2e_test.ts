import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";

/** Runs words in a network namespace that ends with them, and that has nothing but a loopback interface, which hears 10.77.0.0/24. */
const SET_UP = ["ip link set lo up", "ip addr add 10.77.0.2/24 dev lo"];
const APART = ["--net", "sh", "-c", `${SET_UP.join(" && ")} && exec "$@"`, "sh"];
const skip = spawnSync("unshare", [...APART, "true"]).status !== 0 &&
  "network namespaces can't be made here: that takes root and util-linux";

test(
  "a machine that restarts without a word gets its script in seconds, and one whose agent answers does not; what it can't boot holds it",
  {
    skip,
  },
  async () => {
    const child = spawn("unshare", [
      ...APART,
      ...[denoPath(), "run", "-A", "--no-check", "--quiet", "--config", DENO_CONFIG],
      join(ROOT, "test/boot/warm_reboot_program.ts"),
    ], { stdio: ["ignore", "inherit", "inherit"], timeout: 120_000 });
    assert.equal(await new Promise((resolve) => child.once("close", resolve)), 0);
  },
);
