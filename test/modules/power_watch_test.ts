import assert from "node:assert/strict";
import { test } from "node:test";
import { CredentialsError } from "../../modules/power/mod.ts";
import { MistakeError, UnavailableError } from "../../src/module/mod.ts";
import { type Bench, OFF, ON, withBench } from "./power_bench.ts";
import { ending } from "./redfish_scene.ts";

const SILENCE = new UnavailableError("no answer");

/** When the controller was polled. */
function pollsOf({ driver }: Bench): number[] {
  return driver.reads.filter(({ urgent }) => !urgent).map(({ at }) => at);
}

/** What was discovered of a URL, in order. */
function saidOf({ history }: Bench, url: string): string[] {
  return history.filter((entry) => entry.startsWith(`n1${url}=`)).map((entry) => entry.split("=")[1] ?? "");
}

test("a controller is polled after a share of the interval at first, then at the interval, and states what changed only", async () => {
  await withBench({}, async (bench) => {
    await bench.clock.advance(36_000);
    assert.deepEqual(pollsOf(bench), [5_000, 15_000, 25_000, 35_000]);
    bench.driver.read = async () => ON;
    await bench.clock.advance(20_000);
    assert.deepEqual(bench.history.slice(2), ["n1/physState=POWER_OFF", "n1/physState=POWER_ON"]);
  });
});

test("looks and readings are apart by an interval, by chance a quarter shorter or longer, the first one sooner", async () => {
  const cases: [random: number, polls: readonly number[]][] = [
    [0, [0, 7_500, 15_000, 22_500]],
    [0.25, [2_500, 11_250, 20_000, 28_750]],
    [1, [10_000, 22_500, 35_000]],
  ];
  for (const [random, polls] of cases) {
    await withBench({ sense: 10_000 }, async (bench) => {
      await bench.clock.advance(36_000);
      assert.deepEqual(pollsOf(bench).slice(0, polls.length), polls);
      assert.deepEqual(bench.driver.senses.slice(0, polls.length), polls);
    }, random);
  }
});

test("a controller whose events arrive is polled a fifth as often, and one that is silent a quarter", async () => {
  await withBench({}, async (bench) => {
    bench.driver.hears = () => true;
    await bench.clock.advance(106_000);
    assert.deepEqual(pollsOf(bench), [5_000, 55_000, 105_000]);
    bench.driver.hears = () => false;
    bench.driver.read = () => Promise.reject(SILENCE);
    await bench.clock.advance(300_000);
    const polls = pollsOf(bench).slice(3);
    assert.deepEqual(polls.slice(0, 5), [155_000, 165_000, 175_000, 215_000, 255_000]);
  });
});

test("silence keeps what was known, is shown after three looks and once, and told to people twice: when it begins and ends", async () => {
  await withBench({}, async (bench) => {
    await bench.clock.advance(6_000);
    bench.driver.read = () => Promise.reject(SILENCE);
    await bench.clock.advance(20_000);
    assert.deepEqual(saidOf(bench, "/bmc/error"), [], "not after two");
    await bench.clock.advance(200_000);
    assert.deepEqual(saidOf(bench, "/bmc/error"), ["no answer"]);
    assert.equal(bench.node.view.get("/physState"), "POWER_OFF");
    assert.equal(bench.lines.filter((line) => line.includes("does not answer")).length, 1);
    assert.ok(!bench.lines.some((line) => line.includes("answers again")));
    bench.driver.read = () => Promise.reject(new UnavailableError("another reason"));
    await bench.clock.advance(40_000);
    assert.deepEqual(saidOf(bench, "/bmc/error"), ["no answer", "another reason"]);
    bench.driver.read = async () => OFF;
    await bench.clock.advance(100_000);
    assert.deepEqual(saidOf(bench, "/bmc/error"), ["no answer", "another reason", "null"]);
    assert.equal(bench.lines.filter((line) => line.includes("answers again")).length, 1);
    assert.equal(
      pollsOf(bench).at(-1),
      bench.clock.now() - (bench.clock.now() - 5_000) % 10_000 || pollsOf(bench).at(-1),
    );
  });
});

test("a wrong address or password is shown at the first look", async () => {
  for (const error of [new MistakeError("'n1' has no address"), new CredentialsError("wrong password")]) {
    await withBench({}, async (bench) => {
      bench.driver.read = () => Promise.reject(error);
      await bench.clock.advance(6_000);
      assert.deepEqual(saidOf(bench, "/bmc/error"), [error.message]);
    });
  }
});

