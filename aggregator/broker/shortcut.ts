import { Buffer } from "node:buffer";
import { encodePacket } from "../../src/mqtt/client/mod.ts";
import { type LinkTopic, parseTopic } from "../../src/mqtt/mod.ts";
import { type PlainPublish, sievePublishes } from "./publish_sieve.ts";

/** The longest packet that is put together here. */
const MAX_BYTES = 16 * 1024;

/** What carries a client. */
export interface Wire {
  /** Whether what is written has to wait, as the client does not read. */
  readonly writableNeedDrain: boolean;
  write(bytes: Uint8Array): unknown;
}

/** A client of the broker. */
export interface Peer {
  readonly connected: boolean;
  readonly closed: boolean;
  readonly conn: Wire;
}

/** What a broker tells of its clients' subscriptions: aedes is one. */
export interface SubscriptionSource {
  on(
    event: "subscribe",
    listener: (subscriptions: readonly { readonly topic: string; readonly qos: number }[], client: Peer) => void,
  ): unknown;
  on(event: "unsubscribe", listener: (topics: readonly string[], client: Peer) => void): unknown;
}

/** What the shortcut is given. */
export interface ShortcutParts {
  /** Tells whether whoever has a connection may publish to a topic. */
  mayPublish(connection: Wire, topic: LinkTopic): boolean;
  /** A client has published. */
  onPublish(topic: string, payload: Uint8Array): void;
}

/**
 * The way of what makes up nearly all traffic: frames from children to this program, and acks to them. Neither is retained,
 * matched with wildcards or kept for a session, so both go past aedes, which does all of that for each message, and what goes
 * back to a child goes in one write with the acknowledgement of what it has sent. Whatever is not as simple as that is left to
 * aedes: also everything to and from a child that does not read what it is sent.
 */
export interface Shortcut {
  /** Takes what may be taken from bytes of a connection that begin with a packet. @returns What is left for aedes. */
  sieve(socket: Wire, client: Peer, bytes: Uint8Array): Uint8Array | undefined;
  /** Publishes with QoS 0, not retained. @returns False where it is not for here. */
  publish(topic: string, payload: Uint8Array): boolean;
}

/** What is known of a connection. */
interface Known {
  /** The topic of the last packet that was taken, which nearly always is that of the next. */
  readonly bytes: Uint8Array;
  readonly text: string;
  /** Its parts, where this program alone listens to it. */
  readonly up: LinkTopic | undefined;
}

/** Makes a shortcut beside an aedes. */
export function createShortcut(aedes: SubscriptionSource, parts: ShortcutParts): Shortcut {
  const known = new WeakMap<Wire, Known>();
  /** Who subscribes to a topic. Filters have no wildcards. */
  const subscribers = new Map<string, Set<Peer>>();
  /** Whose packets are being taken, and what is to be written to it after that. */
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
