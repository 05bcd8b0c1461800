/** Kraken's own MQTT 3.1.1 client: small, for agents, over TCP and TLS. */
import type { MqttConnect, MqttConnectionOptions } from "../connection.ts";
import { keepConnected } from "../reconnect.ts";
import { type BrokerAddress, parseBrokerUrl } from "./broker_url.ts";
import { encodePacket } from "./encode.ts";
import { openSession } from "./session.ts";

export { encodePacket, parseBrokerUrl };

/**
 * Connects with nothing but `node:net` and `node:tls`, to `mqtt:` and `mqtts:`.
 *
 * @throws {Error} If the URL is of another kind, or a field of CONNECT is too long.
 */
export const connectMqtt: MqttConnect = (options) => {
  const { topics, log, keepalive = 10 } = options;
  const broker = parseBrokerUrl(options.url);
  const greeting = greetingOf(options, broker, keepalive);
  return keepConnected(options, (events) => openSession({ topics, log, keepalive, broker, greeting }, events));
};

/** Encodes CONNECT, which is the same for every session. */
function greetingOf(
  { clientId, will }: MqttConnectionOptions,
  { username, password }: BrokerAddress,
  keepalive: number,
): Uint8Array {
  return encodePacket({
    ...{ type: "connect", clientId, keepalive },
    ...(will !== undefined && { will }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  });
}