test("the reason of a silence is shown in 512 characters, once", async () => {
  await withBench({}, async (bench) => {
    bench.driver.read = () => Promise.reject(new MistakeError("x".repeat(600)));
    await bench.clock.advance(60_000);
    assert.deepEqual(saidOf(bench, "/bmc/error"), ["x".repeat(512)]);
  });
});

test("people are told that a controller answers again where they were told that it does not, after three looks", async () => {
  for (const looks of [2, 3]) {
    await withBench({}, async (bench) => {
      await bench.clock.advance(6_000);
      let left = looks;
      bench.driver.read = () => left-- > 0 ? Promise.reject(SILENCE) : Promise.resolve(OFF);
      await bench.clock.advance(100_000);
      for (const words of ["does not answer", "answers again"]) {
        assert.equal(bench.lines.filter((line) => line.includes(words)).length, looks - 2, `${looks} ${words}`);
      }
      assert.deepEqual(saidOf(bench, "/bmc/error"), looks === 2 ? [] : ["no answer", "null"]);
    });
  }
});

test("what a controller says of its machine is shown as it says it last, and no longer than it says it", async () => {
  await withBench({}, async (bench) => {
    bench.driver.read = async () => ({ ...OFF, machine: { health: "OK", firmware: "1.2", led: "ON" } });
    await bench.clock.advance(26_000);
    bench.driver.read = async () => ({ ...OFF, machine: { firmware: "1.3" } });
    await bench.clock.advance(20_000);
    bench.driver.read = async () => OFF;
    await bench.clock.advance(20_000);
    bench.driver.read = async () => ({ ...OFF, machine: {} });
    await bench.clock.advance(20_000);
    assert.deepEqual(saidOf(bench, "/bmc/health"), ["OK", "null"]);
    assert.deepEqual(saidOf(bench, "/bmc/firmware"), ["1.2", "1.3", "null"]);
    assert.deepEqual(saidOf(bench, "/bmc/led"), ["ON"]);
  });
});

