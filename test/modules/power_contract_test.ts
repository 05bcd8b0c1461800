import assert from "node:assert/strict";
import { test } from "node:test";
import { done, type Order, type PlayedDriver, playedDrivers, type Stage, withStage } from "./power_contract.ts";

/** Long enough for what a mutation may take, several times. */
const LONG = 1_200_000;

/** No conclusion was drawn, and nothing but this was ordered. */
function assertOnly(stage: Stage, driver: PlayedDriver, name: string, ...orders: Order[]): void {
  const story = `${driver.platform}, ${name}: ${stage.bmc.orders.join()}\n${stage.events().join("\n")}`;
  assert.ok(!stage.history.includes("PHYS_HANG"), story);
  assert.ok(!stage.events().some((event) => event.includes("PHYS_HANG")), story);
  assert.deepEqual([...new Set(stage.bmc.orders)], orders, story);
}

/** Brings a node that is off to where a test of orders to power off begins. */
async function bringOn(stage: Stage): Promise<void> {
  stage.want({ "/physState": "POWER_ON" });
  await stage.until("POWER_ON");
  await stage.clock.advance(60_000);
  stage.bmc.orders.length = 0;
  stage.history.length = 0;
}

const DIRECTIONS = [
  { wanted: "on", state: "POWER_ON", other: "off" },
  { wanted: "off", state: "POWER_OFF", other: "on" },
] as const;

/** Runs some cases, each with a node that is not where it is wanted, and an aggregator that knows that. */
async function withEach(
  driver: PlayedDriver,
  wanted: "on" | "off",
  cases: readonly string[],
  run: (stage: Stage, name: string) => Promise<void>,
): Promise<void> {
  for (const name of cases) {
    await withStage(driver, async (stage) => {
      if (wanted === "off") await bringOn(stage);
      await run(stage, name);
    });
  }
}

