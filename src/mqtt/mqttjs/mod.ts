/** The connection of programs that are to speak `ws:` and `wss:` too: mqtt.js. */
import type { MqttConnect } from "../connection.ts";
import { keepConnected } from "../reconnect.ts";
import { openMqttJsSession } from "./session.ts";

/** Connects through mqtt.js. Beside `mqtt:` and `mqtts:` it takes `ws:` and `wss:`. */
export const connectMqttJs: MqttConnect = (options) =>
  keepConnected(options, (events) => openMqttJsSession(options, events));
