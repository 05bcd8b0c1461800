import { createRequire } from "node:module";
import { connect as connectTcp, type Socket } from "node:net";
import { type Clock, systemClock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { errorText } from "../../toolkit/mod.ts";
import type { MqttConnectionOptions } from "../connection.ts";
import { CONNECT_TIMEOUT_MS, END_TIMEOUT_MS, type MqttSession, type SessionEvents } from "../session.ts";
import type { BrokerAddress } from "./broker_url.ts";
import { createPacketDecoder } from "./decoder.ts";
import { encodePacket } from "./encode.ts";
import { type KeepAlive, startKeepAlive } from "./keep_alive.ts";
import type { ClientPacket, ServerPacket } from "./packets.ts";

/** The highest packet identifier; 0 is none (MQTT 3.1.1, section 2.3.1). */
const MAX_ID = 0xffff;

/**
 * Returns the next packet identifier that is not in use.
 *
 * @param last 0 to 65,535.
 * @param used Those that wait for an acknowledgement: fewer than 65,535, because unacknowledged messages are limited.
 */
export function nextPacketId(last: number, used: { has(id: number): boolean }): number {
  let id = last;
  do id = id % MAX_ID + 1; while (used.has(id));
  return id;
}

/**
 * Opens a socket to a broker. With TLS, it is ready when the broker's certificate has been checked against the authorities that the
 * runtime trusts and those of `NODE_EXTRA_CA_CERTS`, for the host of the URL.
 *
 * @param onReady Called once, when bytes may be written.
 */
export function openSocket({ host, port, tls }: BrokerAddress, onReady: () => void): Socket {
  const socket = tls ? connectTls(host, port, onReady) : connectTcp({ host, port }, onReady);
  socket.setNoDelay(true); // packets are whole when they are written: none waits for the next one
  return socket;
}

/** Loads TLS only if it is needed: in Node it takes a tenth of an agent's start. */
function connectTls(host: string, port: number, onReady: () => void): Socket {
  const { connect }: typeof import("node:tls") = createRequire(import.meta.url)("node:tls");
  return connect({ host, port }, onReady);
}

/** The longest packet that is read completely, in bytes; the payload of a longer one is skipped. Frames are shorter. */
const MAX_PACKET_BYTES = 512 * 1024;
/** Bytes above the limit of unacknowledged messages that may wait for a broker that does not read; beyond them, the session ends. */
const MAX_BACKLOG_BYTES = 80 * 1024 * 1024;
/** Meanings of CONNACK's return codes (MQTT 3.1.1, section 3.2.2.3). */
const REFUSALS: { readonly [code: number]: string } = {
  1: "MQTT 3.1.1",
  2: "the client id",
  3: "clients for now",
  4: "the user name or password",
  5: "this client: not authorized",
};

/** Options of a session. */
export interface SessionOptions extends Pick<MqttConnectionOptions, "topics"> {
  readonly broker: BrokerAddress;
  /** The bytes of CONNECT. */
  readonly greeting: Uint8Array;
  /** Seconds. */
  readonly keepalive: number;
  readonly log: Log;
  /** The clock for time limits. @default The system's. */
  readonly clock?: Pick<Clock, "after">;
}

/** Opens a session over a socket of its own. */
export function openSession(options: SessionOptions, events: SessionEvents): MqttSession {
  const { topics, log, clock = systemClock } = options;
  const decoder = createPacketDecoder(MAX_PACKET_BYTES);
  /** Messages that wait for a PUBACK, by packet identifier. */
  const unacknowledged = new Map<number, (taken: boolean) => void>();
  let lastId = 0;
  let state: "connecting" | "subscribing" | "up" | "ending" | "closed" = "connecting";
  let problem: string | undefined;
  let alive: KeepAlive | undefined;
  let cancelTimer = startTimer();
  const socket = openSocket(options.broker, () => write(options.greeting));
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      const wasEnded = state === "ending";
      state = "closed";
      cancelTimer();
      alive?.stop();
      events.onClosed(wasEnded ? undefined : problem ?? "The broker has closed the connection");
      resolve();
    });
  });
  socket.on("error", (error) => problem ??= error.message);
  socket.on("data", (chunk: Uint8Array) => {
    alive?.received();
    try {
      socket.cork(); // acknowledgements go together
      for (const packet of decoder.push(chunk)) {
        if (state === "ending" || socket.destroyed) return;
        take(packet);
      }
    } catch (error) {
      fail(errorText(error));
    } finally {
      socket.uncork();
    }
  });

  function startTimer(): () => void {
    return clock.after(CONNECT_TIMEOUT_MS, () => fail("The broker does not answer"));
  }

  function fail(why: string): void {
    problem ??= why;
    socket.destroy();
  }

  function write(bytes: Uint8Array, onWritten?: (error?: Error | null) => void): void {
    if (socket.destroyed) return;
    alive?.sent();
    socket.write(bytes, onWritten);
    if (socket.writableLength > MAX_BACKLOG_BYTES) fail("The broker does not read");
  }

  function send(packet: ClientPacket): void {
    write(encodePacket(packet));
  }

  function nextId(): number {
    return lastId = nextPacketId(lastId, unacknowledged);
  }

  function take(packet: ServerPacket): void {
    // Section 3.2: CONNACK is the first packet, and comes once.
    if ((packet.type === "connack") !== (state === "connecting")) return fail(`Unexpected packet '${packet.type}'`);
    switch (packet.type) {
      case "connack":
        if (packet.code !== 0) return fail(`The broker refuses ${REFUSALS[packet.code] ?? `with code ${packet.code}`}`);
        return accepted();
      case "suback":
        return subscribed(packet.codes);
      case "puback": {
        const settle = unacknowledged.get(packet.id);
        unacknowledged.delete(packet.id);
        return settle?.(true);
      }
      case "publish":
        events.onMessage(packet.topic, packet.payload);
        return acknowledge(packet.id);
      case "oversized":
        log.warn("Dropped a message that is too large", { topic: packet.topic, bytes: packet.length });
        return acknowledge(packet.id);
      case "pingresp":
        return; // that there is something is all it says
      default:
        packet satisfies never;
    }
  }

  function acknowledge(id: number | undefined): void {
    // The listener may have ended the session.
    if (id !== undefined && state !== "ending") send({ type: "puback", id });
  }

  function accepted(): void {
    state = "subscribing";
    cancelTimer();
    cancelTimer = startTimer();
    alive = startKeepAlive(options.keepalive, {
      ping: () => send({ type: "pingreq" }),
      onSilent: () => fail("The broker does not answer a ping"),
    }, clock);
    send({ type: "subscribe", id: nextId(), filters: topics });
  }

  function subscribed(codes: readonly number[]): void {
    if (state !== "subscribing" || codes.length !== topics.length) return fail("Unexpected packet 'suback'");
    const refused = topics.filter((_topic, index) => codes[index] === 128);
    if (refused.length > 0) return fail(`Cannot subscribe: The broker refuses '${refused.join("', '")}'`);
    state = "up";
    cancelTimer();
    events.onUp();
  }

  return {
    publish(topic, payload, { qos, retain }, settle) {
      if (qos === 0) {
        const bytes = encodePacket({ type: "publish", topic, payload, retain });
        return write(bytes, (error) => settle(!error));
      }
      const id = nextId();
      unacknowledged.set(id, settle);
      send({ type: "publish", topic, payload, retain, id });
    },
    end() {
      if (state === "up" || state === "subscribing") {
        send({ type: "disconnect" });
        cancelTimer();
        cancelTimer = clock.after(END_TIMEOUT_MS, () => socket.destroy());
        state = "ending";
        socket.end();
      } else if (state === "connecting") {
        state = "ending";
        socket.destroy();
      }
      return closed;
    },
  };
}
