/** The MQTT connection of programs that also support `ws:` and `wss:`, based on mqtt.js. */
import type { MqttConnect } from "../connection.ts";
import { keepConnected } from "../reconnect.ts";
import { openMqttJsSession } from "./session.ts";

/** Connects through mqtt.js, which supports `ws:` and `wss:` in addition to `mqtt:` and `mqtts:`. */
export const connectMqttJs: MqttConnect = (options) =>
  keepConnected(options, (events) => openMqttJsSession(options, events));
