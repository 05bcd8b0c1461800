import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { type Running, startKraken } from "../../scripts/cluster/process.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { programCommand } from "../../scripts/runtimes.ts";

/** The size of the disk, in MiB: a store and its log fit on it. */
const SIZE = 6;
/** How often something is written until there is no room: the store's log has some room of its own. */
const TRIES = 2_000;

const skip = process.getuid?.() !== 0
  ? "Only root may mount a file system"
  : existsSync("/usr/bin/mount") || existsSync("/bin/mount")
  ? false
  : "There is no 'mount'";

/** Fills a disk to the last byte. */
function fill(disk: string): void {
  for (const size of [1 << 16, 1 << 12, 1 << 8, 1]) {
    for (;;) {
      try {
        appendFileSync(join(disk, "filler"), "x".repeat(size));
      } catch {
        break;
      }
    }
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function ask(running: Running, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${Number(running.ready["http"])}${path}`, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  return {
    status: response.status,
    type: response.headers.get("content-type") ?? "",
    text: await response.text(),
  };
}

/** Changes the cfg of n1 until that is refused. @returns The last change that was acknowledged, and the refusal. */
async function writeUntilRefused(running: Running, first: number): Promise<{ acked: number; refusal: Answer }> {
  for (let interval = first; interval < first + TRIES; interval++) {
    const services = { hostinfo: { config: { interval } } };
    const refusal = await ask(running, "PATCH", "/api/v1/nodes/n1/cfg", { services });
    if (refusal.status !== 200) return { acked: interval - 1, refusal };
  }
  throw new Error(`${TRIES} changes were taken by a disk without room`);
}

test(
  "a disk that is full: 503 with what to do, nothing acknowledged is lost by kill -9 of it, and it goes on when there is room",
  {
    skip,
  },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "kraken-disk-"));
    const disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}m`, "kraken-test", disk]);
    const start = (): Promise<Running> =>
      startKraken({
        command: [
          ...programCommand("aggregator", "source"),
          ...[
            "--cluster",
            "lab",
            "--name",
            "root",
            "--data",
            join(disk, "data"),
            "--http-port",
            "0",
            "--mqtt-port",
            "0",
          ],
        ],
        logFile: join(folder, "aggregator.log"),
      });
    let running: Running | undefined;
    try {
      running = await start();
      const services = { hostinfo: { config: { interval: 1 } } };
      const nodes = [{ name: "n1", cfg: { platform: "bench", parent: "root", services } }];
      assert.equal((await ask(running, "POST", "/api/v1/apply", { nodes })).status, 200);
      assert.equal((await ask(running, "GET", "/readyz")).status, 200);

      fill(disk);
      const first = await writeUntilRefused(running, 2);
      assert.equal(first.refusal.status, 503);
      assert.equal(first.refusal.type, "application/problem+json");
      assert.match(first.refusal.text, /Nothing was changed.*its disk is full: free some space/);
      assert.match(
        (await ask(running, "GET", "/api/v1/nodes/n1/cfg")).text,
        new RegExp(`"interval":${first.acked}\\b`),
      );
      const report = await ask(running, "PATCH", "/api/v1/nodes/n1/dsc", { busy: "BUSY" });
      assert.equal(report.status, 503);
      assert.match(report.text, /not on disk yet.*again later.*free some space/);
      const ready = await ask(running, "GET", "/readyz");
      assert.equal(ready.status, 503);
      assert.match(ready.text, /free some space/);
      assert.equal((await ask(running, "GET", "/healthz")).status, 200);
      assert.match((await ask(running, "GET", "/metrics")).text, /^kraken_store_failing 1$/m);

      rmSync(join(disk, "filler"));
      const there = running;
      await waitFor("it is ready again", async () => (await ask(there, "GET", "/readyz")).status === 200);
      assert.match((await ask(running, "GET", "/metrics")).text, /^kraken_store_failing 0$/m);
      assert.equal((await ask(running, "PATCH", "/api/v1/nodes/n1/dsc", { busy: "BUSY" })).status, 200);

      fill(disk);
      const second = await writeUntilRefused(running, first.acked + 1);
      assert.ok(second.acked >= first.acked);
      await running.kill();
      await assert.rejects(start(), /disk is full: free some space/);
      rmSync(join(disk, "filler"));
      running = await start();
      assert.match(
        (await ask(running, "GET", "/api/v1/nodes/n1/cfg")).text,
        new RegExp(`"interval":${second.acked}\\b`),
      );
      assert.match((await ask(running, "GET", "/api/v1/nodes/n1/dsc")).text, /"busy":"BUSY"/);
    } finally {
      await running?.stop();
      execFileSync("umount", [disk]);
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
