import { connectMqtt } from "../../src/mqtt/client/mod.ts";
import type { MqttConnect } from "../../src/mqtt/mod.ts";
import { connectMqttJs } from "../../src/mqtt/mqttjs/mod.ts";

/** What implements a connection, by the name that tests show. */
export const CLIENTS: Readonly<Record<"mqtt.js" | "own client", MqttConnect>> = {
  "mqtt.js": connectMqttJs,
  "own client": connectMqtt,
};
