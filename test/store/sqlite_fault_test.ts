import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openSqliteStore } from "../../aggregator/store/mod.ts";
import { commandOf, createFolder, skipSqlite } from "./support.ts";

/** The longest that a child may take, in milliseconds. */
const LIMIT = 240_000;
const KILLS = 10;

/** Makes sure that everything up to an acknowledged number is there, and each batch whole or not at all. */
async function checkStored(path: string, acknowledged: number): Promise<void> {
  const store = await openSqliteStore(path);
  try {
    const { documents, terms, facts, lastEvent } = store.load();
    assert.ok(lastEvent >= acknowledged, `${acknowledged} was acknowledged, ${lastEvent} is the last that is there`);
    assert.ok(lastEvent <= acknowledged + 1, "more is there than was begun");
    assert.equal(facts.get("newest") ?? 0, lastEvent);
    assert.equal(documents.length, lastEvent);
    assert.equal(terms.size, lastEvent);
    assert.equal(store.events(0, lastEvent + 1).length, lastEvent);
  } finally {
    store.close();
  }
}

test(
  `kill -9 at any moment loses nothing acknowledged (${KILLS} times)`,
  { skip: skipSqlite, timeout: LIMIT },
  async () => {
    const folder = createFolder();
    const [command, ...args] = commandOf("committer.ts");
    let acknowledged = 0;
    try {
      for (let round = 0; round < KILLS; round += 1) {
        const child = spawn(command, [...args, folder.path], { stdio: ["ignore", "pipe", "inherit"] });
        const enough = acknowledged + 1 + Math.floor(Math.random() * 50);
        const ended = once(child, "close");
        for await (const line of createInterface({ input: child.stdout })) {
          acknowledged = Number(line);
          if (acknowledged >= enough) child.kill("SIGKILL");
        }
        await ended;
        assert.equal(child.signalCode, "SIGKILL");
        assert.ok(acknowledged >= enough);
        await checkStored(folder.path, acknowledged);
      }
    } finally {
      folder.remove();
    }
  },
);

test("a disk that is full refuses the batch, applies nothing of it and keeps the rest", {
  skip: skipSqlite || (process.platform === "linux" ? false : "needs ulimit -f and a signal to ignore"),
  timeout: LIMIT,
}, async () => {
  const folder = createFolder();
  try {
    // Files may not grow beyond 4 MiB (8,192 blocks of 512 bytes); with the signal ignored, writing just fails.
    const child = spawn("sh", [
      "-c",
      'trap "" XFSZ; ulimit -f 8192; exec "$0" "$@"',
      ...commandOf("committer.ts"),
      folder.path,
      "300000",
      "100",
    ], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "close");
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) lines.push(line);
    await ended;
    const acknowledged = lines.length - 1;
    assert.ok(acknowledged > 0, lines.join("\n"));
    const last: { failed: string; after: unknown } = JSON.parse(lines.at(-1) ?? "");
    assert.match(last.failed, /^Cannot write to the store '.*state\.db': .*(full|disk I\/O error)/);
    assert.deepEqual(last.after, { newest: acknowledged, lastEvent: acknowledged, documents: acknowledged });
    await checkStored(folder.path, acknowledged);
  } finally {
    folder.remove();
  }
});
