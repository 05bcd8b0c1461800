import { createMqttParentTransport } from "../../src/mqtt/mod.ts";
import { linkContract } from "./contract.ts";
import { NO_MOSQUITTO, startMosquitto } from "./mosquitto.ts";

linkContract("Mosquitto", async (port) => {
  const broker = await startMosquitto(port);
  return {
    port: broker.port,
    parentTransport: (options) =>
      createMqttParentTransport({ ...options, url: `mqtt://127.0.0.1:${broker.port}`, random: Math.random }),
    stop: broker.stop,
  };
}, NO_MOSQUITTO);
