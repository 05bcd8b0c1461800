import assert from "node:assert/strict";
import { test } from "node:test";
import mqtt from "mqtt";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { startKraken } from "../../scripts/cluster/process.ts";
import { programCommand } from "../../scripts/runtimes.ts";
import { formatTopic } from "../../src/mqtt/mod.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { encodeFrame } from "../../src/sync/mod.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Lab, withLab } from "./lab.ts";
import { at } from "../support/versions.ts";

/** The cluster goes on: another change is carried out. */
async function goesOn(lab: Lab, name: string): Promise<void> {
  assert.equal(
    (await lab.request("PATCH", `/nodes/${name}/cfg`, { services: { beat: { state: "STOP" } } })).status,
    200,
  );
  await lab.converge();
  assert.equal(
    (await lab.request("PATCH", `/nodes/${name}/cfg`, { services: { beat: { state: "RUN" } } })).status,
    200,
  );
  await lab.converge();
}

test("bad input gets a clear error, nothing of it is taken, and the cluster goes on", async () => {
  await withLab({ count: 2 }, async (lab) => {
    await lab.askForSync();
    await lab.converge();

    // A PATCH with a wrong value: 422 that names field, value and what was expected.
    const before = await lab.request("GET", "/nodes/n1/cfg");
    const wrong = await lab.request("PATCH", "/nodes/n1/cfg", { physState: "ON", runState: "SYNC" });
    assert.equal(wrong.status, 422);
    assert.match(
      JSON.stringify(wrong.body),
      /physState is \\"ON\\": expected one of PHYS_UNKNOWN, POWER_OFF, POWER_ON/,
    );
    assert.deepEqual((await lab.request("GET", "/nodes/n1/cfg")).body, before.body);
    await goesOn(lab, "n1");

    // Frames on the broker from a client that could be a child: malformed, and oversized.
    const client = mqtt.connect(lab.cluster.broker, { protocolVersion: 4, reconnectPeriod: 0 });
    await new Promise<void>((resolve) => client.once("connect", () => resolve()));
    const parts = { cluster: "lab", parent: nodeIdOf("lab", "root"), child: nodeIdOf("lab", "n1") };
    const up = formatTopic({ ...parts, channel: "up" });
    for (const malformed of [[0xff], [0xbf, 0x61], [0xa1, 0x61, 0x76, 0x01], [0xc0, 0x01], []]) {
      await client.publishAsync(up, Buffer.from(malformed), { qos: 1 });
    }
    // Well-formed, but nobody's: a run that was never welcomed claims to be one.
    const id = nodeIdOf("lab", "n1");
    const foreign = encodeFrame({
      type: "data",
      from: "nobody",
      to: "nobody",
      since: 0,
      upTo: 1,
      newest: 1,
      documents: [{ id, facets: { parent: new Map([["/physState", { value: "POWER_OFF", version: at(99, 1) }]]) } }],
    });
    await client.publishAsync(up, Buffer.from(foreign), { qos: 1 });
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.on("error", () => {}); // it is thrown out
    client.publish(up, Buffer.alloc(2 * 1024 * 1024), { qos: 1 });
    await closed;
    await waitFor("what was dropped is in the log", () => {
      const log = readFileSync(join(lab.cluster.folder, "aggregator.log"), "utf8");
      return /Dropped a message/.test(log) && /Packet is larger than 524288 bytes/.test(log);
    });
    assert.equal((await lab.node("n1")).physState, "POWER_ON");
    await goesOn(lab, "n1");
    for (const name of lab.names) assert.equal((await lab.power(name)).powerOff, 0);

    // A port in use: the second program says which, and what to do.
    const port = new URL(lab.cluster.api).port;
    const second = startKraken({
      command: [
        ...programCommand("aggregator", "source"),
        ...["--cluster", "lab", "--data", join(lab.cluster.folder, "second"), "--http-port", port, "--mqtt-port", "0"],
      ],
      logFile: join(lab.cluster.folder, "second.log"),
    });
    await assert.rejects(second, (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /code 1/);
      assert.match(
        error.message,
        new RegExp(`Cannot listen on 127.0.0.1:${port} as the port is in use: stop the other`),
      );
      return true;
    });
    await goesOn(lab, "n2");
  });
});
