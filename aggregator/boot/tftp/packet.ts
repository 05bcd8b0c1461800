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
export const TFTP_ERROR = { undefined: 0, notFound: 1, access: 2, illegal: 4, options: 8 } as const;

/** What {@link decodeTftp} found. */
export type DecodedTftp = { readonly ok: true; readonly packet: TftpPacket } | {
  readonly ok: false;
  readonly problem: string;
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
      const [message = ""] = textsOf(bytes.subarray(4)) ?? [];
      return { ok: true, packet: { op: "error", code: view.getUint16(2), message } };
    }
    case OPCODES.oack: {
      const options = optionsOf(textsOf(bytes.subarray(2)));
      return typeof options === "string" ? wrong(options) : { ok: true, packet: { op: "oack", options } };
    }
    default:
      return wrong(`Opcode is ${opcode}: expected 1 to 6`);
  }
}

function wrong(problem: string): DecodedTftp {
  return { ok: false, problem };
}

function decodeRequest(op: "read" | "write", bytes: Uint8Array): DecodedTftp {
  const texts = textsOf(bytes.subarray(2));
  const [file, mode, ...rest] = texts ?? [];
  if (texts === undefined || file === undefined || mode === undefined) {
    return wrong("Request is malformed: expected texts of UTF-8 that end with NUL, at most 512 bytes");
  }
  const options = optionsOf(rest);
  if (typeof options === "string") return wrong(options);
  return { ok: true, packet: { op, file, mode: mode.toLowerCase(), options } };
}

/** Texts that each end with a NUL; undefined when they are none. */
function textsOf(bytes: Uint8Array): string[] | undefined {
  if (bytes.length > MAX_TEXT_PACKET - 2) return undefined;
  if (bytes.length > 0 && bytes[bytes.length - 1] !== 0) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).split("\0").slice(0, -1);
  } catch {
    return undefined;
  }
}

function optionsOf(texts: readonly string[] | undefined): TftpOptions | string {
  if (texts === undefined || texts.length % 2 !== 0) return "Options are malformed: expected names and values by turns";
  if (texts.length > 2 * MAX_OPTIONS) return `There are ${texts.length / 2} options: expected at most ${MAX_OPTIONS}`;
  const options = new Map<string, string>();
  for (let at = 0; at < texts.length; at += 2) {
    const name = (texts[at] ?? "").toLowerCase();
    if (options.has(name)) return `Option "${name.slice(0, 32)}" is there twice`;
    options.set(name, texts[at + 1] ?? "");
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
