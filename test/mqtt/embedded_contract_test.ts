import { createLog } from "../../src/log.ts";
import { createLocalParentTransport } from "../../src/mqtt/mod.ts";
import { startEmbeddedBroker } from "../../aggregator/broker/embedded.ts";
import { linkContract } from "./contract.ts";
import { CLUSTER } from "./tree.ts";

linkContract("embedded broker", async (port) => {
  const broker = await startEmbeddedBroker({ cluster: CLUSTER, port, log: createLog(() => {}) });
  return {
    port: broker.port,
    parentUrl: broker.url,
    parentTransport: (options) => createLocalParentTransport(broker, options),
    stop: broker.close,
  };
});
