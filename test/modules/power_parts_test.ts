import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Ask,
  createRefusals,
  CredentialsError,
  credentialsFor,
  guardDriver,
  type PowerChange,
  type Reading,
} from "../../modules/power/mod.ts";
import { steadyTemperature, steadyWatts } from "../../modules/power/sensors.ts";
import { beginStory } from "../../modules/power/story.ts";
import { MistakeError, PermanentError, UnavailableError } from "../../src/module/mod.ts";
import type { Sighting } from "../../src/reports.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { testNode } from "./module_fixture.ts";

const NODE = testNode("n1");
const USER = { username: "admin", password: "secret-4711" };

function asking(urgent = false, signal = new AbortController().signal): Ask {
  return { urgent, signal };
}

test("credentialsFor() takes the environment where no file is named, whole or not at all", () => {
  const [KRAKEN_BMC_USERNAME, KRAKEN_BMC_PASSWORD, KRAKEN_BMC_KG] = ["u", "p", "k"];
  assert.deepEqual(credentialsFor(NODE, undefined, { KRAKEN_BMC_USERNAME, KRAKEN_BMC_PASSWORD }), {
    username: "u",
    password: "p",
  });
  assert.equal(credentialsFor(NODE, undefined, { KRAKEN_BMC_USERNAME }), undefined);
  assert.equal(credentialsFor(NODE, undefined, { KRAKEN_BMC_PASSWORD }), undefined);
  const all = credentialsFor(NODE, undefined, { KRAKEN_BMC_USERNAME, KRAKEN_BMC_PASSWORD, KRAKEN_BMC_KG });
  assert.equal(all?.kg, "k");
});

test("credentialsFor() reads a file of the node, which nobody else may read, write or execute", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "n1-n1.json");
    const pattern = join(folder, "{name}-{name}.json");
    writeFileSync(file, JSON.stringify(USER));
    for (let others = 0; others < 8; others++) {
      chmodSync(file, 0o640 + others);
      if (others === 0) assert.deepEqual(credentialsFor(NODE, pattern, {}), USER);
      else {
        assert.throws(() => credentialsFor(NODE, pattern, {}), {
          name: "UnavailableError",
          message:
            `Cannot use the credentials in '${file}': everybody may read or write it: expected a mode such as 0600`,
        });
      }
    }
  });
});

test("credentialsFor() refuses what is no file of credentials, and quotes nothing of it", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "all.json");
    function refusalOf(text: string): string {
      writeFileSync(file, text);
      chmodSync(file, 0o600);
      let refusal = "";
      assert.throws(() => credentialsFor(NODE, file, {}), (error: Error) => {
        refusal = error.message;
        return error instanceof UnavailableError;
      });
      return refusal;
    }
    const texts = [
      ...["", "secret-4711", "[]", "null", `{"username":"secret-4711"}`, `{"password":"secret-4711"}`],
      ...[{ ...USER, username: "" }, { ...USER, password: "secret-4711\n" }, { ...USER, password: "secret-4711\0" }]
        .map((each) => JSON.stringify(each)),
      ...[{ ...USER, password: "x".repeat(257) }, { ...USER, kg: 7 }, { ...USER, kg: "" }, { ...USER, username: null }]
        .map((each) => JSON.stringify(each)),
    ];
    for (const text of texts) {
      const refusal = refusalOf(text);
      assert.match(refusal, /expected a JSON object with 'username', 'password'/, text);
      assert.ok(!refusal.includes("4711"), refusal);
    }
    assert.match(refusalOf(" ".repeat(4_097)), /it is larger than 4096 bytes/);
    const longest = { username: "u".repeat(256), password: "p".repeat(256), kg: "k".repeat(20) };
    writeFileSync(file, JSON.stringify(longest).padEnd(4_096));
    assert.deepEqual(credentialsFor(NODE, file, {}), longest);
    assert.throws(() => credentialsFor(NODE, join(folder, "none.json"), {}), /Cannot use the credentials in .*ENOENT/);
  });
});

