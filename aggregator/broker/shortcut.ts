import { Buffer } from "node:buffer";
import { encodePacket } from "../../src/mqtt/client/mod.ts";
import { type LinkTopic, parseTopic } from "../../src/mqtt/mod.ts";
import { type PlainPublish, sievePublishes } from "./publish_sieve.ts";

/** The longest packet that is composed here, in bytes. */
const MAX_BYTES = 16 * 1024;

/** The connection of a client. */
export interface Wire {
  /** Whether written data has to wait because the client does not read. */
  readonly writableNeedDrain: boolean;
  write(bytes: Uint8Array): unknown;
}

/** A client of the broker. */
export interface ShortcutPeer {
  readonly connected: boolean;
  readonly closed: boolean;
  readonly conn: Wire;
}

/** The subscriptions of a broker, such as aedes. */
export interface SubscriptionSource {
  on(
    event: "subscribe",
    listener: (
      subscriptions: readonly { readonly topic: string; readonly qos: number }[],
      client: ShortcutPeer,
    ) => void,
  ): unknown;
  on(event: "unsubscribe", listener: (topics: readonly string[], client: ShortcutPeer) => void): unknown;
}

/** What the shortcut depends on. */
export interface ShortcutParts {
  /** Tells whether a connection may publish to a topic. */
  mayPublish(connection: Wire, topic: LinkTopic): boolean;
  /** Called for each message that a client has published. */
  onPublish(topic: string, payload: Uint8Array): void;
}

/**
 * A fast path for nearly all traffic: frames from children to this program, and acks to them. None of these is
 * retained, matched with wildcards or stored for a session. So they bypass aedes, which does all of that for each
 * message, and an ack leaves in one write with the acknowledgement of what the child has sent. Everything else is left
 * to aedes, including traffic of a child that does not read.
 */
export interface Shortcut {
  /** Handles what it can of bytes that begin with a packet. @returns The rest for aedes. */
  sieve(socket: Wire, client: ShortcutPeer, bytes: Uint8Array): Uint8Array | undefined;
  /** Publishes with QoS 0, not retained. @returns False if aedes must do it. */
  publish(topic: string, payload: Uint8Array): boolean;
}

/** What is known about a connection. */
interface Known {
  /** The topic of the last packet, which nearly always is that of the next one. */
  readonly bytes: Uint8Array;
  readonly text: string;
  /** Its parts, if only this program listens to it. */
  readonly up: LinkTopic | undefined;
}

/**
 * Creates a shortcut beside `aedes`.
 *
 * @param parts What it depends on.
 */
export function createShortcut(aedes: SubscriptionSource, parts: ShortcutParts): Shortcut {
  const known = new WeakMap<Wire, Known>();
  /** The subscribers of each topic. Filters have no wildcards. */
  const subscribers = new Map<string, Set<ShortcutPeer>>();
  /** The connection whose packets are being handled, and what to write to it afterwards. */
  let speaking: Wire | undefined;
  let answers: Uint8Array[] = [];

  aedes.on("subscribe", (subscriptions, client) => {
    for (const { topic, qos } of subscriptions) {
      if (qos > 2) continue; // refused
      const all = subscribers.get(topic);
      if (all === undefined) subscribers.set(topic, new Set([client]));
      else all.add(client);
    }
  });
  aedes.on("unsubscribe", (topics, client) => {
    for (const topic of topics) {
      const all = subscribers.get(topic);
      all?.delete(client);
      if (all?.size === 0) subscribers.delete(topic);
    }
  });

  function read(socket: Wire, bytes: Uint8Array): Known {
    const last = known.get(socket);
    if (last !== undefined && Buffer.compare(last.bytes, bytes) === 0) return last;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    const topic = parseTopic(text);
    const next = { bytes: Uint8Array.from(bytes), text, up: topic?.channel === "up" ? topic : undefined };
    known.set(socket, next);
    return next;
  }

  function take(socket: Wire, { topic: bytes, payload, id }: PlainPublish): boolean {
    const { text, up } = read(socket, bytes);
    if (up === undefined || !parts.mayPublish(socket, up)) return false;
    if (id !== undefined) answers.push(Uint8Array.of(0x40, 2, id >> 8, id & 0xff)); // PUBACK, section 3.4
    parts.onPublish(text, payload);
    return true;
  }

  function write(socket: Wire, bytes: Uint8Array): void {
    if (socket === speaking) answers.push(bytes);
    else socket.write(bytes);
  }

  return {
    sieve(socket, client, bytes) {
      if (!client.connected || client.closed || socket.writableNeedDrain) return bytes;
      speaking = socket;
      answers = [];
      try {
        return sievePublishes(bytes, (publish) => take(socket, publish));
      } finally {
        speaking = undefined;
        const [answer] = answers;
        if (answer !== undefined) socket.write(answers.length === 1 ? answer : Buffer.concat(answers));
      }
    },
    publish(topic, payload) {
      const clients = subscribers.get(topic);
      if (clients === undefined || payload.length > MAX_BYTES) return false;
      for (const { conn } of clients) if (conn.writableNeedDrain) return false;
      const packet = encodePacket({ type: "publish", topic, payload, retain: false });
      for (const { conn } of clients) write(conn, packet);
      return true;
    },
  };
}
