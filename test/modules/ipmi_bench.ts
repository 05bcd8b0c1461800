import assert from "node:assert/strict";
import { join } from "node:path";
import type { RunIpmitool } from "../../modules/ipmi/commands.ts";
import { type BmcLogs, createBmcLogs } from "../../modules/power/mod.ts";
import { createIpmiModule } from "../../modules/ipmi/module.ts";
import type { Clock } from "../../src/clock.ts";
import type { Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { writeCredentials } from "./bmc_fixture.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";

/** The module with the node `n1`, whose controller is at this address. */
export async function host(
  folder: string,
  address: string,
  config: { readonly [name: string]: Value } = {},
  options: Parameters<typeof createIpmiModule>[0] & { readonly clock?: Clock } = {},
): Promise<HostedForTest & { readonly node: TestNode }> {
  writeCredentials(folder, "n1.json");
  const node = testNode("n1", { "/platform": "ipmi", "/bmc/address": address });
  node.view.set("/platform", "ipmi");
  const own = testNode("root", {
    "/services/ipmi/config": { credentials: join(folder, "{name}.json"), poll: 3_600_000, graceful: 0, ...config },
  });
  const { clock, ...parts } = options;
  const hosted = await hostForTest(createIpmiModule(parts), [node], {
    role: "parent",
    own,
    ...(clock !== undefined && { clock }),
  });
  return { ...hosted, node };
}

/** A played controller on a clock that the test moves. */
export async function withPlayed(
  play: RunIpmitool,
  run: (
    bench: HostedForTest & { clock: ReturnType<typeof createVirtualClock>; node: TestNode; logs: BmcLogs },
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const logs = createBmcLogs(clock);
    const hosted = await host(folder, "10.0.0.7", { poll: 10_000 }, { run: play, clock, logs });
    try {
      await run({ ...hosted, clock, logs });
    } finally {
      await hosted.host.stop();
      assert.equal(clock.waiting, 0, "no timer may be left");
    }
  });
}
