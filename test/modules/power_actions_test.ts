import assert from "node:assert/strict";
import { test } from "node:test";
import { beforeOrder, type ChangeOutcome, CredentialsError, type Reading } from "../../modules/power/mod.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { pause } from "../../src/toolkit/mod.ts";
import { type Bench, OFF, ON, TAKEN, withBench } from "./power_bench.ts";
import { ending } from "./redfish_scene.ts";

const BUSY: ChangeOutcome = { kind: "later", said: "busy" };
const SILENCE = new UnavailableError("no answer");
const MUTATIONS = ["find-off", "find-on", "power-on", "power-off", "reset-hang", "restart-hang"];

/** Gives each answer once, the last one for ever. */
function inTurn<T>(...answers: readonly [T, ...T[]]): () => Promise<T> {
  let place = 0;
  return async () => answers[Math.min(place++, answers.length - 1)] ?? answers[0];
}

/** A machine that does at once what it is ordered, and a controller that says so. */
function obedient(bench: Bench, from: Reading = OFF): void {
  let reading = from;
  bench.driver.read = async () => reading;
  bench.driver.change = async (_node, change) => {
    reading = change === "off" || change === "shutdown" ? OFF : ON;
    return TAKEN;
  };
}

/** Runs a mutation, whose time is over after so many milliseconds. @returns What it was rejected with. */
async function failing(bench: Bench, mutation: string, ms = 60_000): Promise<Error> {
  const timeout = new AbortController();
  const cancel = bench.clock.after(ms, () => timeout.abort(new Error("Timed out")));
  try {
    await ending(bench.clock, bench.run(mutation, {}, timeout.signal));
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  } finally {
    cancel();
  }
  throw new Error(`'${mutation}' did not fail`);
}

/** When each order was given, in clock milliseconds. */
function timeOrders(bench: Bench): number[] {
  const times: number[] = [];
  const { change } = bench.driver;
  bench.driver.change = (...args) => {
    times.push(bench.clock.now());
    return change(...args);
  };
  return times;
}

test("a mutation whose very first look meets silence ends at once, with what was said, and nothing was ordered", async () => {
  for (const mutation of MUTATIONS) {
    for (const graceful of [0, 60_000]) {
      await withBench({ graceful }, async (bench) => {
        bench.node.view.set("/runState", "SYNC");
        bench.driver.read = () => Promise.reject(SILENCE);
        await assert.rejects(bench.run(mutation), { name: "UnavailableError", message: "no answer" });
        assert.equal(bench.driver.reads.length, 1);
        assert.deepEqual([bench.driver.orders, bench.notes], [[], []]);
        assert.ok(bench.driver.reads[0]?.urgent);
      });
    }
  }
});

test("what can't be told is waited for, with looks that grow rarer up to one a second", async () => {
  for (const power of ["unknown", "changing"] as const) {
    for (const mutation of MUTATIONS) {
      await withBench({}, async (bench) => {
        bench.driver.read = async () => ({ power, said: "null" });
        assert.equal((await failing(bench, mutation, 5_000)).message, "Timed out");
        assert.deepEqual(bench.driver.reads.map(({ at }) => at), [0, 100, 300, 700, 1_500, 2_500, 3_500, 4_500]);
        assert.deepEqual(bench.driver.orders, []);
        assert.ok(!bench.history.some((entry) => entry.includes("physState=P")));
      });
    }
  }
});

test("silence after a first look that was answered is waited for: something was begun", async () => {
  await withBench({}, async (bench) => {
    const looks: (() => Promise<Reading>)[] = [
      async () => ({ power: "unknown", said: "null" }),
      () => Promise.reject(SILENCE),
      () => Promise.reject(SILENCE),
    ];
    bench.driver.read = () => looks.shift()?.() ?? Promise.resolve(ON);
    await ending(bench.clock, bench.run("find-on"));
    assert.equal(bench.node.view.get("/physState"), "POWER_ON");
    assert.equal(bench.driver.reads.length, 4);
  });
});

