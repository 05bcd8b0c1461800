import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runPool } from "../../scripts/test/pool.ts";
import { runUnit, type UnitResult } from "../../scripts/test/run_unit.ts";
import { findUnits, type Runtime, type Unit } from "../../scripts/test/suites.ts";
import { describeTotals, describeUnit } from "../../scripts/test/summary.ts";
import { withTree } from "./fixture.ts";

const HEAD = `import { test } from "node:test";\nimport process from "node:process";\n`;
const FILE = "test/a/a_test.ts";

function unit(runtime: Runtime, files: readonly string[] = [FILE]): Unit {
  return { runtime, files, heavy: false };
}

function runFixture(code: string, runtime: Runtime = "deno", timeout = 60_000): Promise<UnitResult> {
  return withTree({ [FILE]: HEAD + code }, (root) => runUnit(root, unit(runtime), { timeout }));
}

function outcomes(result: UnitResult): string[] {
  return result.cases.map(({ name, outcome }) => `${name}: ${outcome}`);
}

for (const runtime of ["deno", "node", "bun"] as const) {
  test(`runUnit() reports passed, failed and skipped tests on ${runtime}`, async () => {
    const result = await runFixture(
      `test("good", () => {});
       test("bad", () => { throw new Error("It broke"); });
       test("later", { skip: true }, () => {});`,
      runtime,
    );
    assert.deepEqual(outcomes(result), ["good: passed", "bad: failed", "later: skipped"]);
    assert.match(describeUnit(result), new RegExp(`^FAILED ${runtime} test/a/a_test\\.ts[^]*It broke`));
  });

  test(`runUnit() counts a crash as one failed test on ${runtime}`, async () => {
    const result = await runFixture(`test("good", () => {});\nprocess.kill(process.pid, "SIGKILL");`, runtime);
    assert.equal(result.cases.filter(({ outcome }) => outcome === "failed").length, 1);
    assert.match(describeUnit(result), /^FAILED/);
  });
}

test("runUnit() ends a file that hangs, with its children, and counts it as failed", async () => {
  await withTree({
    [FILE]: `${HEAD}import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
test("hangs", async () => {
  const child = spawn("sleep", ["300"], { detached: true, stdio: "ignore" });
  writeFileSync("pid", String(child.pid));
  await new Promise((resolve) => setTimeout(resolve, 300_000));
});`,
  }, async (root) => {
    const result = await runUnit(root, unit("deno"), { timeout: 3_000 });
    assert.deepEqual(outcomes(result), ["It took longer than 3 s and was ended: failed"]);
    assert.equal(alive(readFileSync(join(root, "pid"), "utf8")), false);
  });
});

test("runUnit() ends and reports what a test leaves behind", async () => {
  await withTree({
    [FILE]: `${HEAD}import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
test("good", () => {
  const child = spawn("sleep", ["299"], { detached: true, stdio: "ignore" });
  child.unref();
  writeFileSync("pid", String(child.pid));
});`,
  }, async (root) => {
    const result = await runUnit(root, unit("deno"), { timeout: 60_000 });
    assert.match(outcomes(result).join("\n"), /^good: passed\nIt left processes behind: \S*sleep 299: failed$/);
    assert.equal(alive(readFileSync(join(root, "pid"), "utf8")), false);
  });
});

test("runUnit() counts a file that does not load, and one without tests, as failed", async () => {
  assert.equal(
    outcomes(await runFixture(`import "./gone.ts";`)).join(),
    "It ended with 1 and reports no failed test: failed",
  );
  assert.equal(outcomes(await runFixture(`process.exitCode = 0;`)).join(), "It reports no tests: failed");
});

test("runUnit() ends at once when it is aborted", async () => {
  await withTree(
    { [FILE]: `${HEAD}test("long", () => new Promise((resolve) => setTimeout(resolve, 300_000)));` },
    async (root) => {
      const stop = new AbortController();
      const running = runUnit(root, unit("deno"), { timeout: 60_000, signal: stop.signal });
      stop.abort();
      assert.ok((await running).seconds < 30);
    },
  );
});

for (const runtime of ["deno", "node", "bun"] as const) {
  test(`runUnit() runs files of a folder in one process on ${runtime}, and each by itself where one fails`, async () => {
    const [a, b, c] = ["test/a/a_test.ts", "test/a/b_test.ts", "test/a/c_test.ts"];
    const say = (name: string, body = "") => `${HEAD}test("${name}", () => { ${body} });`;
    await withTree(
      { [a]: say("first"), [b]: say("second"), [c]: say("third", "throw new Error('No');") },
      async (root) => {
        const well = await runUnit(root, unit(runtime, [a, b]), { timeout: 60_000 });
        assert.deepEqual(outcomes(well), ["first: passed", "second: passed"]);
        assert.match(
          describeUnit(well),
          new RegExp(`^ok     ${runtime} test/a/a_test\\.ts \\.\\.\\. b_test\\.ts \\(2 files\\)  2 passed`),
        );
        const ill = await runUnit(root, unit(runtime, [a, b, c]), { timeout: 60_000 });
        assert.deepEqual(outcomes(ill), ["first: passed", "second: passed", `${c}: third: failed`]);
      },
    );
  });
}

