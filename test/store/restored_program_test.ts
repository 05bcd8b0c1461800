import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSqliteStore } from "../../aggregator/store/mod.ts";
import { type Entry, nodeIdOf } from "../../src/state/mod.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";
import { skipSqlite } from "./support.ts";
import { at } from "../support/versions.ts";

const command = await runtimeArguments(fileURLToPath(new URL("../../aggregator/main.ts", import.meta.url)));

/** Runs kraken-aggregator on a folder to its end. */
function run(folder: string, ...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...command, "--cluster", "demo", "--data", folder, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

function facet(values: Record<string, Entry["value"]>): Map<string, Entry> {
  return new Map(Object.entries(values).map(([url, value]) => [url, { value, version: at(3, 1) }]));
}

test(
  "kraken-aggregator --restored prepares the root's folder and ends, and says what to do next",
  { skip: skipSqlite },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "kraken-restored-"));
    const root = nodeIdOf("demo", "root");
    const n1 = nodeIdOf("demo", "n1");
    try {
      const backup = await openSqliteStore(folder);
      const none = { parent: new Map<string, Entry>(), self: new Map<string, Entry>() };
      const n1Cfg = facet({ "/name": "n1", "/parent": "root", "/assignment": { number: 2, parent: root } });
      backup.commit({
        facts: new Map<string, string | number>([["cluster", "demo"], ["name", "root"], ["run", 3]]),
        documents: [
          {
            document: { id: root, facets: { cfg: facet({ "/name": "root", "/role": "AGGREGATOR" }), ...none } },
            facets: ["cfg"],
          },
          { document: { id: n1, facets: { cfg: n1Cfg, ...none } }, facets: ["cfg"] },
        ],
      });
      backup.close();

      const refused = await run(folder, "--restored", "--parent", "row1");
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /Option '--restored' is given with '--parent': expected it at the root alone\./);

      const done = await run(folder, "--restored");
      assert.equal(done.stderr, "");
      assert.equal(done.code, 0);
      assert.match(done.stdout, /^The backup has 1 node, and is frozen\. .*krakenctl thaw\n$/);

      const store = await openSqliteStore(folder);
      const { documents, facts, lastEvent } = store.load();
      store.close();
      assert.equal(facts.get("run"), 10_003);
      assert.equal(facts.get("frozen"), true);
      assert.equal(lastEvent, 1_000_001);
      const cfg = documents.find(({ id }) => id === n1)?.facets.cfg;
      assert.deepEqual([...cfg ?? []], [
        ["/name", { value: "n1", version: at(10_003, 1) }],
        ["/parent", { value: "root", version: at(10_003, 1) }],
        ["/assignment", { value: { number: 34, parent: root }, version: at(10_003, 1) }],
        ["/restored", { value: 10_003, version: at(10_003, 1) }],
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test("kraken-aggregator --restored refuses a folder in which nothing is", { skip: skipSqlite }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "kraken-restored-"));
  try {
    const { code, stderr } = await run(folder, "--restored");
    assert.equal(code, 1);
    assert.match(stderr, /The store is empty: expected the root's, as it was backed up/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