test("a machine that is where it should be is ordered nothing", async () => {
  const cases = [["power-on", ON], ["power-off", OFF], ["reset-hang", OFF], ["find-on", ON], [
    "find-off",
    OFF,
  ]] as const;
  for (const [mutation, reading] of cases) {
    await withBench({}, async (bench) => {
      bench.driver.read = async () => reading;
      await bench.run(mutation);
      assert.deepEqual(bench.driver.orders, []);
      assert.ok(bench.driver.reads.length <= 2);
      assert.equal(bench.node.view.get("/physState"), reading === ON ? "POWER_ON" : "POWER_OFF");
    });
  }
});

test("an order that was taken is given once, however long the machine takes, and done is what the controller says", async () => {
  await withBench({}, async (bench) => {
    bench.driver.read = async () => bench.clock.now() < 200_000 ? OFF : ON;
    await ending(bench.clock, bench.run("power-on"));
    assert.ok(bench.clock.now() >= 200_000);
    assert.deepEqual(bench.driver.orders, ["on"]);
    assert.deepEqual(bench.history.slice(2), ["n1/physState=POWER_ON"]);
  });
});

test("a refused order is given again after a controller's settle time, or a second, and three times at most", async () => {
  for (const kind of ["refused", "already"] as const) {
    for (const [settle, rest] of [[5_000, 5_000], [0, 1_000]] as const) {
      await withBench({ settle }, async (bench) => {
        bench.driver.change = async () => ({ kind, said: "No power supply" });
        const times = timeOrders(bench);
        const error = await failing(bench, "power-on");
        assert.equal(error.name, "DeclinedError");
        assert.equal(
          error.message,
          "The controller of 'n1' refuses: asked to power on, which was refused (No power supply); it said: it is off",
        );
        assert.equal(times.length, 3);
        const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
        assert.ok(gaps.every((gap) => gap >= rest && gap <= rest + 1_000), gaps.join());
        assert.equal(bench.node.view.get("/physState"), undefined, "nothing is concluded");
      });
    }
  }
});

test("an order that has to wait, or whose answer is lost, is given again as long as the mutation has time", async () => {
  for (const kind of ["later", "lost"] as const) {
    await withBench({ settle: 0 }, async (bench) => {
      let left = 12;
      bench.driver.change = () => {
        if (left-- > 0) return kind === "later" ? Promise.resolve({ kind, said: "busy" }) : Promise.reject(SILENCE);
        bench.driver.read = async () => ON;
        return Promise.resolve(TAKEN);
      };
      await ending(bench.clock, bench.run("power-on"));
      assert.equal(bench.driver.orders.length, 13);
    });
  }
});

test("an order whose task failed afterwards counts as refused", async () => {
  await withBench({ settle: 0 }, async (bench) => {
    bench.driver.read = async () => bench.driver.orders.length === 0 ? OFF : { ...OFF, failed: "task 1 failed: fuse" };
    const error = await failing(bench, "power-on", 120_000);
    assert.match(error.message, /asked to power on, which was accepted; it said: it is off \(task 1 failed: fuse\)/);
    assert.equal(bench.driver.orders.length, 3);
  });
});

test("a controller that has nothing for an order makes the mutation a mistake about this node", async () => {
  for (const [mutation, reading, word] of [["power-on", OFF, "on"], ["power-off", ON, "off"]] as const) {
    await withBench({}, async (bench) => {
      bench.driver.read = async () => reading;
      bench.driver.change = async () => ({ kind: "unsupported" });
      await assert.rejects(bench.run(mutation), {
        name: "MistakeError",
        message: `Cannot power 'n1' ${word}: its controller does not support that`,
      });
      assert.equal(bench.driver.orders.length, 1);
    });
  }
});