test("runUnit() counts what fails only after other files of its folder as failed", async () => {
  const [a, b] = ["test/a/a_test.ts", "test/a/b_test.ts"];
  const files = {
    [a]: `${HEAD}test("first", () => { process.env.KRAKEN_LEFT = "1"; });`,
    [b]: `${HEAD}test("second", () => { if (process.env.KRAKEN_LEFT === "1") throw new Error("Left"); });`,
  };
  await withTree(files, async (root) => {
    const result = await runUnit(root, unit("bun", [a, b]), { timeout: 60_000 });
    const note = "(fails only after other files of its folder, in one process)";
    assert.deepEqual(outcomes(result), ["first: passed", "second: passed", `second ${note}: failed`]);
    assert.match(describeUnit(result), /Left/);
  });
});

test("findUnits() gives light files of a folder to as few processes as may be, ten to one at most", async () => {
  const names = Array.from({ length: 21 }, (_, at) => `test/plan/${String.fromCharCode(97 + at)}_test.ts`);
  await withTree(Object.fromEntries(names.map((name) => [name, ""])), (root) => {
    const units = findUnits(root, ["plan"]);
    assert.deepEqual(units.map(({ runtime, files }) => `${runtime} ${files.length}`), [
      ...["deno 7", "deno 7", "deno 7", "node 7", "node 7", "node 7", "bun 7", "bun 7", "bun 7"],
    ]);
    assert.deepEqual(units.slice(0, 3).flatMap(({ files }) => files), names);
    return Promise.resolve();
  });
});

test("findUnits() puts heavy files first, on Deno only, and the others on each runtime that can run them", async () => {
  const files = {
    "test/plan/a_test.ts": "",
    "test/plan/b_e2e_test.ts": "",
    "test/scripts/c_test.ts": "",
    "test/plan/help.ts": "",
  };
  await withTree(files, (root) => {
    const names = (folders: string[]) =>
      findUnits(root, folders).map(({ runtime, files }) => `${runtime} ${files.join(" ")}`);
    assert.deepEqual(names([]), [
      "deno test/plan/b_e2e_test.ts",
      "deno test/plan/a_test.ts",
      "node test/plan/a_test.ts",
      "bun test/plan/a_test.ts",
      "deno test/scripts/c_test.ts",
    ]);
    assert.equal(names(["scripts"]).length, 1);
    assert.deepEqual(names(["test/plan/b_e2e_test.ts", "scripts/c_test.ts"]), [
      "deno test/plan/b_e2e_test.ts",
      "deno test/scripts/c_test.ts",
    ]);
    assert.throws(() => findUnits(root, ["test/plan/z_test.ts"]), {
      name: "RangeError",
      message: 'Cannot test "test/plan/z_test.ts" as there is no such file: test/plan has a_test.ts, b_e2e_test.ts',
    });
    assert.throws(() => findUnits(root, ["plam"]), {
      name: "RangeError",
      message: 'Cannot test "plam" as there is no such folder in test/: it has plan, scripts',
    });
  });
});

test("runPool() runs every unit once, one heavy one at a time, and two where there is room or no other is left", async () => {
  for (const room of [false, true]) {
    const units: Unit[] = Array.from({ length: 16 }, (_, i) => ({ runtime: "deno", files: [String(i)], heavy: i < 8 }));
    const done: string[] = [];
    let [running, mostRunning, heavy, light, spared] = [0, 0, 0, 8, 0];
    const heavyWithOthers: number[] = [];
    const step = () => new Promise((resolve) => setImmediate(resolve));
    const spare = async () => {
      await step();
      while (!room && light > 0) await step();
      spared++;
    };
    await runPool(units, { workers: 2, most: 4, spare }, async (one) => {
      mostRunning = Math.max(mostRunning, ++running);
      if (one.heavy) heavy++;
      else light--;
      if (one.heavy && light > 0) heavyWithOthers.push(heavy);
      for (let i = 0; i < 5; i++) await step();
      if (one.heavy) heavy--;
      running--;
      done.push(one.files[0] ?? "");
    }, new AbortController().signal);
    assert.ok(spared > 0);
    assert.equal(Math.max(...heavyWithOthers), room ? 2 : 1);
    assert.equal(mostRunning, room ? 4 : 2);
    assert.deepEqual(done.map(Number).sort((a, b) => a - b), units.map(({ files }) => Number(files[0])));
  }
});

test("describeTotals() ends with the counts alone on a line, the gate's included", () => {
  const cases = [
    { name: "a", outcome: "passed", seconds: 2 },
    { name: "b", outcome: "failed", seconds: 0.1 },
    { name: "c", outcome: "skipped", seconds: 0 },
  ] as const;
  const result: UnitResult = { unit: unit("deno"), cases, seconds: 2.1, output: "" };
  const text = describeTotals([result], [{ ok: true }, { ok: false }]);
  assert.match(text, /\n2 passed, 2 failed\n$/);
  assert.match(text, /Slowest tests\n {3}2\.0 s {2}a \(deno test\/a\/a_test\.ts\)\n/);
  assert.match(text, /Skipped\n {5}1 {4}deno test\/a\/a_test\.ts\n/);
});

/** Whether a process lives; one that has ended and waits to be collected does not. */
function alive(pid: string): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) Z /.test(readFileSync(file, "utf8"));
}
