import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { buildBundle } from "../../scripts/build/bundle.ts";
import { compileBun, compileSea } from "../../scripts/build/compile.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { type How, programCommand } from "../../scripts/runtimes.ts";
import { withLab } from "./lab.ts";

/** What an agent is run from: each must pass the same test. */
const WAYS: readonly { readonly how: How; readonly file: () => Promise<string | undefined> }[] = [
  { how: "source", file: () => Promise.resolve(undefined) },
  { how: "bundle-deno", file: () => buildBundle("agent", "esm") },
  { how: "bundle-node", file: () => buildBundle("agent", "esm") },
  { how: "bundle-bun", file: () => buildBundle("agent", "esm") },
  { how: "binary-bun", file: () => compileBun("agent") },
  { how: "binary-sea", file: () => compileSea("agent") },
];

for (const { how, file } of WAYS) {
  test(`an agent from '${how}' joins, runs its service, is healed after kill -9, and lets go before power-off`, async () => {
    const command = programCommand("agent", how, await file());
    await withLab({ count: 2, agentCommand: command }, async (lab) => {
      await lab.askForSync();
      await lab.converge();
      const pid = lab.agentPid("n1");
      assert.ok(readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(command[0] ?? "?"), "another agent runs");
      const { body } = await lab.request("GET", "/nodes/n1/dsc");
      assert.match(JSON.stringify(body), /"cpus":\d+/);
      process.kill(pid, "SIGKILL");
      await waitFor("it is seen", async () => (await lab.node("n1")).phase !== "converged");
      await lab.converge();
      await lab.request("PATCH", "/nodes/n1/cfg", { physState: "POWER_OFF" });
      await waitFor("it is off", async () => (await lab.node("n1")).physState === "POWER_OFF");
      const events = await lab.request("GET", "/events");
      assert.match(JSON.stringify(events.body), /service\/drain/);
    });
  });
}
