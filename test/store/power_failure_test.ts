import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openSqliteStore } from "../../aggregator/store/mod.ts";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import { createForgetfulDisk, type DiskCall, parseTrace, TRACED } from "./disk_trace.ts";
import { commandOf, createFolder, skipSqlite } from "./support.ts";

/** Why no program can be traced here; false where one can. */
function skipTrace(): string | false {
  if (!existsSync("/usr/bin/strace")) return "strace is not installed: apt-get install strace";
  const { status } = spawnSync("/usr/bin/strace", ["-o", "/dev/null", "true"]);
  return status === 0 ? false : "programs can't be traced here";
}

/** Batches that are committed: large ones, so that SQLite moves its log into the database in between. */
const BATCHES = 18;
const SIZE = 300_000;

/** Has a program commit batches, and tells what that did to its files and what it acknowledged. */
async function traceCommits(folder: string): Promise<DiskCall[]> {
  const trace = join(folder, "trace");
  const output = join(folder, "output");
  const stdout = openSync(output, "w");
  try {
    const committer = [...commandOf("committer.ts"), join(folder, "data"), String(SIZE), String(BATCHES)];
    const args = ["-f", "-y", "-s", String(4 * SIZE), "-e", `trace=${TRACED}`, "-o", trace, ...committer];
    const child = spawn("/usr/bin/strace", args, { stdio: ["ignore", stdout, "inherit"] });
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 0);
  } finally {
    closeSync(stdout);
  }
  return parseTrace(readFileSync(trace, "latin1"), output).filter((call) =>
    call.kind === "said" || call.path.startsWith(join(folder, "data"))
  );
}

test(
  "a disk that forgets what was not synced has everything that was acknowledged, and of the rest all of a batch or nothing",
  {
    skip: skipSqlite || skipTrace(),
  },
  async () => {
    const folder = createFolder();
    const random = seededRandom(5);
    try {
      const calls = await traceCommits(folder.path);
      assert.ok(calls.some(({ kind, ...rest }) => kind === "sync" && "path" in rest && rest.path.endsWith("state.db")));
      const disk = createForgetfulDisk();
      let acknowledged = 0;
      for (const call of calls) {
        disk.apply(call);
        if (call.kind === "said") acknowledged = Number(call.line);
        // The power goes right after each acknowledgement, and now and then in the middle of things.
        if (call.kind !== "said" && random() > 0.01) continue;
        for (const share of [0, 0.5]) {
          const found = join(folder.path, "found");
          disk.found(found, () => random() < share);
          await checkFound(found, acknowledged);
        }
      }
      assert.equal(acknowledged, BATCHES);
    } finally {
      folder.remove();
    }
  },
);

async function checkFound(folder: string, acknowledged: number): Promise<void> {
  const store = await openSqliteStore(folder);
  try {
    const { documents, terms, facts, lastEvent } = store.load();
    assert.ok(
      lastEvent === acknowledged || lastEvent === acknowledged + 1,
      `${acknowledged} was acknowledged, ${lastEvent} is there`,
    );
    assert.equal(facts.get("newest") ?? 0, lastEvent);
    assert.deepEqual([documents.length, terms.size], [lastEvent, lastEvent]);
  } finally {
    store.close();
  }
}
