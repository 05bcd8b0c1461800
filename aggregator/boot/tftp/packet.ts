/** A TFTP packet (RFC 1350, section 5; options by RFC 2347). Option names are in lower case. */
export type TftpPacket =
  | { readonly op: "read" | "write"; readonly file: string; readonly mode: string; readonly options: TftpOptions }
  | { readonly op: "data"; readonly block: number; readonly data: Uint8Array }
  | { readonly op: "ack"; readonly block: number }
  | { readonly op: "error"; readonly code: number; readonly message: string }
  | { readonly op: "oack"; readonly options: TftpOptions };

/** Options by name, in the order in which they were sent. */
export type TftpOptions = ReadonlyMap<string, string>;

/** Error codes of RFC 1350 and RFC 2347. */
export const TFTP_ERROR = { undefined: 0, notFound: 1, access: 2, illegal: 4, unknownId: 5, options: 8 } as const;

/** The result of {@link decodeTftp}. */
export type DecodedTftp = { readonly ok: true; readonly packet: TftpPacket } | {
  readonly ok: false;
  readonly problem: string;
  /** The sender waits for an answer. */
  readonly isRequest: boolean;
};

/** A request is at most so long (RFC 2347), and so is what else has texts in it. */
const MAX_TEXT_PACKET = 512;
const MAX_OPTIONS = 16;
/** Header and the largest block (RFC 2348). */
const MAX_DATA_PACKET = 4 + 65_464;

const OPCODES = { read: 1, write: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

/** Takes a packet in from a network. Never throws: whatever is wrong with the bytes is told. */
export function decodeTftp(bytes: Uint8Array): DecodedTftp {
  if (bytes.length < 2) return wrong(`Packet has ${bytes.length} bytes: expected at least 2`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const opcode = view.getUint16(0);
  switch (opcode) {
    case OPCODES.read:
    case OPCODES.write:
      return decodeRequest(opcode === OPCODES.read ? "read" : "write", bytes);
    case OPCODES.data:
      if (bytes.length < 4 || bytes.length > MAX_DATA_PACKET) return wrong(`DATA has ${bytes.length} bytes`);
      return { ok: true, packet: { op: "data", block: view.getUint16(2), data: bytes.slice(4) } };
    case OPCODES.ack:
      if (bytes.length < 4) return wrong(`ACK has ${bytes.length} bytes: expected 4`);
      return { ok: true, packet: { op: "ack", block: view.getUint16(2) } };
    case OPCODES.error: {
      if (bytes.length < 4 || bytes.length > MAX_TEXT_PACKET) return wrong(`ERROR has ${bytes.length} bytes`);
      const [message = ""] = textsOf(bytes.subarray(4));
      return { ok: true, packet: { op: "error", code: view.getUint16(2), message } };
    }
    case OPCODES.oack:
      if (bytes.length > MAX_TEXT_PACKET) return wrong(`OACK has ${bytes.length} bytes`);
      return { ok: true, packet: { op: "oack", options: optionsOf(textsOf(bytes.subarray(2))) } };
    default:
      return wrong(`Opcode is ${opcode}: expected 1 to 6`);
  }
}

function wrong(problem: string, isRequest = false): DecodedTftp {
  return { ok: false, problem, isRequest };
}

/** Old ROMs end names with more than one NUL, with 0xff, or fill the packet up: none of that is a part of a name. */
function decodeRequest(op: "read" | "write", bytes: Uint8Array): DecodedTftp {
  if (bytes.length > MAX_TEXT_PACKET) {
    return wrong(`Request has ${bytes.length} bytes: expected at most ${MAX_TEXT_PACKET}`, true);
  }
  const [file = "", ...rest] = textsOf(bytes.subarray(2));
  const at = rest.findIndex((text) => text !== "");
  const mode = rest[at];
  if (mode === undefined) {
    return wrong("Request is malformed: expected a file, a mode and options that end with NUL", true);
  }
  return { ok: true, packet: { op, file, mode: mode.toLowerCase(), options: optionsOf(rest.slice(at + 1)) } };
}

const FILLER = 0xff;

/**
 * Texts that each end with a NUL, the last one also with the packet. One that is no UTF-8 is taken as a character a byte; 0xff at
 * its end, which UTF-8 has nowhere, is what was in a ROM's memory behind it.
 */
function textsOf(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const nul = bytes.indexOf(0, at);
    const next = nul === -1 ? bytes.length : nul;
    let end = next;
    while (end > at && bytes[end - 1] === FILLER) end--;
    texts.push(textOf(bytes.subarray(at, end)));
    at = next + 1;
  }
  return texts;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return String.fromCharCode(...bytes);
  }
}

/** Of an option that is there twice the first counts; a name without a value, and what follows an empty name, is passed over. */
function optionsOf(texts: readonly string[]): TftpOptions {
  const options = new Map<string, string>();
  for (let at = 0; at + 1 < texts.length && options.size < MAX_OPTIONS; at += 2) {
    const [name = "", value = ""] = [texts[at]?.toLowerCase(), texts[at + 1]];
    if (name === "") break;
    if (!options.has(name)) options.set(name, value);
  }
  return options;
}

/**
 * A packet as bytes.
 *
 * @throws {RangeError} When a text has a NUL in it.
 */
export function encodeTftp(packet: TftpPacket): Uint8Array {
  switch (packet.op) {
    case "read":
    case "write":
      return withTexts(OPCODES[packet.op], undefined, [packet.file, packet.mode, ...[...packet.options].flat()]);
    case "oack":
      return withTexts(OPCODES.oack, undefined, [...packet.options].flat());
    case "error":
      return withTexts(OPCODES.error, packet.code, [packet.message]);
    case "ack":
      return numbers(OPCODES.ack, packet.block);
    case "data": {
      const bytes = new Uint8Array(4 + packet.data.length);
      bytes.set(numbers(OPCODES.data, packet.block));
      bytes.set(packet.data, 4);
      return bytes;
    }
    default:
      return packet satisfies never;
  }
}

function numbers(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

function withTexts(opcode: number, number: number | undefined, texts: readonly string[]): Uint8Array {
  const bad = texts.find((text) => text.includes("\0"));
  if (bad !== undefined) throw new RangeError(`Cannot write ${JSON.stringify(bad)} into a packet: it has a NUL in it`);
  const head = number === undefined ? numbers(opcode) : numbers(opcode, number);
  const body = new TextEncoder().encode(texts.map((text) => `${text}\0`).join(""));
  return Uint8Array.from([...head, ...body]);
}
