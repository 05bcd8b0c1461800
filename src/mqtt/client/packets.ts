// The packets of MQTT 3.1.1 that a client needs which publishes and subscribes with QoS 0 and 1 in clean sessions. Sections are
// those of the OASIS standard: http://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html

/** Introduces the client, with a clean session (section 3.1). */
export interface ConnectPacket {
  readonly type: "connect";
  readonly clientId: string;
  /** Seconds, 0 to 65535 (section 3.1.2.10); 0 is never. */
  readonly keepalive: number;
  readonly username?: string;
  /** Only with a user name. */
  readonly password?: string;
  /** Published with QoS 1, retained (section 3.1.2.5). */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
}

/** The server's answer to CONNECT (section 3.2). */
export interface ConnackPacket {
  readonly type: "connack";
  /** The server has kept a session. */
  readonly sessionPresent: boolean;
  /** 0 for accepted, 1 to 5 for refused; others are reserved (section 3.2.2.3). */
  readonly code: number;
}

/** A message (section 3.3). */
export interface PublishPacket {
  readonly type: "publish";
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  /** 1 to 65535: QoS 1, to be acknowledged. Absent: QoS 0. */
  readonly id?: number;
}

/** Acknowledges a message (section 3.4). */
export interface PubackPacket {
  readonly type: "puback";
  readonly id: number;
}

/** Subscribes with QoS 1 (section 3.8). */
export interface SubscribePacket {
  readonly type: "subscribe";
  readonly id: number;
  /** At least one. */
  readonly filters: readonly string[];
}

/** The server's answer to SUBSCRIBE (section 3.9). */
export interface SubackPacket {
  readonly type: "suback";
  readonly id: number;
  /** For each filter the QoS that was granted, or 128 for a refusal. */
  readonly codes: readonly number[];
}

/** A packet without a body: a ping (section 3.12), its answer (3.13), or a clean disconnect (3.14). */
export interface BarePacket<Type extends "pingreq" | "pingresp" | "disconnect"> {
  readonly type: Type;
}

/** A message that exceeds the reader's limit: its payload was skipped. */
export interface OversizedPacket {
  readonly type: "oversized";
  readonly topic: string;
  /** Bytes of the packet after its fixed header. */
  readonly length: number;
  /** As in {@link PublishPacket}. */
  readonly id?: number;
}

/** Packets that a client sends. */
export type ClientPacket =
  | ConnectPacket
  | PublishPacket
  | PubackPacket
  | SubscribePacket
  | BarePacket<"pingreq">
  | BarePacket<"disconnect">;

/** Packets that a client accepts from a server. */
export type ServerPacket =
  | ConnackPacket
  | PublishPacket
  | PubackPacket
  | SubackPacket
  | BarePacket<"pingresp">
  | OversizedPacket;

/** The largest remaining length that four bytes can encode (section 2.2.3). */
export const MAX_REMAINING_LENGTH = 268_435_455;

/** Numbers of the control packet types (section 2.2.1). */
export const PACKET_TYPES = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;
