// Starts every kind of broker, says their process ids, and is killed: for the test that they die with it.
import process from "node:process";
import { join } from "node:path";
import { startBridgedMosquittos } from "../../scripts/brokers/mosquitto.ts";
import { startNats } from "../../scripts/brokers/nats.ts";
import { nodeIdOf } from "../../src/state/mod.ts";

const [folder = ""] = process.argv.slice(2);
const rootId = nodeIdOf("demo", "top");
const pair = await startBridgedMosquittos({ folder: join(folder, "mosquitto"), cluster: "other", rootId });
const nats = await startNats({ folder: join(folder, "nats") });
process.stdout.write(`${JSON.stringify([pair.core.pid, pair.leaf.pid, nats.pid])}\n`, () => {
  process.kill(process.pid, "SIGKILL");
});
