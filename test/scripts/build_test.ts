import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { stop } from "esbuild";
import { buildBundle } from "../../scripts/build/bundle.ts";
import { compileBun, compileSea } from "../../scripts/build/compile.ts";
import { runCommand } from "../../scripts/command.ts";
import { type How, programCommand, ROOT } from "../../scripts/runtimes.ts";

// A program of the project's own kind: CommonJS dependencies, CBOR without its add-on, a path made of import.meta.url.
const SOURCE = { name: "fixture", entry: join(ROOT, "test/scripts/fixture_program.ts") };

after(() => stop());

async function outputOf(how: How, file: string): Promise<string> {
  const { code, output } = await runCommand([...programCommand("agent", how, file), "--version"], { cwd: "/" });
  assert.equal(code, 0, output);
  return output;
}

test("buildBundle() makes one file that runs on Deno, Node and Bun", async () => {
  const bundle = await buildBundle(SOURCE);
  for (const how of ["bundle-deno", "bundle-node", "bundle-bun"] as const) {
    assert.equal(await outputOf(how, bundle), "fixture 1.0: 131072 bytes decoded, mqtt function\n", how);
  }
});

test("compileBun() makes a single binary", async () => {
  assert.equal(
    await outputOf("binary-bun", await compileBun(SOURCE)),
    "fixture 1.0: 131072 bytes decoded, mqtt function\n",
  );
});

test("compileSea() makes a single binary that prints no warning", async () => {
  assert.equal(
    await outputOf("binary-sea", await compileSea(SOURCE)),
    "fixture 1.0: 131072 bytes decoded, mqtt function\n",
  );
});

test("buildBundle() gives callers at the same moment the same file", async () => {
  const files = await Promise.all(Array.from({ length: 4 }, () => buildBundle(SOURCE)));
  assert.equal(new Set(files).size, 1);
});

test("the agent's bundle has its own MQTT client, and nothing of mqtt.js", async () => {
  const [agent, aggregator] = [await buildBundle("agent"), await buildBundle("aggregator")].map((file) =>
    readFileSync(file, "utf8")
  );
  for (const word of ["mqttjs", "mqtt-packet", "readable-stream", "permessage-deflate"]) {
    assert.ok(aggregator?.includes(word), `The aggregator's bundle has no ${word}: what does mqtt.js look like now?`);
    assert.ok(!agent?.includes(word), word);
  }
  assert.match(agent ?? "", /MalformedPacketError/);
});

test("buildBundle() names what can't be resolved", async () => {
  const gone = { name: "gone", entry: join(ROOT, "test/scripts/gone.ts") };
  await assert.rejects(buildBundle(gone), /Could not resolve ".*test\/scripts\/gone\.ts"/);
});
