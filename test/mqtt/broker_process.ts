// A program that starts a broker, fails to start another one beside it, and closes the first: then nothing keeps it running.
import process from "node:process";
import { startEmbeddedBroker } from "../../aggregator/broker/embedded.ts";
import { createLog } from "../../src/log.ts";
import { CLUSTER } from "./tree.ts";

const log = createLog(() => {});
const broker = await startEmbeddedBroker({ cluster: CLUSTER, port: 0, log });
await startEmbeddedBroker({ cluster: CLUSTER, port: broker.port, log }).catch(() => process.stdout.write("refused "));
await broker.close();
process.stdout.write("closed");
