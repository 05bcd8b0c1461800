import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fillIn } from "../../scripts/brokers/fill_in.ts";
import { startMosquitto } from "../../scripts/brokers/mosquitto.ts";
import { runCommand } from "../../scripts/command.ts";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { withTree } from "./fixture.ts";

test("fillIn() replaces every occurrence, all at once", () => {
  assert.equal(fillIn("a b a.c", { a: "b", b: "a", "a.c": "d" }), "b a d");
  assert.equal(fillIn("a", {}), "a");
});

test("fillIn() refuses a text that the file does not have", () => {
  assert.throws(() => fillIn("listener 1883", { "listener 1884": "x", listener: "y" }), {
    name: "RangeError",
    message: 'Cannot fill in "listener 1884" as the file does not have it',
  });
});

test("brokers die with the process that started them, even when it is killed", () =>
  withTree({}, async (folder) => {
    const program = join(ROOT, "test/scripts/fixture_brokers.ts");
    const { output, leftovers } = await runCommand(
      [denoPath(), "run", "-A", "--quiet", "--no-check", "--config", DENO_CONFIG, program, folder],
      { timeout: 60_000 },
    );
    const pids: unknown = JSON.parse(output);
    assert.ok(Array.isArray(pids) && pids.length === 3, output);
    assert.deepEqual(leftovers, []);
    for (const pid of pids) assert.equal(isAlive(Number(pid)), false);

    // What ran was made for the names that were given.
    const leaf = readFileSync(join(folder, "mosquitto/leaf/mosquitto.conf"), "utf8");
    assert.match(leaf, new RegExp(`^topic kraken/1/other/${nodeIdOf("demo", "top")}/\\+/up out 1$`, "m"));
    assert.doesNotMatch(leaf, /kraken\/1\/demo|remote_password|^password_file/m);
  }));

test("a broker that was killed starts again on its port, and no other starts there", () =>
  withTree({}, async (folder) => {
    const first = await startMosquitto({ folder: join(folder, "first") });
    try {
      await first.kill();
      await first.start();
      await assert.rejects(startMosquitto({ folder: join(folder, "second"), port: first.port }), {
        message: `Cannot start a broker on 127.0.0.1:${first.port} as the port is in use`,
      });
    } finally {
      await first.stop();
    }
  }));

/** A process that has ended but was not yet collected by its parent has no command line. */
function isAlive(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && readFileSync(file, "utf8") !== "";
}
