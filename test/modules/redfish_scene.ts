import { type BmcLogs, createBmcLogs } from "../../modules/power/mod.ts";
import { createRedfishModule } from "../../modules/redfish/module.ts";
import type { Exchange } from "../../modules/redfish/mod.ts";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import { parseControllerConfig } from "../../modules/simpower/simulator/config.ts";
import { type Controller, createController } from "../../modules/simpower/simulator/controller.ts";
import { createRedfishApp } from "../../modules/simpower/simulator/redfish.ts";
import { createLog } from "../../src/log.ts";
import type { Value } from "../../src/state/mod.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";
import { createPlainMachine, type PlainMachine } from "./bmc_fixture.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";

/** A module, its node and that one's controller. */
export interface Scene extends HostedForTest {
  readonly clock: VirtualClock;
  readonly node: TestNode;
  readonly machine: PlainMachine;
  readonly controller: Controller;
  readonly logs: BmcLogs;
  /** Every request so far, as `METHOD /path`. */
  readonly asked: string[];
  /** Stands between module and controller. */
  between: (path: string, go: () => Promise<Response>, url: URL) => Promise<Response>;
}

/** The module with one node, and its simulated controller, all on one clock that the test moves. */
export async function withScene(
  behaviour: { readonly [name: string]: unknown },
  run: (scene: Scene) => Promise<void>,
  config: { readonly [name: string]: Value } = {},
): Promise<void> {
  const clock = createVirtualClock();
  const random = seededRandom(1);
  const machine = createPlainMachine();
  const settings = parseControllerConfig({ resetDelay: { min: 500, mode: 1_000, max: 2_000 }, ...behaviour });
  const parts = { clock, random, log: createLog(() => {}) };
  const controller = createController({ name: "n1", id: crypto.randomUUID() }, machine, settings, parts);
  const ended = new AbortController();
  const app = createRedfishApp([controller], { ...parts, config: settings, signal: ended.signal });
  const asked: string[] = [];
  const exchange: Exchange = async (url, init) => {
    asked.push(`${init.method} ${url.pathname}`);
    init.signal.throwIfAborted();
    const { method, headers, body } = init;
    const going = scene.between(
      url.pathname,
      async () =>
        await app.request(url.pathname, { method, headers: { ...headers }, ...(body !== undefined && { body }) }),
      url,
    );
    return await Promise.race([
      going,
      new Promise<never>((_resolve, reject) => {
        init.signal.addEventListener("abort", () => reject(init.signal.reason));
      }),
    ]);
  };
  const logs = createBmcLogs(clock);
  const node = testNode("n1", { "/platform": "redfish", "/bmc/address": "http://bmc.test" });
  node.view.set("/platform", "redfish");
  const own = testNode("root", {
    "/services/redfish/config": { poll: 3_600_000, sense: 0, graceful: 60_000, ...config },
  });
  const hosted = await hostForTest(createRedfishModule({ exchange, logs }), [node], { role: "parent", own, clock });
  const scene: Scene = { ...hosted, clock, node, machine, controller, logs, asked, between: (_path, go) => go() };
  try {
    await run(scene);
  } finally {
    ended.abort(new Error("The test is over"));
    await hosted.host.stop();
  }
}

/** Moves the clock until a mutation has ended. */
export async function ending(clock: VirtualClock, work: Promise<void>, limitMs = 300_000): Promise<void> {
  let over = false;
  const settled = work.finally(() => over = true);
  settled.catch(() => {});
  await clock.runUntil(() => over, limitMs);
  await settled;
}
