import { redactUrl } from "../../redact.ts";

/** The address of a broker, and the credentials for it. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
}

/**
 * Reads `mqtt://[USER[:PASSWORD]@]HOST[:PORT]`, or `mqtts:` for TLS. The default ports are 1883 and 8883. The rest
 * of the URL is ignored.
 *
 * @throws {Error} If it is not such a URL. The message contains no user name and password.
 */
export function parseBrokerUrl(text: string): BrokerAddress {
  const shown = redactUrl(text);
  if (!URL.canParse(text)) throw new Error(`Cannot connect to '${shown}': expected a URL such as mqtt://10.0.0.1`);
  const url = new URL(text);
  if (url.protocol === "ws:" || url.protocol === "wss:") {
    throw new Error(
      `Cannot connect to '${shown}': this client does not speak MQTT over WebSocket, expected mqtt:// or mqtts://`,
    );
  }
  const tls = url.protocol === "mqtts:";
  if (!tls && url.protocol !== "mqtt:") throw new Error(`Cannot connect to '${shown}': expected mqtt:// or mqtts://`);
  if (url.hostname === "") throw new Error(`Cannot connect to '${shown}': expected a host`);
  const port = url.port === "" ? (tls ? 8883 : 1883) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1"); // an IPv6 address
  try {
    return {
      ...{ host, port, tls },
      // A password needs a user name (MQTT 3.1.1, section 3.1.2.9), which may be empty.
      ...((url.username !== "" || url.password !== "") && { username: decodeURIComponent(url.username) }),
      ...(url.password !== "" && { password: decodeURIComponent(url.password) }),
    };
  } catch {
    throw new Error(`Cannot connect to '${shown}': expected a name and password in which every % begins an escape`);
  }
}