test("an event has nobody looked at while a mutation is at work", async () => {
  await withBench({}, async (bench) => {
    await bench.clock.advance(5_000);
    bench.driver.read = (_node, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const timeout = new AbortController();
    const running = assert.rejects(bench.run("find-off", {}, timeout.signal));
    bench.look();
    await bench.clock.advance(60_000);
    assert.deepEqual(pollsOf(bench), [5_000]);
    timeout.abort(new Error("Timed out"));
    await running;
  });
});

test("what is neither on nor off is shown in the controller's words while it lasts, once, and changes nothing that is known", async () => {
  await withBench({}, async (bench) => {
    await bench.clock.advance(6_000);
    bench.driver.read = async () => ({ power: "changing", said: "PowerState 'PoweringOn'" });
    await bench.clock.advance(30_000);
    assert.deepEqual(saidOf(bench, "/bmc/power"), ["PowerState 'PoweringOn'"]);
    bench.driver.read = async () => ({ power: "unknown", said: "PowerState null" });
    await bench.clock.advance(30_000);
    assert.equal(bench.node.view.get("/physState"), "POWER_OFF");
    assert.equal(bench.node.view.get("/bmc/error"), undefined, "it answers");
    bench.driver.read = async () => OFF;
    await bench.clock.advance(30_000);
    assert.deepEqual(saidOf(bench, "/bmc/power"), ["PowerState 'PoweringOn'", "PowerState null", "null"]);
  });
});

test("a mutation shows what moves, and that a controller answers it", async () => {
  await withBench({}, async (bench) => {
    bench.driver.read = () => Promise.reject(SILENCE);
    await bench.clock.advance(100_000);
    assert.equal(bench.node.view.get("/bmc/error"), "no answer");
    const words = ["Off", "PoweringOn", "PoweringOn", "On"];
    bench.driver.read = async () => {
      const said = words.shift() ?? "On";
      return { said, power: said === "On" ? "on" : said === "Off" ? "off" : "changing" };
    };
    await ending(bench.clock, bench.run("power-on"));
    assert.deepEqual(saidOf(bench, "/bmc/error"), ["no answer", "null"]);
    assert.deepEqual(saidOf(bench, "/bmc/power"), ["PoweringOn", "null"]);
  });
});

test("polling rests while a mutation is at work, its look under way is dropped, and begins again after the interval", async () => {
  await withBench({}, async (bench) => {
    let answer: (reading: typeof ON) => void = () => {};
    bench.driver.read = () => new Promise((resolve) => void (answer = resolve));
    await bench.clock.advance(5_000);
    const [poll] = bench.driver.reads;
    const late = answer;
    const running = bench.run("find-off");
    assert.equal(poll?.signal.aborted, true);
    late(ON);
    await bench.clock.advance(60_000);
    assert.equal(bench.node.view.get("/physState"), undefined, "what a dropped look found is nothing");
    assert.equal(pollsOf(bench).length, 1);
    answer(OFF);
    await running;
    await bench.clock.advance(9_999);
    assert.equal(pollsOf(bench).length, 1);
    await bench.clock.advance(1);
    assert.equal(pollsOf(bench).length, 2);
  });
});

test("a look that was dropped is no silence, and what it found late keeps no other look from its time", async () => {
  await withBench({}, async (bench) => {
    let late = (_reading: typeof ON) => {};
    bench.driver.read = (_node, { urgent, signal }) =>
      urgent
        ? Promise.reject(SILENCE)
        : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    for (let times = 0; times < 5; times++) {
      await bench.clock.advance(10_000);
      await assert.rejects(bench.run("find-off"), /no answer/);
    }
    assert.equal(pollsOf(bench).length, 5);
    assert.equal(bench.node.view.get("/bmc/error"), undefined);
    bench.driver.read = (_node, { urgent }) =>
      urgent ? Promise.resolve(OFF) : new Promise((resolve) => void (late = resolve));
    await bench.clock.advance(10_000);
    await bench.run("find-off");
    const over = bench.clock.now();
    await bench.clock.advance(6_000);
    late(ON);
    await bench.clock.advance(4_000);
    assert.equal(pollsOf(bench).at(-1), over + 10_000);
    assert.equal(bench.node.view.get("/physState"), "POWER_OFF");
  });
});

test("a look that an event has overtaken keeps the next one from nothing, however late it ends", async () => {
  await withBench({}, async (bench) => {
    let late = (_reading: typeof ON) => {};
    bench.driver.read = () => new Promise((resolve) => void (late = resolve));
    await bench.clock.advance(5_000);
    bench.driver.read = async () => OFF;
    bench.look();
    await bench.clock.advance(7_000);
    assert.deepEqual(pollsOf(bench), [5_000, 6_000]);
    late(OFF);
    await bench.clock.advance(4_000);
    assert.deepEqual(pollsOf(bench), [5_000, 6_000, 16_000]);
  });
});

test("a mutation that meets silence takes no silence back", async () => {
  await withBench({}, async (bench) => {
    bench.driver.read = () => Promise.reject(SILENCE);
    await bench.clock.advance(100_000);
    await assert.rejects(bench.run("power-on"), /no answer/);
    assert.deepEqual(saidOf(bench, "/bmc/error"), ["no answer"]);
    assert.deepEqual(saidOf(bench, "/bmc/power"), []);
  });
});

test("an event has the controller looked at within moments, and no sooner than a second after the last look", async () => {
  await withBench({}, async (bench) => {
    await bench.clock.advance(5_000);
    bench.look();
    await bench.clock.advance(999);
    assert.deepEqual(pollsOf(bench), [5_000]);
    await bench.clock.advance(1);
    assert.deepEqual(pollsOf(bench), [5_000, 6_000]);
    await bench.clock.advance(8_000);
    bench.look();
    await bench.clock.advance(100);
    assert.deepEqual(pollsOf(bench), [5_000, 6_000, 14_100], "after a share of 200 ms");
    await bench.clock.advance(1_500);
    for (let times = 0; times < 5; times++) bench.look();
    await bench.clock.advance(18_500);
    assert.deepEqual(pollsOf(bench).slice(3), [15_700, 25_700], "once for all, and then at the interval again");
  });
});

test("what a controller says shortly after a change is not believed by polling, nor asked for by events", async () => {
  await withBench({ poll: 1_000 }, async (bench) => {
    await ending(
      bench.clock,
      (async () => {
        bench.driver.change = async () => {
          bench.driver.read = async () => ON;
          return { kind: "taken" };
        };
        await bench.run("power-on");
      })(),
    );
    const at = bench.clock.now();
    bench.driver.read = async () => OFF;
    bench.look();
    await bench.clock.advance(4_999);
    assert.equal(bench.node.view.get("/physState"), "POWER_ON");
    assert.equal(pollsOf(bench).filter((poll) => poll > at).length, 0);
    await bench.clock.advance(2_000);
    assert.equal(bench.node.view.get("/physState"), "POWER_OFF");
  });
});

test("what polling sees is judged by the settle time that holds by then", async () => {
  await withBench({}, async (bench) => {
    bench.driver.change = async () => {
      bench.driver.read = async () => ON;
      return { kind: "taken" };
    };
    await ending(bench.clock, bench.run("power-on"));
    bench.driver.read = async () => OFF;
    bench.settings.settle = 60_000;
    await bench.clock.advance(30_000);
    assert.equal(bench.node.view.get("/physState"), "POWER_ON");
    await bench.clock.advance(60_000);
    assert.equal(bench.node.view.get("/physState"), "POWER_OFF");
  });
});

test("PHYS_HANG and PHYS_ERROR stay while a controller says on, and are over when it says off", async () => {
  for (const concluded of ["PHYS_HANG", "PHYS_ERROR"]) {
    await withBench({}, async (bench) => {
      bench.driver.read = async () => ON;
      await bench.clock.advance(6_000);
      bench.node.view.set("/physState", concluded);
      await bench.clock.advance(60_000);
      assert.equal(bench.node.view.get("/physState"), concluded);
      bench.driver.read = async () => OFF;
      await bench.clock.advance(10_000);
      assert.equal(bench.node.view.get("/physState"), "POWER_OFF");
    });
  }
});

test("a machine that was taken to hang as it did not come on is on as soon as polling sees that", async () => {
  await withBench({}, async (bench) => {
    const timeout = new AbortController();
    bench.clock.after(60_000, () => timeout.abort(new Error("Timed out")));
    await assert.rejects(ending(bench.clock, bench.run("power-on", {}, timeout.signal)), /Timed out/);
    assert.equal(bench.node.view.get("/physState"), "PHYS_HANG");
    bench.driver.read = async () => ON;
    await bench.clock.advance(10_000);
    assert.equal(bench.node.view.get("/physState"), "POWER_ON");
    bench.node.view.set("/physState", "PHYS_HANG"); // it hangs while it boots
    await bench.clock.advance(30_000);
    assert.equal(bench.node.view.get("/physState"), "PHYS_HANG");
  });
});

test("a node that is another module's from now on is forgotten: what was said of its controller goes, and nothing is asked any more", async () => {
  await withBench({ sense: 5_000 }, async (bench) => {
    bench.driver.sense = async () => ({ inlet: 20, watts: 100 });
    bench.driver.read = async () => ({ power: "unknown", said: "null" });
    await bench.clock.advance(6_000);
    assert.equal(bench.node.view.get("/bmc/power"), "null");
    assert.equal(bench.node.view.get("/bmc/watts"), 100);
    bench.driver.read = () => Promise.reject(SILENCE);
    await bench.clock.advance(100_000);
    assert.equal(bench.node.view.get("/bmc/error"), "no answer");
    const before = bench.driver.attended.length;
    bench.set("/platform", "ipmi");
    for (const url of ["/bmc/error", "/bmc/power", "/bmc/watts", "/bmc/inlet"]) {
      assert.equal(bench.node.view.get(url), undefined, url);
    }
    assert.deepEqual(bench.driver.forgotten, [bench.node.id]);
    const { reads, senses } = bench.driver;
    const asked = [reads.length, senses.length];
    bench.look();
    await bench.clock.advance(200_000);
    assert.deepEqual([reads.length, senses.length], asked);
    bench.set("/bmc/address", "x");
    assert.equal(bench.driver.attended.length, before);
    assert.deepEqual(bench.driver.forgotten, [bench.node.id], "once");
    await assert.rejects(bench.run("power-on"), {
      name: "MistakeError",
      message: "Cannot power 'n1' as its /platform is not 'redfish'",
    });
    assert.deepEqual(bench.driver.orders, []);
  });
});

test("of a node that is another module's every value of its controller goes, of one whose module stops none", async () => {
  for (const leaves of [true, false]) {
    await withBench({ sense: 5_000 }, async (bench) => {
      bench.driver.sense = async () => ({ inlet: 20, watts: 100 });
      bench.driver.read = async () => ({ ...OFF, machine: { health: "OK", firmware: "1.2", led: "ON" } });
      await bench.clock.advance(6_000);
      bench.history.length = 0;
      if (leaves) bench.set("/platform", "ipmi");
      else await bench.host.stop();
      const gone = ["health", "firmware", "led", "inlet", "watts"].map((name) => `n1/bmc/${name}=null`).sort();
      assert.deepEqual(bench.history.filter((entry) => entry.startsWith("n1/bmc/")).sort(), leaves ? gone : []);
    });
  }
});

test("sensors that are being read when their node leaves state nothing any more, whatever comes of it", async () => {
  for (const fails of [false, true]) {
    await withBench({ sense: 1_000 }, async (bench) => {
      let left = 2;
      let end = () => {};
      bench.driver.sense = () =>
        left-- > 0 ? Promise.reject(SILENCE) : new Promise((resolve, reject) => {
          end = () => fails ? reject(SILENCE) : resolve({ watts: 100 });
        });
      await bench.clock.advance(2_500);
      assert.equal(bench.driver.senses.length, 3);
      bench.set("/platform", "ipmi");
      bench.node.view.set("/bmc/watts", 7); // the other module's
      end();
      await bench.clock.advance(10_000);
      assert.equal(bench.node.view.get("/bmc/watts"), 7);
      assert.equal(bench.driver.senses.length, 3);
    });
  }
});

test("a driver is told of each change of a node that is looked after, and is stopped with the module, after which nothing is asked", async () => {
  await withBench({ sense: 5_000 }, async (bench) => {
    assert.deepEqual(bench.driver.attended, ["n1"]);
    bench.set("/bmc/address", "x");
    assert.deepEqual(bench.driver.attended, ["n1", "n1"]);
    let answer: (reading: typeof ON) => void = () => {};
    bench.driver.read = () => new Promise((resolve) => void (answer = resolve));
    await bench.clock.advance(5_000);
    await bench.host.stop();
    assert.equal(bench.driver.stopped, true);
    assert.equal(bench.driver.reads[0]?.signal.aborted, true);
    answer(ON);
    const { length } = bench.driver.senses;
    await bench.clock.advance(100_000);
    assert.equal(bench.driver.reads.length, 1);
    assert.equal(bench.driver.senses.length, length);
    assert.equal(bench.node.view.get("/physState"), undefined);
  });
});

test("whatever goes wrong in a handler is no hang: only what is known to be a mistake or silence is told as such", async () => {
  await withBench({}, async (bench) => {
    Object.defineProperty(bench.settings, "settle", {
      get() {
        throw new TypeError("a bug");
      },
    });
    bench.driver.read = async () => ON;
    await assert.rejects(bench.run("power-off"), { name: "DeclinedError", message: "a bug" });
    await assert.rejects(bench.run("reset-hang"), { name: "DeclinedError", message: "a bug" });
    assert.notEqual(bench.node.view.get("/physState"), "PHYS_HANG");
  });
});

test("sensors are read at their own interval, state what moved by more than noise, and are unknown after three failures", async () => {
  await withBench({ sense: 8_000 }, async (bench) => {
    bench.driver.sense = async () => ({ inlet: 20, watts: 100 });
    await bench.clock.advance(21_000);
    assert.deepEqual(bench.driver.senses, [4_000, 12_000, 20_000]);
    bench.driver.sense = async () => ({ inlet: 21, watts: 104 });
    await bench.clock.advance(8_000);
    bench.driver.sense = async () => ({ inlet: 22, watts: 1_000 });
    await bench.clock.advance(8_000);
    bench.driver.sense = () => Promise.reject(SILENCE);
    await bench.clock.advance(16_000);
    assert.equal(bench.node.view.get("/bmc/inlet"), 22, "after two");
    await bench.clock.advance(8_000);
    assert.deepEqual(saidOf(bench, "/bmc/inlet"), ["20", "22", "null"]);
    assert.deepEqual(saidOf(bench, "/bmc/watts"), ["100", "1000", "null"]);
    bench.driver.sense = async () => ({ watts: 50 });
    await bench.clock.advance(8_000);
    assert.deepEqual(saidOf(bench, "/bmc/inlet").slice(3), []);
    assert.equal(bench.node.view.get("/bmc/watts"), 50);
    bench.driver.sense = () => Promise.reject(SILENCE);
    await bench.clock.advance(16_000);
    assert.equal(bench.node.view.get("/bmc/watts"), 50, "a success in between counts anew");
  });
});

test("sensors are not read while that is switched off, and again when it is on", async () => {
  await withBench({ sense: 0, poll: 1_000 }, async (bench) => {
    await bench.clock.advance(60_000);
    assert.deepEqual(bench.driver.senses, []);
    bench.settings.sense = 5_000;
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.driver.senses, [60_500, 65_500], "that is looked after every ten polls");
  });
});