test("what a controller says within its settle time is believed only where it agrees with the last order", async () => {
  await withBench({ settle: 5_000 }, async (bench) => {
    obedient(bench);
    await ending(bench.clock, bench.run("power-on"));
    const from = bench.clock.now();
    await ending(bench.clock, bench.run("power-off"));
    assert.ok(bench.clock.now() - from < 1_000, "that it is on was what it was ordered to be");
    const at = bench.clock.now();
    bench.driver.read = async () => ON; // as it was before
    const running = bench.run("power-on");
    await bench.clock.advance(4_000);
    assert.deepEqual(bench.driver.orders, ["on", "off"]);
    bench.driver.read = async () => bench.driver.orders.length === 2 ? OFF : ON;
    await ending(bench.clock, running);
    assert.deepEqual(bench.driver.orders, ["on", "off", "on"]);
    assert.ok(bench.clock.now() - at < 1_000 + 5_000 + 1_000);
  });
});

test("what was ordered of a controller that has no such order is forgotten", async () => {
  await withBench({ settle: 60_000, graceful: 30_000 }, async (bench) => {
    obedient(bench, ON);
    const { change } = bench.driver;
    bench.driver.change = async (node, wanted, ask) =>
      wanted === "shutdown" ? { kind: "unsupported" } : await change(node, wanted, ask);
    bench.node.view.set("/runState", "SYNC");
    await ending(bench.clock, bench.run("power-off"));
    assert.ok(bench.clock.now() < 1_000, String(bench.clock.now()));
    assert.deepEqual(bench.driver.orders, ["shutdown", "off"]);
    assert.deepEqual(bench.notes, ["Its power is cut: its controller can't ask it to shut down"]);
  });
});

test("power is cut with one note, however often it has to be ordered", async () => {
  await withBench({ settle: 0 }, async (bench) => {
    obedient(bench, ON);
    const { change } = bench.driver;
    let left = 2;
    bench.driver.change = (...args) => left-- > 0 ? Promise.resolve({ kind: "refused", said: "no" }) : change(...args);
    await ending(bench.clock, bench.run("power-off"));
    assert.deepEqual(bench.driver.orders, ["off", "off", "off"]);
    assert.deepEqual(bench.notes, ["Its power is cut: it gets no time to shut down ('graceful' is 0)"]);
  });
});

/** A machine that was seen on, and is taken to hang. */
async function hang(bench: Bench): Promise<void> {
  obedient(bench);
  await ending(bench.clock, bench.run("power-on"));
  bench.node.view.set("/physState", "PHYS_HANG");
  bench.driver.orders.length = 0;
}

test("a machine that hangs is restarted, and has its power cut when it hangs again within half an hour, and not after that", async () => {
  await withBench({}, async (bench) => {
    await hang(bench);
    await ending(bench.clock, bench.run("restart-hang"));
    assert.deepEqual(bench.driver.orders, ["restart"]);
    assert.equal(bench.node.view.get("/physState"), "POWER_ON");
    const restarted = bench.clock.now() - 5_000;
    await bench.clock.advance(1_700_000);
    bench.node.view.set("/physState", "PHYS_HANG");
    await ending(bench.clock, bench.run("restart-hang"));
    assert.deepEqual(bench.driver.orders, ["restart", "off", "on"]);
    await bench.clock.advance(restarted + 1_801_000 - bench.clock.now());
    bench.node.view.set("/physState", "PHYS_HANG");
    await ending(bench.clock, bench.run("restart-hang"));
    assert.deepEqual(bench.driver.orders, ["restart", "off", "on", "restart"]);
    assert.deepEqual(bench.notes, [
      "It is restarted: it hangs",
      "Its power is cut: it hangs again soon after it was restarted",
      "It is restarted: it hangs",
    ]);
  });
});

test("a restart takes the controller's settle time, and the machine has to be on afterwards", async () => {
  await withBench({ settle: 5_000 }, async (bench) => {
    await hang(bench);
    bench.driver.change = async () => {
      bench.driver.read = inTurn<Reading>({ power: "changing", said: "PoweringOn" }, ON);
      return TAKEN;
    };
    const from = bench.clock.now();
    await ending(bench.clock, bench.run("restart-hang"));
    assert.equal(bench.clock.now() - from, 5_100);
  });
});

