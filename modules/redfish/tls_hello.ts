import { isIP } from "node:net";

/** The first answer of a server to a ClientHello with every version up to TLS 1.2 and many cipher suites. */
export type ServerFirst =
  | {
    readonly kind: "hello";
    readonly version: "1.0" | "1.1" | "1.2" | "ssl3";
    readonly cipher: number;
    /** Whether it supports secure renegotiation (RFC 5746). */
    readonly renegotiation: boolean;
    /** Its certificate (DER), which TLS 1.2 and older send unencrypted. */
    readonly certificate: Uint8Array | undefined;
  }
  /** It refused with this alert (RFC 8446, 6). */
  | { readonly kind: "alert"; readonly code: number }
  | { readonly kind: "no-tls" };

/** Cipher suites (IANA); first those that every runtime has. */
const MODERN = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8];
const OLD = [
  ...[0xc023, 0xc027, 0xc024, 0xc028, 0xc009, 0xc013, 0xc00a, 0xc014], // ECDHE with CBC
  ...[0x009e, 0x009f, 0x0067, 0x006b, 0x0033, 0x0039], // DHE
  ...[0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0x000a, 0x0005], // RSA key exchange
];
const SECURE_RENEGOTIATION = 0x00ff;

/** Tells whether every runtime has the suite `cipher`. */
export function isModernSuite(cipher: number): boolean {
  return MODERN.includes(cipher);
}

/** Encodes a ClientHello (RFC 5246, 7.4.1.2) for `host` in its record. @param random 32 bytes. */
export function clientHello(host: string, random: Uint8Array): Uint8Array {
  const suites = [...MODERN, ...OLD, SECURE_RENEGOTIATION].flatMap((suite) => u16(suite));
  const extensions = [
    ...(isIP(host.replace(/^\[|\]$/g, "")) === 0 ? extension(0, list16([0, ...list16(ascii(host))])) : []),
    ...extension(10, list16([0x001d, 0x0017, 0x0018].flatMap(u16))), // groups: x25519, P-256, P-384
    ...extension(11, [1, 0]), // uncompressed points
    ...extension(
      13, // signatures: PSS, PKCS #1 and ECDSA with SHA-256, 384, 512 and SHA-1
      list16([0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0403, 0x0503, 0x0603, 0x0201, 0x0203].flatMap(u16)),
    ),
  ];
  const body = [3, 3, ...random, 0, ...list16(suites), 1, 0, ...list16(extensions)];
  const message = [1, ...u24(body.length), ...body];
  return new Uint8Array([22, 3, 1, ...list16(message)]);
}

/** Parses the `bytes` that a server has sent so far. @returns Undefined if they are not enough. */
export function readServerFirst(bytes: Uint8Array): ServerFirst | undefined {
  const messages: number[] = [];
  for (let at = 0; at + 5 <= bytes.length;) {
    const [type = 0, major = 0] = bytes.subarray(at);
    const length = number(bytes, at + 3, 2);
    if (type < 20 || type > 23 || major !== 3) return { kind: "no-tls" };
    const record = bytes.subarray(at + 5, at + 5 + length);
    if (record.length < length) break;
    if (type === 21) return { kind: "alert", code: record[1] ?? 0 };
    if (type === 22) messages.push(...record);
    at += 5 + length;
  }
  if (bytes.length > 0 && (bytes[0] ?? 0) !== 22 && (bytes[0] ?? 0) !== 21) return { kind: "no-tls" };
  return readHandshake(new Uint8Array(messages));
}

function readHandshake(messages: Uint8Array): ServerFirst | undefined {
  let hello: Omit<Extract<ServerFirst, { kind: "hello" }>, "certificate"> | undefined;
  for (let at = 0; at + 4 <= messages.length;) {
    const type = messages[at] ?? 0;
    const length = number(messages, at + 1, 3);
    const body = messages.subarray(at + 4, at + 4 + length);
    if (body.length < length) return undefined;
    if (type === 2) hello = readHello(body);
    if (type === 11 && hello !== undefined) return { ...hello, certificate: body.slice(6, 6 + number(body, 3, 3)) };
    if (type === 14 && hello !== undefined) return { ...hello, certificate: undefined };
    at += 4 + length;
  }
  return undefined;
}

function readHello(body: Uint8Array): Omit<Extract<ServerFirst, { kind: "hello" }>, "certificate"> {
  const versions = { 0x0303: "1.2", 0x0302: "1.1", 0x0301: "1.0" } as const;
  const said = number(body, 0, 2);
  const version = said === 0x0303 || said === 0x0302 || said === 0x0301 ? versions[said] : "ssl3";
  const afterSession = 35 + (body[34] ?? 0);
  let renegotiation = false;
  for (let at = afterSession + 5; at + 4 <= body.length; at += 4 + number(body, at + 2, 2)) {
    if (number(body, at, 2) === 0xff01) renegotiation = true;
  }
  return { kind: "hello", version, cipher: number(body, afterSession, 2), renegotiation };
}

function number(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let place = 0; place < size; place++) value = value * 256 + (bytes[at + place] ?? 0);
  return value;
}

function u16(value: number): number[] {
  return [value >> 8, value & 255];
}

function u24(value: number): number[] {
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function list16(bytes: readonly number[]): number[] {
  return [...u16(bytes.length), ...bytes];
}

function extension(type: number, content: readonly number[]): number[] {
  return [...u16(type), ...list16(content)];
}

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}
