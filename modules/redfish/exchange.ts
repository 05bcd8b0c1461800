import type { IncomingMessage } from "node:http";
import { type Agent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { isRecord } from "../../src/state/mod.ts";
import type { OldestTls } from "./tls_settings.ts";

/** A request to a controller. */
export interface ExchangeInit {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly redirect: "manual";
}

/** Sends a request over HTTP and returns the response; `fetch` is one implementation. */
export type Exchange = (url: URL, init: ExchangeInit) => Promise<Response>;

/** What to trust at the other end of TLS. */
export type Trust =
  /** A certificate of one of these authorities (PEM) or, without `ca`, of one that the system trusts. */
  | { readonly kind: "authorities"; readonly ca?: string }
  /** The certificate with this SHA-256, in hexadecimal capitals without colons. */
  | { readonly kind: "fingerprint"; readonly fingerprint: string }
  /** Any certificate. */
  | { readonly kind: "anybody" };

/** What to expect at the other end of TLS. */
export interface TlsPeer {
  readonly trust: Trust;
  /** The oldest TLS version to accept. */
  readonly oldest: OldestTls;
  /**
   * Called with the certificate (DER) of the server, before anything is sent if this runtime handles TLS itself.
   *
   * @throws {FingerprintError} If it is not trusted.
   */
  seen?(certificate: Uint8Array): void;
}

/** How to use TLS with one BMC. */
export interface TlsExchange extends TlsPeer {
  /** Keeps connections that were made for this trust. False: one connection for this exchange. */
  readonly agent: Agent | false;
  /** Connections of the agent whose certificate has been checked. */
  readonly judged: WeakSet<Socket>;
  readonly options: SecureContextOptions;
}

/** Thrown if the certificate is not the one that is trusted. */
export class FingerprintError extends Error {
  override readonly name = "FingerprintError";
}

/** Thrown for an exchange that failed before the other end can have read it: it may be repeated. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
}

/**
 * Sends a request over TLS to a controller whose certificate is checked by `tls.trust`, which no runtime's `fetch`
 * supports. Nothing is sent before the certificate has been checked.
 *
 * @param url URL of the request.
 * @param init The request.
 * @param tls How to use TLS.
 * @throws {NotSentError} If nothing was sent.
 */
export function exchangeTrusting(url: URL, init: ExchangeInit, tls: TlsExchange): Promise<Response> {
  const { trust, judged } = tls;
  return new Promise((resolve, reject) => {
    if (init.signal.aborted) return reject(init.signal.reason);
    let sent = false;
    const request = httpsRequest(url, {
      method: init.method,
      headers: { ...init.headers },
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
      } catch (error) { // an error in a listener would end the whole program
        answer.destroy();
        reject(error);
      }
    });
    request.on("close", () => {
      init.signal.removeEventListener("abort", over);
      reject(new Error("it closed the connection without an answer"));
    });
    request.on("socket", (socket) => {
      // Deno repeats a request by itself, on another connection, when a kept connection breaks or is ended.
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
          reject(error);
          request.destroy();
        }
      });
    });
  });
}

/** Normalizes the fingerprint `text` to hexadecimal capitals. Undefined if it is not a SHA-256. */
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

/** @throws {Error} If its status is not one that an answer can end with. */
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

/**
 * Checks that `status` can end an answer (RFC 9110, 15): some programs use their own.
 *
 * @throws {Error} If it cannot.
 */
export function checkStatus(status: number): void {
  if (status < 200 || status > 599) {
    throw new Error(`it answers with status ${status}, which is not a valid HTTP status`);
  }
}

/** Returns the body as a web stream: unread data waits in the socket. */
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