test("a restart that was refused is ordered again, three times at most; one without an answer never is", async () => {
  const cases: [ChangeOutcome | Error, number, boolean][] = [
    [{ kind: "refused", said: "no" }, 3, false],
    [{ kind: "already", said: "no" }, 3, false],
    [SILENCE, 1, true],
  ];
  for (const [answer, orders, isDone] of cases) {
    await withBench({}, async (bench) => {
      await hang(bench);
      bench.driver.change = () => answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      const running = ending(bench.clock, bench.run("restart-hang"));
      if (isDone) await running;
      else {
        await assert.rejects(running, { name: "DeclinedError", message: /asked to restart, which was refused \(no\)/ });
      }
      assert.deepEqual(bench.driver.orders, Array.from({ length: orders }, () => "restart"));
    });
  }
  await withBench({ settle: 0 }, async (bench) => {
    await hang(bench);
    bench.driver.change = inTurn<ChangeOutcome>(BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, TAKEN);
    const times = timeOrders(bench);
    await ending(bench.clock, bench.run("restart-hang"));
    assert.equal(times.length, 7);
    assert.equal((times[1] ?? 0) - (times[0] ?? 0), 1_000);
  });
});

test("a machine that is off by the time of its restart is powered on, and one whose controller has no restart off and on", async () => {
  await withBench({ settle: 0 }, async (bench) => {
    await hang(bench);
    const { change } = bench.driver;
    bench.driver.change = async (...args) => {
      if (args[1] !== "restart") return await change(...args);
      bench.driver.read = async () => bench.driver.orders.includes("on") ? ON : OFF;
      return { kind: "refused", said: "not while it is off" };
    };
    await ending(bench.clock, bench.run("restart-hang"));
    assert.deepEqual(bench.driver.orders, ["restart", "on"]);
  });
  await withBench({}, async (bench) => {
    await hang(bench);
    const { change } = bench.driver;
    bench.driver.change = async (...args) => args[1] === "restart" ? { kind: "unsupported" } : await change(...args);
    await ending(bench.clock, bench.run("restart-hang"));
    assert.deepEqual(bench.driver.orders, ["restart", "off", "on"]);
    assert.equal(bench.notes.at(-1), "Its power is cut: it hangs, and its controller has no restart");
  });
});

test("a machine that is taken to hang, and was not seen on before, is left alone when it is on now", async () => {
  for (const mutation of ["restart-hang", "reset-hang"]) {
    await withBench({}, async (bench) => {
      bench.driver.read = async () => ON;
      bench.node.view.set("/physState", "PHYS_HANG");
      await bench.run(mutation);
      assert.deepEqual(bench.driver.orders, []);
      assert.equal(bench.node.view.get("/physState"), "POWER_ON");
      assert.deepEqual(bench.notes, [
        "It is left alone: it is on now, and was not seen on before it seemed to hang",
      ]);
      bench.node.view.set("/physState", "PHYS_HANG");
      obedient(bench, ON);
      await ending(bench.clock, bench.run(mutation));
      assert.deepEqual(bench.driver.orders, [mutation === "reset-hang" ? "off" : "restart"], "it was seen on now");
    });
  }
});

test("polling sees a machine on as well, and what it can't tell takes nothing of that back", async () => {
  await withBench({}, async (bench) => {
    bench.driver.read = async () => ON;
    await bench.clock.advance(6_000);
    bench.driver.read = async () => ({ power: "unknown", said: "null" });
    await bench.clock.advance(10_000);
    bench.node.view.set("/physState", "PHYS_HANG");
    obedient(bench, ON);
    await ending(bench.clock, bench.run("reset-hang"));
    assert.deepEqual(bench.driver.orders, ["off"]);
    assert.equal(bench.node.view.get("/physState"), "POWER_OFF");
    bench.node.view.set("/physState", "PHYS_HANG");
    bench.driver.read = async () => ON;
    await ending(bench.clock, bench.run("reset-hang"));
    assert.deepEqual(bench.driver.orders, ["off"], "it was seen off last, and came on by somebody else");
  });
});

