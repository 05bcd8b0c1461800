import assert from "node:assert/strict";
import { test } from "node:test";
import { createAggregator } from "../../aggregator/create_aggregator.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createJoinModule } from "../../modules/join/module.ts";
import { createRedfishModule } from "../../modules/redfish/module.ts";
import type { Exchange } from "../../modules/redfish/mod.ts";
import { createSimpowerModule } from "../../modules/simpower/module.ts";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import { parseControllerConfig } from "../../modules/simpower/simulator/config.ts";
import { createController } from "../../modules/simpower/simulator/controller.ts";
import { createRedfishApp } from "../../modules/simpower/simulator/redfish.ts";
import { createLog } from "../../src/log.ts";
import { nodeIdOf, type Value } from "../../src/state/mod.ts";
import { sizeOf } from "../support/sizes.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createPlainMachine } from "../modules/bmc_fixture.ts";

const COUNT = sizeOf(500, 1_000);

/** A fleet whose controllers are slow, busy, wrong for a while, and fail now and then. */
const QUIRKS = {
  resetDelay: { min: 200, mode: 1_000, max: 8_000 },
  answerDelay: { min: 5, mode: 50, max: 1_500 },
  staleDelay: { min: 0, mode: 500, max: 3_000 },
  busyProbability: 0.03,
  failProbability: 0.01,
};

for (const platform of ["sim", "redfish"] as const) {
  test(`${COUNT} nodes of platform ${platform} with bad controllers are all powered on, and all off again`, async () => {
    const clock = createVirtualClock();
    const random = seededRandom(7);
    const log = createLog(() => {});
    const config = parseControllerConfig({ ...QUIRKS, events: false });
    const names = Array.from({ length: COUNT }, (_, index) => `n${index + 1}`);
    const controllers = names.map((name) =>
      createController({ name, id: nodeIdOf("fleet", name) }, createPlainMachine(), config, { clock, random, log })
    );
    const app = createRedfishApp(controllers, { config, clock, random, signal: new AbortController().signal });
    let inFlight = 0;
    let most = 0;
    const exchange: Exchange = async (url, { method, headers, body }) => {
      most = Math.max(most, ++inFlight);
      try {
        return await app.request(url.pathname, {
          method,
          headers: { ...headers },
          ...(body !== undefined && { body }),
        });
      } finally {
        inFlight--;
      }
    };
    const aggregator = createAggregator({
      ...{ cluster: "fleet", name: "root", run: crypto.randomUUID(), clock, random, log, grace: 10_000 },
      ...(() => {
        const store = openMemoryStore();
        return { store, stored: store.load() };
      })(),
      modules: [createJoinModule(), createSimpowerModule({ exchange }), createRedfishModule({ exchange })],
      agentModules: [],
      send: () => {},
    });
    await aggregator.start({ api: "http://127.0.0.1:1", broker: "mqtt://127.0.0.1:2" });
    const endpoint: Value = { endpoint: "http://bmc.test", poll: 30_000 };
    const { control, id } = aggregator;
    const patched = control.patchCfg([{
      id,
      values: new Map([["/services/simpower/config", endpoint], ["/services/redfish/config", {
        ...endpoint,
        sense: 0,
      }]]),
    }], {});
    assert.ok(patched.ok);
    for (const wanted of ["POWER_ON", "POWER_OFF"]) {
      const cfg = new Map<string, Value>([["/platform", platform], ["/parent", "root"], ["/physState", wanted]]);
      const applied = control.apply(
        names.map((name) => ({ id: nodeIdOf("fleet", name), name, cfg: new Map(cfg) })),
        {},
      );
      assert.ok(applied.ok);
      const state = wanted === "POWER_ON" ? "on" : "off";
      await clock.runUntil(
        () =>
          controllers.every(({ machine }) => machine.state === state) &&
          names.every((name) => control.find(name)?.physState === wanted),
        1_800_000,
      );
    }
    assert.ok(most <= 32, `no more requests at a time than it may: ${most}`);
    await aggregator.stop();
  });
}
