import type { IncomingMessage } from "node:http";
import { type Agent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { isRecord } from "../../src/state/mod.ts";
import type { OldestTls } from "./tls_settings.ts";

/** What is asked of a controller. */
export interface ExchangeInit {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly redirect: "manual";
}

/** Does one exchange over HTTP: `fetch` is one. */
export type Exchange = (url: URL, init: ExchangeInit) => Promise<Response>;

/** Whom to trust at the other end of TLS. */
export type Trust =
  /** Who has a certificate of one of these authorities (PEM), or without it of those that the system trusts. */
  | { readonly kind: "authorities"; readonly ca?: string }
  /** Who has the certificate with this SHA-256, in hexadecimal capitals without colons. */
  | { readonly kind: "fingerprint"; readonly fingerprint: string }
  /** Anybody. */
  | { readonly kind: "anybody" };

/** Who is at the other end of TLS. */
export interface TlsPeer {
  readonly trust: Trust;
  /** The oldest TLS that is spoken. */
  readonly oldest: OldestTls;
  /**
   * Told of the certificate (DER) that was seen, before anything is sent where this runtime speaks TLS itself.
   *
   * @throws {FingerprintError} When it is not to be trusted.
   */
  seen?(certificate: Uint8Array): void;
}

/** How to speak TLS with one BMC. */
export interface TlsExchange extends TlsPeer {
  /** Keeps connections; only those that were made for this trust. False: a connection for this exchange alone. */
  readonly agent: Agent | false;
  /** Whether the certificate of a connection that the agent kept has been judged. */
  readonly judged: WeakSet<Socket>;
  readonly options: SecureContextOptions;
}

/** The certificate is another one than the only one that is trusted. */
export class FingerprintError extends Error {
  override readonly name = "FingerprintError";
}

/** Why an exchange failed before the other end can have read it: it may be done again. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
}

/**
 * Does an exchange over TLS with a controller whose certificate is judged by `trust`, which no runtime's `fetch` lets one say.
 * Nothing is sent before the certificate is judged.
 *
 * @throws {NotSentError} When nothing was sent.
 */
export function exchangeTrusting(url: URL, init: ExchangeInit, tls: TlsExchange): Promise<Response> {
  const { trust, judged } = tls;
  return new Promise((resolve, reject) => {
    if (init.signal.aborted) return reject(init.signal.reason);
    let sent = false;
    const request = httpsRequest(url, {
      method: init.method,
      headers: { ...init.headers, ...(init.body !== undefined && { "content-length": String(byteLength(init.body)) }) },
      agent: tls.agent,
      rejectUnauthorized: trust.kind === "authorities",
      ...(trust.kind === "authorities" && trust.ca !== undefined && { ca: trust.ca }),
      ...tls.options,
    });
    function send(socket: Socket): void {
      judged.add(socket);
      sent = true;
      request.end(init.body);
    }
    function over(): void {
      reject(init.signal.reason);
      request.destroy();
    }
    init.signal.addEventListener("abort", over, { once: true });
    request.on("error", (error) => {
      if (error instanceof FingerprintError) reject(error);
      else reject(sent ? error : new NotSentError(error.message, { cause: error }));
    });
    request.on("response", (answer) => {
      try {
        resolve(responseOf(answer));
      } catch (error) { // nobody hears of what a listener throws, or the whole program does
        answer.destroy();
        reject(error);
      }
    });
    request.on("close", () => {
      init.signal.removeEventListener("abort", over);
      reject(new Error("it closed the connection without an answer"));
    });
    request.on("socket", (socket) => {
      // Deno's requests try again by themselves, on another connection, when one that was kept breaks or is ended.
      if (sent) {
        socket.destroy();
        return reject(new Error("it closed the connection without an answer"));
      }
      if (judged.has(socket)) return send(socket);
      socket.once("secureConnect", () => {
        const { fingerprint, der } = certificateOf(socket);
        if (trust.kind === "fingerprint" && fingerprint !== trust.fingerprint) {
          request.destroy(new FingerprintError(mismatchWords(fingerprint, trust.fingerprint)));
          return;
        }
        try {
          if (der !== undefined) tls.seen?.(der);
          send(socket);
        } catch (error) {
          request.destroy(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  });
}

/** A fingerprint as it is compared: hexadecimal capitals. Undefined for what is no SHA-256. */
export function parseFingerprint(text: string): string | undefined {
  const plain = text.replace(/^sha256:/i, "").replaceAll(":", "").toUpperCase();
  return /^[0-9A-F]{64}$/.test(plain) ? plain : undefined;
}

function mismatchWords(found: string, expected: string): string {
  return `its certificate has the fingerprint ${found}: expected ${expected}`;
}

function certificateOf(socket: Socket): { readonly fingerprint: string; readonly der: Uint8Array | undefined } {
  const ask = "getPeerCertificate" in socket ? socket.getPeerCertificate : undefined;
  const found: unknown = typeof ask === "function" ? ask.call(socket) : undefined;
  const { fingerprint256, raw } = isRecord(found) ? found : {};
  const fingerprint = typeof fingerprint256 === "string" ? parseFingerprint(fingerprint256) : undefined;
  return { fingerprint: fingerprint ?? "that can't be told", der: raw instanceof Uint8Array ? raw : undefined };
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** @throws {Error} When its status is none that an answer can end with. */
function responseOf(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 0;
  checkStatus(status);
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  if (status === 204 || status === 205 || status === 304) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  return new Response(streamOf(answer), { status, headers });
}

/** @throws {Error} When a status is none that an answer can end with (RFC 9110, 15): some programs make up their own. */
export function checkStatus(status: number): void {
  if (status < 200 || status > 599) throw new Error(`it answers with status ${status}, which HTTP has not`);
}

/** The body as a web stream: what is not read waits in the socket. */
function streamOf(answer: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = answer[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    cancel() {
      answer.destroy();
    },
  }, { highWaterMark: 0 });
}