test("a mutation's requests may wait in the driver's queue without its time going on", async () => {
  await withBench({}, async (bench) => {
    let waits = 0;
    bench.driver.read = async (_node, ask) => {
      ask.queued?.()();
      waits += ask.queued === undefined ? 0 : 1;
      return ON;
    };
    bench.driver.change = async (_node, change, ask) => {
      waits += ask.queued === undefined ? 0 : 100;
      assert.ok(ask.urgent);
      bench.driver.read = async () => OFF;
      return change === "off" ? TAKEN : { kind: "unsupported" };
    };
    await ending(bench.clock, bench.run("power-off"));
    assert.equal(waits, 101);
  });
});

test("the device to boot from once is told again where an order was lost, and is over when the machine is on", async () => {
  await withBench({}, async (bench) => {
    obedient(bench);
    const { change } = bench.driver;
    const told: unknown[] = [];
    bench.node.view.set("/bmc/bootNext", "PXE");
    bench.driver.change = async (node, ...asked) => {
      told.push(bench.node.view.get("/bmc/bootNext"));
      if (told.length === 1) throw SILENCE;
      return await change(node, ...asked);
    };
    await ending(bench.clock, bench.run("power-on"));
    assert.deepEqual([told, bench.node.view.get("/bmc/bootNext")], [["PXE", "PXE"], "NONE"]);
  });
  await withBench({}, async (bench) => {
    obedient(bench);
    const { change } = bench.driver;
    bench.node.view.set("/bmc/bootNext", "PXE");
    bench.driver.change = async (...asked) => {
      await change(...asked);
      throw SILENCE;
    };
    await ending(bench.clock, bench.run("power-on"));
    assert.deepEqual([bench.driver.orders, bench.node.view.get("/bmc/bootNext")], [["on"], "NONE"]);
  });
});

test("the device to boot from once is over when a machine that hangs was restarted with it", async () => {
  await withBench({}, async (bench) => {
    obedient(bench, ON);
    await ending(bench.clock, bench.run("find-on"));
    bench.node.view.set("/bmc/bootNext", "PXE");
    await ending(bench.clock, bench.run("restart-hang"));
    assert.deepEqual([bench.driver.orders, bench.node.view.get("/bmc/bootNext")], [["restart"], "NONE"]);
  });
});

test("what an order needs before it is no order: silence there says that it can't be given yet", async () => {
  assert.equal(await beforeOrder(async () => TAKEN), undefined);
  assert.deepEqual(await beforeOrder(async () => BUSY), BUSY);
  assert.deepEqual(await beforeOrder(() => Promise.reject(SILENCE)), { kind: "later", said: "no answer" });
  await assert.rejects(beforeOrder(() => Promise.reject(new CredentialsError("wrong"))), CredentialsError);
});

test("a machine whose turn to be asked comes late is asked to shut down all the same, and has its whole time then", async () => {
  await withBench({ graceful: 60_000 }, async (bench) => {
    const { clock, driver } = bench;
    bench.node.view.set("/runState", "SYNC");
    let reading = ON;
    async function turn(ask: Parameters<typeof driver.read>[1], ms: number): Promise<void> {
      const done = ask.queued?.();
      await pause(clock, ms, ask.signal);
      done?.();
    }
    const wait = inTurn(50_000, 0);
    driver.read = async (_node, ask) => {
      await turn(ask, await wait());
      return reading;
    };
    driver.change = async (_node, change, ask) => {
      await turn(ask, 50_000);
      clock.after(change === "shutdown" ? 55_000 : 0, () => reading = OFF);
      return TAKEN;
    };
    await ending(clock, bench.run("power-off"));
    assert.deepEqual(driver.orders, ["shutdown"]);
    assert.deepEqual(bench.notes, []);
  });
});