for (const driver of playedDrivers) {
  for (const { wanted, state, other } of DIRECTIONS) {
    test(`${driver.platform}: a reading that fails proves nothing: ${wanted} is ordered once, when it is known to be needed`, async () => {
      await withEach(driver, wanted, driver.faults, async (stage, name) => {
        const { bmc, clock } = stage;
        const before = bmc.show;
        bmc.show = () => ({ fault: name });
        stage.want({ "/physState": state });
        await clock.advance(45_000);
        assert.deepEqual(bmc.orders, [], name);
        bmc.show = before;
        await stage.until(state);
        assertOnly(stage, driver, name, wanted);
        assert.equal(bmc.orders.length, 1, name);
      });
    });

    test(`${driver.platform}: a machine that somebody brought ${wanted} meanwhile is left alone`, async () => {
      await withEach(driver, wanted, driver.faults, async (stage, name) => {
        const { bmc, clock } = stage;
        const before = bmc.show;
        bmc.show = () => ({ fault: name });
        stage.want({ "/physState": state });
        await clock.advance(10_000);
        bmc.power = wanted;
        await clock.advance(20_000);
        bmc.show = before;
        await stage.until(state);
        assertOnly(stage, driver, name);
      });
    });

    test(`${driver.platform}: an order for ${wanted} that is done though it is refused, or not answered, makes no harm`, async () => {
      await withEach(driver, wanted, [...driver.refusals, "silent"], async (stage, name) => {
        const { bmc, clock } = stage;
        let changedAt = Infinity;
        bmc.obey = (order) => {
          if (bmc.power === wanted) return { refused: driver.refusals[0] ?? "" };
          changedAt = Math.min(changedAt, clock.now());
          done(bmc, order);
          return name === "silent" ? name : { refused: name };
        };
        bmc.show = () => clock.now() < changedAt + 3_000 ? other : bmc.power; // as BMCs do that cache it
        stage.want({ "/physState": state });
        await stage.until(state);
        assertOnly(stage, driver, name, wanted);
      });
    });

    test(`${driver.platform}: an order for ${wanted} that is refused for a while, or lost, is given again`, async () => {
      await withEach(driver, wanted, [...driver.refusals, "silent"], async (stage, name) => {
        const { bmc, clock } = stage;
        const obey = bmc.obey;
        const from = clock.now();
        bmc.obey = (order) => clock.now() > from + 12_000 ? obey(order) : name === "silent" ? name : { refused: name };
        stage.want({ "/physState": state });
        await stage.until(state);
        assertOnly(stage, driver, name, wanted);
        assert.ok(bmc.orders.length > 1);
      });
    });

    test(`${driver.platform}: a BMC that falls silent after an order for ${wanted} uses no attempt up, and is no hang`, async () => {
      await withEach(driver, wanted, driver.faults, async (stage, name) => {
        const { bmc, clock } = stage;
        const before = bmc.show;
        bmc.obey = (order) => {
          done(bmc, order);
          bmc.show = () => ({ fault: name });
          return "taken";
        };
        stage.want({ "/physState": state });
        await clock.advance(LONG);
        assert.ok(!stage.events().some((event) => /\(attempt |^stuck /.test(event)), stage.events().join("\n"));
        bmc.show = before;
        await stage.until(state);
        assertOnly(stage, driver, name, wanted);
      });
    });
  }

  test(`${driver.platform}: a machine that stays off though its BMC took the order and answers hangs, is told of, and only ordered on`, async () => {
    await withStage(driver, async (stage) => {
      const { bmc, clock } = stage;
      const obey = bmc.obey;
      bmc.obey = () => "taken";
      stage.want({ "/physState": "POWER_ON" });
      await clock.runUntil(() => stage.events().some((event) => /failed .*power-on/.test(event)), LONG);
      const failure = stage.events().find((event) => /failed .*power-on/.test(event)) ?? "";
      assert.match(
        failure,
        /Timed out after .*: asked to power on, which was accepted; it said: .*off.* \(seen .* before\)/i,
      );
      assert.equal(bmc.orders.length, 1, "what was taken is not ordered twice");
      bmc.obey = obey;
      await stage.until("POWER_ON");
      assert.deepEqual([...new Set(bmc.orders)], ["on"], stage.events().join("\n"));
    });
  });

  test(`${driver.platform}: a machine that came on after its time was over is seen to be on, and not hit`, async () => {
    await withStage(driver, async (stage) => {
      const { bmc, clock } = stage;
      bmc.obey = () => "taken";
      stage.want({ "/physState": "POWER_ON" });
      await clock.runUntil(() => {
        if (!stage.events().some((event) => /failed .*power-on/.test(event))) return false;
        bmc.power = "on";
        return true;
      }, LONG);
      await stage.until("POWER_ON");
      assert.deepEqual([...new Set(bmc.orders)], ["on"], stage.events().join("\n"));
    });
  });

  test(`${driver.platform}: a machine that hangs while it boots is hit once its BMC has said that it is on, and not when it is off`, async () => {
    for (const found of ["on", "off"] as const) {
      await withStage(driver, async (stage) => {
        const { bmc, clock } = stage;
        stage.want({ "/physState": "POWER_ON", "/runState": "SYNC", "/boot/method": "other" });
        await stage.until("POWER_ON");
        if (driver.platform === "sim") return; // whose machines boot by themselves
        bmc.orders.length = 0;
        const before = bmc.show;
        await clock.runUntil(() => stage.events().some((event) => /failed \S+\/boot/.test(event)), LONG);
        bmc.show = () => ({ fault: driver.faults[0] ?? "" });
        await clock.advance(120_000);
        assert.deepEqual(bmc.orders, [], "in doubt nothing is done to a machine");
        bmc.power = found;
        bmc.show = before;
        await stage.until("POWER_ON");
        assert.deepEqual(bmc.orders, found === "on" ? driver.hits : ["on"], stage.events().join("\n"));
      });
    }
  });
}