test("createRefusals() lets credentials rest at one controller only, longer each time up to a quarter of an hour", async () => {
  const clock = createVirtualClock();
  const refusals = createRefusals(clock);
  const other = { ...USER, password: "another" };
  const rests: number[] = [];
  for (let times = 0; times < 6; times++) {
    const error = refusals.refuse("bmc1", USER, "wrong");
    assert.ok(error instanceof CredentialsError && error.name === "UnavailableError" && error.message === "wrong");
    refusals.check("bmc1", other);
    refusals.check("bmc2", USER);
    refusals.check("bmc1", { ...USER, kg: "k" });
    const from = clock.now();
    for (;;) {
      try {
        refusals.check("bmc1", USER);
        break;
      } catch (error) {
        assert.ok(error instanceof CredentialsError && error.message === "wrong");
        await clock.advance(1_000);
      }
    }
    rests.push((clock.now() - from) / 1_000);
  }
  assert.deepEqual(rests, [60, 120, 240, 480, 900, 900]);
  refusals.accept("bmc1", USER);
  refusals.refuse("bmc1", USER, "wrong");
  await clock.advance(60_000);
  refusals.check("bmc1", USER);
  refusals.refuse("bmc1", USER, "wrong");
  await clock.advance(120_000 + 900_001); // long after
  refusals.refuse("bmc2", USER, "wrong");
  refusals.refuse("bmc1", USER, "wrong");
  await clock.advance(60_000);
  refusals.check("bmc1", USER);
});

test("guardDriver() makes of a reading that fails one that says nothing, and of an order one that was refused or lost", async () => {
  const words = `line one\nline\ttwo ${"x".repeat(500)}`;
  for (const error of [new Error(words), new UnavailableError(words), new TypeError(words), words]) {
    const guarded = guardDriver({
      read: () => Promise.reject(error),
      change: () => Promise.reject(error),
    });
    const look = await guarded.look(NODE, asking());
    assert.deepEqual([look.power, look.silent], ["unknown", true]);
    assert.match(look.said, /^line one line two x+\.\.\.$/);
    assert.equal(look.said.length, 400);
    const outcome = await guarded.order(NODE, "on", asking());
    assert.equal(outcome.kind, error instanceof UnavailableError ? "lost" : "refused");
    assert.ok("said" in outcome && outcome.said === look.said);
  }
});

test("guardDriver() passes on what was said, bounded, and what makes it useless to ask again", async () => {
  let reading: Reading = { power: "changing", said: "y".repeat(400), failed: "z".repeat(401) };
  let error: Error | undefined;
  const guarded = guardDriver({
    read: () => error === undefined ? Promise.resolve(reading) : Promise.reject(error),
    change: () => error === undefined ? Promise.resolve({ kind: "taken" }) : Promise.reject(error),
  });
  const look = await guarded.look(NODE, asking());
  assert.deepEqual(look, { power: "changing", said: reading.said, failed: `${"z".repeat(397)}...`, silent: false });
  reading = { power: "unknown", said: "null" };
  assert.deepEqual(await guarded.look(NODE, asking()), { power: "unknown", said: "null", silent: false });
  assert.deepEqual(await guarded.order(NODE, "on", asking()), { kind: "taken" });
  for (error of [new MistakeError("a"), new CredentialsError("a"), new PermanentError("a")]) {
    const name = error.name === "PermanentError" ? "MistakeError" : error.name;
    await assert.rejects(guarded.look(NODE, asking()), { name, message: "a" });
    await assert.rejects(guarded.order(NODE, "off", asking()), { name, message: "a" });
  }
  const gone = AbortSignal.abort(new Error("Not wanted"));
  error = new Error("It fails");
  await assert.rejects(guarded.look(NODE, asking(false, gone)), /Not wanted/);
  await assert.rejects(guarded.order(NODE, "off", asking(false, gone)), /Not wanted/);
  error = new RangeError("");
  assert.equal((await guarded.look(NODE, asking())).said, "RangeError");
});

/** A story, and what it last told. */
function withStory() {
  const told: Sighting[] = [];
  const clock = createVirtualClock();
  const story = beginStory({ saw: (sighting) => void told.push(sighting) }, clock);
  return { clock, story, last: () => told.at(-1), told };
}

const look = (power: Reading["power"], said: string, failed?: string) => ({
  ...{ power, said, silent: false },
  ...(failed !== undefined && { failed }),
});

