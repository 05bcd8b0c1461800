import { connectMqtt } from "../../src/mqtt/client/mod.ts";
import type { MqttConnect } from "../../src/mqtt/mod.ts";
import { connectMqttJs } from "../../src/mqtt/mqttjs/mod.ts";

/**
 * Connects an aggregator to a broker: with Kraken's own client, which takes half of mqtt.js' time for a message, and with
 * mqtt.js where the broker is reached over WebSocket (`ws:`, `wss:`).
 *
 * @throws {Error} When the URL is none that either can connect to.
 */
export const connectBroker: MqttConnect = (options) =>
  /^wss?:/i.test(options.url) ? connectMqttJs(options) : connectMqtt(options);
