import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { checkStatus, type ExchangeInit, NotSentError, type TlsPeer } from "./exchange.ts";
import { isRecord } from "../../src/state/mod.ts";
import { isLegacy } from "./tls_settings.ts";
import { type HelperAnswer, helperProgram, type HelperRequest } from "./tls_helper_program.ts";
import { tlsOptionsOf, type TlsRuntime } from "./tls_options.ts";

/** Sends requests over TLS from a process of another runtime that supports the TLS of old BMCs. */
export interface TlsHelper {
  /** Tells whether this machine has such a runtime. */
  isThere(): boolean;
  /**
   * Sends a request. @param keeps Whether the connection may be kept for the next one.
   *
   * @throws {NotSentError} If nothing was sent.
   */
  exchange(url: URL, init: ExchangeInit, peer: TlsPeer, keeps: boolean): Promise<Response>;
  /** Ends the process. */
  close(): void;
}

interface Waiting {
  /** The process that was asked. */
  readonly child: ChildProcess;
  answered(answer: HelperAnswer): void;
}

/**
 * Creates the helper. It starts its process when it is first needed, and again after it has died. @param path Where to
 * search for programs.
 */
export function createTlsHelper(path: string = process.env["PATH"] ?? ""): TlsHelper {
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let last = 0;

  function start(): ChildProcess {
    const found = findRuntime(path);
    if (found === undefined) throw new NotSentError("there is neither Node nor Bun on this machine");
    const own = spawn(found.file, ["-e", sourceOf()], { stdio: ["pipe", "pipe", "ignore"], env: { PATH: path } });
    const over = () => {
      if (child === own) child = undefined;
      for (const [id, each] of waiting) {
        if (each.child === own) each.answered({ id, error: "the process that speaks TLS ended", sent: true });
      }
    };
    own.on("error", over);
    own.on("exit", over);
    own.stdin?.on("error", () => {}); // its end is handled above
    if (own.stdout !== null) {
      createInterface({ input: own.stdout }).on("line", (line) => {
        const answer = readAnswer(line);
        if (answer !== undefined) waiting.get(answer.id)?.answered(answer);
      });
    }
    own.unref();
    return own;
  }
  function say(to: ChildProcess, request: HelperRequest): void {
    to.stdin?.write(`${JSON.stringify(request)}\n`);
  }
  return {
    isThere: () => findRuntime(path) !== undefined,
    exchange(url, init, peer, keeps) {
      const id = ++last;
      const request = requestOf(id, { url, init, peer, keeps }, findRuntime(path)?.runtime ?? "node");
      return new Promise((resolve, reject) => {
        const own = child ??= start();
        let body: ReadableStreamDefaultController<Uint8Array> | undefined;
        function forget(): void {
          waiting.delete(id);
          init.signal.removeEventListener("abort", abort);
        }
        function cancel(): void {
          forget();
          say(own, { id, abort: true });
        }
        function abort(): void {
          cancel();
          if (body === undefined) reject(init.signal.reason);
          else body.error(init.signal.reason);
        }
        function failed({ error = "", sent }: HelperAnswer): void {
          forget();
          if (body !== undefined) body.error(new Error(error));
          else reject(sent === true ? new Error(error) : new NotSentError(error));
        }
        function began({ status = 0, headers, certificate }: HelperAnswer): void {
          try {
            checkStatus(status);
            if (certificate !== undefined) peer.seen?.(new Uint8Array(Buffer.from(certificate, "base64")));
          } catch (error) {
            cancel();
            return reject(error);
          }
          const stream = new ReadableStream<Uint8Array>({
            start(controller) {
              body = controller;
            },
            cancel,
          });
          const empty = status === 204 || status === 205 || status === 304;
          resolve(new Response(empty ? null : stream, { status, headers: { ...headers } }));
        }
        waiting.set(id, {
          child: own,
          answered(answer) {
            if (answer.error !== undefined) return failed(answer);
            if (answer.status !== undefined) began(answer);
            if (answer.data !== undefined) body?.enqueue(new Uint8Array(Buffer.from(answer.data, "base64")));
            if (answer.end !== true) return;
            forget();
            body?.close();
          },
        });
        if (init.signal.aborted) return abort();
        init.signal.addEventListener("abort", abort, { once: true });
        say(own, request);
      });
    },
    close() {
      child?.stdin?.end();
      child?.kill();
      child = undefined;
    },
  };
}

/** An exchange in the words of the process. */
function requestOf(
  id: number,
  { url, init, peer: { trust, oldest }, keeps }: {
    readonly url: URL;
    readonly init: ExchangeInit;
    readonly peer: TlsPeer;
    readonly keeps: boolean;
  },
  runtime: TlsRuntime,
): HelperRequest {
  const { method, body } = init;
  // The helper is used only after today's suites have failed.
  const options = tlsOptionsOf(isLegacy(oldest) || oldest === "1.3" ? oldest : "1.2-legacy", runtime);
  return {
    ...{ id, url: url.href, method, keeps, options: plain(options) },
    headers: { ...init.headers, ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }) },
    ...(body !== undefined && { body }),
    key: `${url.origin} ${JSON.stringify([trust, oldest])}`,
    verify: trust.kind === "authorities",
    ...(trust.kind === "authorities" && trust.ca !== undefined && { ca: trust.ca }),
    ...(trust.kind === "fingerprint" && { fingerprint: trust.fingerprint }),
  };
}

/** Parses a line from the process; undefined for other output, such as from the runtime's launcher. */
function readAnswer(line: string): HelperAnswer | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isAnswer(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isAnswer(value: unknown): value is HelperAnswer {
  return isRecord(value) && typeof value["id"] === "number";
}

function plain(options: ReturnType<typeof tlsOptionsOf>): { [name: string]: string | number } {
  const found: { [name: string]: string | number } = {};
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "string" || typeof value === "number") found[name] = value;
  }
  return found;
}

/** Returns the source of the program; bundlers may make it call their own `__name`. */
function sourceOf(): string {
  return `const __name = (it) => it; (${helperProgram.toString()})();`;
}

function findRuntime(path: string): { readonly file: string; readonly runtime: TlsRuntime } | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  for (const runtime of ["node", "bun"] as const) {
    const file = folders.map((folder) => join(folder, runtime)).find((each) => existsSync(each));
    if (file !== undefined) return { file, runtime };
  }
  return undefined;
}