test("a story tells what was asked, what came of it, and the last things that the controller said", () => {
  const { story, last, told } = withStory();
  assert.deepEqual(last(), { words: "it has not said anything", ifLate: "unavailable" });
  story.saw(look("off", "Off"));
  assert.deepEqual(last(), { words: "it said: Off", ifLate: "refused" }, "nothing was asked of it yet");
  story.ordered("on", { kind: "taken" });
  assert.equal(last()?.words, "asked to power on, which was accepted; it has not said anything");
  for (const said of ["Off", "Off", "PoweringOn", "PoweringOn", "Off", "On"]) story.saw(look("off", said));
  assert.equal(last()?.words, "asked to power on, which was accepted; it said: PoweringOn, then Off, then On");
  assert.equal(story.words(), last()?.words);
  assert.equal(told.length, 9);
});

test("a story is not to the charge of a machine whose order was taken so late that it has hardly had time", async () => {
  for (const [before, time] of [[10_000, 10_000], [59_000, 59_000], [61_000, 60_000], [170_000, 60_000]] as const) {
    const { clock, story, last } = withStory();
    await clock.advance(before);
    story.ordered("on", { kind: "taken" });
    await clock.advance(time - 1);
    story.saw(look("off", "Off"));
    assert.equal(last()?.ifLate, "refused", `${before}`);
    await clock.advance(1);
    story.saw(look("off", "Off"));
    assert.equal(last()?.ifLate, "failed", `${before}`);
  }
});

test("a story is to the machine's charge only when its order was taken, and the last answer was a good one", () => {
  const { story, last } = withStory();
  story.saw(look("off", "Off"));
  story.ordered("on", { kind: "taken" });
  assert.equal(last()?.ifLate, "failed");
  story.saw({ power: "unknown", said: "no answer", silent: true });
  assert.deepEqual(last(), {
    words: "asked to power on, which was accepted; it said: nothing about the power (no answer)",
    ifLate: "unavailable",
  });
  story.saw(look("changing", "PoweringOn"));
  assert.equal(last()?.ifLate, "failed");
  story.saw(look("unknown", "null"));
  assert.equal(last()?.ifLate, "unavailable");
  story.saw(look("off", "Off", "its task failed: no power"));
  assert.equal(last()?.ifLate, "refused", "its controller has not done it");
  assert.match(last()?.words ?? "", /Off \(its task failed: no power\)$/);
});

test("a story has words for every order and whatever came of it", () => {
  const orders: { readonly [change in PowerChange]: string } = {
    on: "asked to power on",
    off: "asked to power off",
    shutdown: "asked to shut down",
    restart: "asked to restart",
    interrupt: "asked to interrupt (NMI)",
  };
  for (const change of ["on", "off", "shutdown", "restart", "interrupt"] as const) {
    const { story, last } = withStory();
    story.saw(look("off", "Off"));
    story.ordered(change, { kind: "lost", said: "reset" });
    assert.equal(last()?.words, `${orders[change]}, without an answer (reset); it has not said anything`);
    assert.equal(last()?.ifLate, "refused");
    story.ordered(change, { kind: "unsupported" });
    assert.match(last()?.words ?? "", /, which its controller does not support;/);
    for (const kind of ["already", "later", "refused"] as const) {
      story.ordered(change, { kind, said: "busy" });
      assert.equal(last()?.words, `${orders[change]}, which was refused (busy); it has not said anything`);
      assert.equal(last()?.ifLate, "refused");
    }
  }
});

test("steadyWatts() lets 5 W and a twentieth pass for noise, steadyTemperature() a degree and a half", () => {
  assert.equal(steadyWatts(undefined, 3.4), 3);
  assert.equal(steadyWatts(20, 24.9), 20);
  assert.equal(steadyWatts(20, 25), 25);
  assert.equal(steadyWatts(1_000, 1_049), 1_000);
  assert.equal(steadyWatts(1_000, 950), 950);
  assert.equal(steadyTemperature(undefined, 20.6), 21);
  assert.equal(steadyTemperature(21, 22.4), 21);
  assert.equal(steadyTemperature(21, 19.5), 20);
});
