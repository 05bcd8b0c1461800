import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import mqtt from "mqtt";
import { NO_NATS, startNats } from "../../scripts/brokers/nats.ts";
import { connectMqtt } from "../../src/mqtt/client/mod.ts";
import { formatTopic } from "../../src/mqtt/mod.ts";
import { retainedLife } from "./plain_client.ts";
import { nats, PASSWORDS, urlOf } from "./real_brokers.ts";
import { CHILDREN, createTree, PARENT } from "./tree.ts";
import { until } from "../support/until.ts";

const options = { skip: NO_NATS ?? false, timeout: 60_000 };
const [N1 = ""] = CHILDREN;

test("NATS that was killed has what was retained, and all children return", options, async () => {
  const broker = await nats(0);
  const tree = await createTree(() => Promise.resolve(broker), connectMqtt);
  try {
    const [stays, gone] = [await tree.join(), await tree.join()];
    await until(() => tree.level(stays) && tree.level(gone));
    await tree.kill(gone);
    await until(() => tree.stateOf(gone) === "down");
    await broker.kill();
    await until(() => stays.link.state !== "level");
    stays.replica.write(stays.id, "self", new Map([["/away", true]]), stays.link.term);
    await broker.start();
    await until(() => tree.level(stays) && tree.selfValue(stays, "/away") === true);
    const dead = { type: "dead", from: gone.run, why: "lost" };
    assert.deepEqual(await retainedLife(tree.parentUrl, gone.id), dead);
    assert.equal(tree.stateOf(gone), "down");
  } finally {
    await tree.stop();
  }
});

test("NATS refuses a cluster with a dot in its name, as docs/how-to/trees-and-brokers.md says", options, async () => {
  const broker = await nats(0);
  const client = await mqtt.connectAsync(urlOf(broker.port, N1), { protocolVersion: 4, reconnectPeriod: 0 });
  try {
    const down = formatTopic({ cluster: "de.mo", parent: PARENT, child: N1, channel: "down" });
    await assert.rejects(client.subscribeAsync(down, { qos: 1 }), /Subscribe error/);
  } finally {
    await client.endAsync(true);
    await broker.stop();
  }
});

test("nobody joins by NATS's own protocol, in which wildcards would hear everything", options, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-nats-"));
  const broker = await startNats({ folder });
  try {
    const [, port] = /^port: (\d+)$/m.exec(readFileSync(join(folder, "nats-server.conf"), "utf8")) ?? [];
    const login = JSON.stringify({ user: N1, pass: PASSWORDS.get(N1), verbose: false });
    const socket = connect(Number(port), "127.0.0.1");
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => received += text);
    socket.write(`CONNECT ${login}\r\nPING\r\n`);
    await until(() => received.includes("-ERR") || received.includes("PONG"));
    socket.destroy();
    assert.match(received, /-ERR 'Authorization Violation'/);
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