test("a machine that is not off in its time has its power cut, also while a look at it waits for its turn", async () => {
  await withBench({ graceful: 60_000 }, async (bench) => {
    const { clock, driver } = bench;
    bench.node.view.set("/runState", "SYNC");
    let reading = ON;
    let asked = Infinity;
    let cut = 0;
    driver.read = async (_node, ask) => {
      const done = ask.queued?.();
      await pause(clock, clock.now() > asked ? 25_000 : 0, ask.signal);
      done?.();
      return reading;
    };
    driver.change = async (_node, change) => {
      if (change === "shutdown") asked = clock.now();
      else [reading, cut] = [OFF, clock.now()];
      return TAKEN;
    };
    await ending(clock, bench.run("power-off"));
    assert.deepEqual(driver.orders, ["shutdown", "off"]);
    assert.ok(cut - asked >= 60_000 && cut - asked < 90_000, String(cut - asked));
  });
});

const MOVING: Reading = { power: "changing", said: "it is on its way" };

/** A machine that hangs on its way until its power is cut. */
function stuck(bench: Bench, orders: readonly string[] = []): void {
  let reading: Reading = orders.length === 0 ? MOVING : ON;
  bench.driver.read = async () => reading;
  bench.driver.change = async (_node, change) => {
    reading = orders.includes(change) ? MOVING : change === "off" ? OFF : ON;
    return TAKEN;
  };
}

test("a machine that hangs on its way off when its time is over has its power cut", async () => {
  await withBench({ graceful: 20_000 }, async (bench) => {
    bench.node.view.set("/runState", "SYNC");
    stuck(bench, ["shutdown"]);
    const begun = bench.clock.now();
    await ending(bench.clock, bench.run("power-off"));
    assert.deepEqual(bench.driver.orders, ["shutdown", "off"]);
    assert.ok(bench.clock.now() - begun < 25_000, "at once, when its time is over");
    assert.equal(bench.node.view.get("/physState"), "POWER_OFF");
  });
});

test("a machine that has been on its way for a minute hangs where it is to be off, and after five where it is to be on", async () => {
  for (
    const [mutation, ms, orders] of [
      ["power-off", 60_000, ["off"]],
      ["reset-hang", 60_000, ["off"]],
      ["restart-hang", 300_000, ["off", "on"]],
    ] as const
  ) {
    await withBench({}, async (bench) => {
      stuck(bench);
      const begun = bench.clock.now();
      let took = Infinity;
      const going = bench.run(mutation).then(() => void (took = bench.clock.now() - begun));
      await bench.clock.advance(330_000);
      await going;
      assert.deepEqual(bench.driver.orders, orders, mutation);
      assert.ok(took >= ms && took < ms + 15_000, `${mutation}: ${took}`);
      assert.equal(bench.notes.length, 1, mutation);
    });
  }
});

test("a machine that is slow on its way on is not hit when it is taken to hang", async () => {
  await withBench({}, async (bench) => {
    const { clock, driver } = bench;
    const from = clock.now();
    driver.read = async () => clock.now() - from < 290_000 ? MOVING : ON;
    await ending(clock, bench.run("restart-hang"));
    assert.deepEqual([driver.orders, bench.node.view.get("/physState")], [[], "POWER_ON"]);
  });
});

test("a machine that is on its way for less than a minute is waited for, and so is one that was not looked at meanwhile", async () => {
  await withBench({}, async (bench) => {
    const { clock, driver } = bench;
    const from = clock.now();
    driver.read = async () => clock.now() - from < 59_000 ? MOVING : OFF;
    await ending(clock, bench.run("power-off"));
    assert.deepEqual(driver.orders, []);
    const again = clock.now();
    driver.read = async () =>
      clock.now() - again < 30_000 || clock.now() - again > 75_000 ? MOVING : Promise.reject(SILENCE);
    const timeout = new AbortController();
    const going = assert.rejects(bench.run("power-off", {}, timeout.signal), /Timed out/);
    await clock.advance(130_000);
    timeout.abort(new Error("Timed out"));
    await going;
    assert.deepEqual(driver.orders, []);
  });
});

test("a machine that is on its way is never cut to be found out about, or powered on", async () => {
  await withBench({}, async (bench) => {
    stuck(bench);
    for (const mutation of ["find-on", "power-on"]) {
      assert.match((await failing(bench, mutation, 180_000)).message, /Timed out/);
    }
    assert.deepEqual(bench.driver.orders, []);
  });
});
