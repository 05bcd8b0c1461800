import assert from "node:assert/strict";
import { test } from "node:test";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { hostForTest, testNode } from "./module_fixture.ts";
import { createPlayedBmc, done, type PlayedBmc, type PlayedDriver, playedDrivers } from "./power_contract.ts";
import { ending } from "./redfish_scene.ts";

/** The drivers that can ask a machine to shut down. */
const gentle = playedDrivers.filter(({ platform }) => platform === "redfish" || platform === "ipmi");
const GRACEFUL = 60_000;

interface Ending {
  /** How long it took, in milliseconds. */
  readonly took: number;
  /** When power was cut, counted from the begin; undefined: it was not. */
  readonly cutAt: number | undefined;
  readonly notes: readonly string[];
  readonly bmc: PlayedBmc;
}

/** Powers a healthy machine off, whose BMC behaves as `play` says. */
async function powerOff(
  driver: PlayedDriver,
  play: (bmc: PlayedBmc, now: () => number) => void,
  options: { readonly runState?: string; readonly graceful?: number } = {},
): Promise<Ending> {
  const bmc = createPlayedBmc();
  bmc.power = "on";
  const clock = createVirtualClock();
  let result: Ending | undefined;
  await withFolder(async (folder) => {
    const cfg = { "/platform": driver.platform, "/bmc/address": driver.address };
    const node = testNode("n1", cfg);
    node.view.set("/platform", driver.platform);
    node.view.set("/runState", options.runState ?? "SYNC");
    const config = { ...driver.config(folder), poll: 3_600_000, graceful: options.graceful ?? GRACEFUL };
    const own = testNode("root", { [`/services/${driver.platform}/config`]: config });
    const hosted = await hostForTest(driver.module(bmc, clock), [node], { role: "parent", own, clock });
    const from = clock.now();
    let cutAt: number | undefined;
    play(bmc, () => clock.now() - from);
    const { obey } = bmc;
    bmc.obey = (order) => {
      if (order === "off") cutAt ??= clock.now() - from;
      return obey(order);
    };
    try {
      await ending(clock, hosted.run("power-off"));
      result = { took: clock.now() - from, cutAt, notes: hosted.notes, bmc };
      assert.equal(node.view.get("/physState"), "POWER_OFF");
    } finally {
      await hosted.host.stop();
    }
  });
  assert.ok(result !== undefined);
  return result;
}

/** A machine that needs some time to shut down once it was asked. */
function heeds(bmc: PlayedBmc, now: () => number, ms: number): () => void {
  let end = Infinity;
  bmc.show = () => {
    if (now() >= end) bmc.power = "off";
    return bmc.power;
  };
  return () => void (end = Math.min(end, now() + ms));
}

for (const driver of gentle) {
  test(`${driver.platform} lets a machine shut down in its time, whatever becomes of the answer to the order, and cuts nothing`, async () => {
    for (const answer of ["taken", "silent", ...driver.refusals]) {
      const { cutAt, notes, bmc } = await powerOff(driver, (bmc, now) => {
        const ask = heeds(bmc, now, 40_000);
        bmc.obey = (order) => {
          if (order === "off") done(bmc, order);
          else ask();
          return answer === "taken" || answer === "silent" ? answer : { refused: answer };
        };
      });
      assert.equal(cutAt, undefined, `${answer}: ${bmc.orders.join()}`);
      assert.deepEqual(notes, []);
    }
  });

  test(`${driver.platform} keeps to the grace time while the BMC is busy or silent for some seconds`, async () => {
    for (const refusal of ["silent", ...driver.refusals]) {
      const { cutAt, bmc } = await powerOff(driver, (bmc, now) => {
        const ask = heeds(bmc, now, 40_000);
        const { show } = bmc;
        bmc.show = () => now() < 1_000 || now() > 4_000 ? show() : { fault: driver.faults[0] ?? "" };
        bmc.obey = (order) => {
          if (now() < 3_000) return refusal === "silent" ? refusal : { refused: refusal };
          if (order === "off") done(bmc, order);
          else ask();
          return "taken";
        };
      });
      assert.equal(cutAt, undefined, `${refusal}: ${bmc.orders.join()}`);
      assert.deepEqual([...new Set(bmc.orders)], ["shutdown"]);
    }
  });

  test(`${driver.platform} cuts the power of a machine that does not shut down when its time is over, and says so`, async () => {
    const { cutAt = 0, notes } = await powerOff(driver, (bmc) => {
      bmc.obey = (order) => {
        if (order === "off") done(bmc, order);
        return "taken";
      };
    });
    assert.ok(cutAt >= GRACEFUL && cutAt < GRACEFUL + 12_000, String(cutAt));
    assert.equal(notes.length, 1);
    assert.match(
      notes[0] ?? "",
      /^Its power is cut: it was asked to shut down, and is not off after 60 s \(asked to shut down, which was accepted; it said: .*on.*\)$/i,
    );
  });

  test(`${driver.platform} gives a machine its whole time from when it was asked, and cuts the power of one that could not be asked`, async () => {
    const late = await powerOff(driver, (bmc, now) => {
      const ask = heeds(bmc, now, 55_000);
      bmc.obey = (order) => {
        if (order === "off") done(bmc, order);
        else if (now() < 30_000) return { refused: driver.refusals[0] ?? "" };
        else ask();
        return "taken";
      };
    });
    assert.equal(late.cutAt, undefined);
    const never = await powerOff(driver, (bmc) => {
      bmc.obey = (order) => {
        if (order !== "off") return { refused: driver.refusals[0] ?? "" };
        done(bmc, order);
        return "taken";
      };
    });
    assert.ok((never.cutAt ?? 0) >= GRACEFUL, String(never.cutAt));
    assert.match(never.notes[0] ?? "", /^Its power is cut: it could not be asked to shut down within 60 s \(.*refused/);
    const taken = await powerOff(driver, (bmc, now) => {
      bmc.obey = (order) => {
        if (order === "off") done(bmc, order);
        else if (now() < 50_000) return { refused: driver.refusals[0] ?? "" };
        return "taken";
      };
    });
    assert.ok((taken.cutAt ?? 0) >= 110_000 && (taken.cutAt ?? 0) <= 132_000, `${taken.cutAt}: twice the time at most`);
  });

  test(`${driver.platform} cuts no power while the BMC does not say that the machine is on`, async () => {
    const { cutAt = 0, bmc } = await powerOff(driver, (bmc, now) => {
      const { show } = bmc;
      bmc.show = () => now() > 20_000 && now() < 150_000 ? { fault: driver.faults[0] ?? "" } : show();
      bmc.obey = (order) => {
        if (order === "off") done(bmc, order);
        return "taken";
      };
    });
    assert.ok(cutAt >= 150_000, String(cutAt));
    assert.deepEqual(bmc.orders, ["shutdown", "off"]);
  });

  test(`${driver.platform} cuts the power at once where nobody would hear, or no time is given, and says which`, async () => {
    const deaf = await powerOff(driver, () => {}, { runState: "UNKNOWN" });
    assert.deepEqual(deaf.notes, ["Its power is cut: its agent is not there to hear that it should shut down"]);
    const hasty = await powerOff(driver, () => {}, { graceful: 0 });
    assert.deepEqual(hasty.notes, ["Its power is cut: it gets no time to shut down ('graceful' is 0)"]);
    for (const { bmc } of [deaf, hasty]) assert.deepEqual(bmc.orders, ["off"]);
  });
}
