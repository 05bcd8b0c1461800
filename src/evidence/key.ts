import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";

/** The bytes before the 32 bytes of an Ed25519 private key in PKCS #8, and of a public one in SPKI (RFC 8410). */
const PRIVATE_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** A public key as a text: the 32 bytes of an Ed25519 key (RFC 8032) in base64url without padding, 43 characters. */
export const PUBLIC_KEY = /^[A-Za-z0-9_-]{43}$/;

/** Signs texts. */
export interface Signer {
  /** See {@link PUBLIC_KEY}. */
  readonly publicKey: string;
  /** Signs the UTF-8 bytes of a text. @returns 64 bytes in base64url without padding: 86 characters. */
  sign(text: string): string;
}

/** Generates the secret of a new key: 32 random bytes in base64url. */
export function createSecret(): string {
  return randomBytes(KEY_BYTES).toString("base64url");
}

/**
 * Creates a signer.
 *
 * @param secret A secret of {@link createSecret}.
 * @throws {TypeError} If the secret is not 32 bytes.
 */
export function createSigner(secret: string): Signer {
  const seed = Buffer.from(secret, "base64url");
  if (seed.length !== KEY_BYTES) throw new TypeError(`Cannot use a key of ${seed.length} bytes: expected ${KEY_BYTES}`);
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: Buffer.from(spki.subarray(-KEY_BYTES)).toString("base64url"),
    sign: (text) => sign(null, Buffer.from(text), key).toString("base64url"),
  };
}

/**
 * Tells whether the holder of `publicKey` has signed `text` with `signature`. Never throws: a malformed signature is
 * invalid.
 */
export function isSigned(text: string, signature: string, publicKey: string): boolean {
  const bytes = Buffer.from(signature, "base64url");
  if (bytes.length !== SIGNATURE_BYTES || !PUBLIC_KEY.test(publicKey)) return false;
  try {
    return verify(null, Buffer.from(text), importKey(publicKey), bytes);
  } catch {
    return false; // 32 bytes that are not a point on the curve
  }
}

function importKey(publicKey: string): KeyObject {
  const raw = Buffer.from(publicKey, "base64url");
  return createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, raw]), format: "der", type: "spki" });
}
