import type { Clock } from "../../src/clock.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { isRecord } from "../../src/state/mod.ts";
import type { Limit } from "./limit.ts";

/** How long one request may take, in milliseconds. */
const REQUEST_LIMIT = 5_000;
/** The largest answer that is read, in bytes. */
const MAX_ANSWER = 64 * 1024;

/** What a controller says of its machine. */
export interface SystemReading {
  /** Redfish's PowerState: On, Off, PoweringOn, PoweringOff and others that a controller may have. */
  readonly power: string;
  /** Where its Reset action is. */
  readonly resetTarget: URL;
}

/**
 * Talks to controllers. Every method throws an Error that says which request failed and how: an `UnavailableError` where
 * there was no answer.
 */
export interface RedfishClient {
  /** Reads a ComputerSystem. */
  read(system: URL, signal: AbortSignal): Promise<SystemReading>;
  /** Says where a machine boots from, from its next power-on (ComputerSystem.Boot, DSP0268). */
  bootFrom(system: URL, uri: string, signal: AbortSignal): Promise<void>;
  /** Asks for a reset: success means only that the controller took it. */
  reset(target: URL, type: "On" | "ForceOff", signal: AbortSignal): Promise<void>;
}

/** Makes a client that has no more requests in flight than `limit` lets it. */
export function createRedfishClient(
  parts: { readonly fetch: typeof fetch; readonly clock: Clock; readonly limit: Limit },
): RedfishClient {
  async function request(
    url: URL,
    signal: AbortSignal,
    body?: unknown,
    method: "GET" | "PATCH" | "POST" = body === undefined ? "GET" : "POST",
  ): Promise<string> {
    const { ok, status, text } = await exchange(url, method, signal, body);
    if (!ok) throw new Error(`${method} ${url.href} failed: status ${status}${errorMessage(text)}`);
    return text;
  }
  async function exchange(url: URL, method: string, signal: AbortSignal, body: unknown) {
    const timeout = new AbortController();
    const cancel = parts.clock.after(REQUEST_LIMIT, () => timeout.abort(new Error(`no answer in ${REQUEST_LIMIT} ms`)));
    try {
      const response = await parts.fetch(url, {
        method,
        redirect: "error",
        signal: AbortSignal.any([signal, timeout.signal]),
        headers: { accept: "application/json", "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { ok: response.ok, status: response.status, text: await boundedText(response) };
    } catch (error) {
      signal.throwIfAborted();
      throw new UnavailableError(
        `${method} ${url.href} failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      cancel();
    }
  }
  return {
    read: (system, signal) => parts.limit.run(async () => parseReading(await request(system, signal), system), signal),
    bootFrom: (system, uri, signal) =>
      parts.limit.run(async () => {
        const boot = {
          BootSourceOverrideEnabled: "Continuous",
          BootSourceOverrideTarget: "UefiHttp",
          HttpBootUri: uri,
        };
        await request(system, signal, { Boot: boot }, "PATCH");
      }, signal),
    reset: (target, type, signal) =>
      parts.limit.run(async () => void (await request(target, signal, { ResetType: type })), signal),
  };
}

/** Reads an answer, up to a limit. */
async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER) throw new Error(`the answer is larger than ${MAX_ANSWER} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseReading(text: string, system: URL): SystemReading {
  const value = parseJson(text);
  const power = isRecord(value) ? value["PowerState"] : undefined;
  if (typeof power !== "string") throw new Error(`GET ${system.href} failed: the answer has no 'PowerState'`);
  return { power, resetTarget: resetTarget(value, system) };
}

/** The target that the controller names, as long as it is its own; otherwise the usual one. */
function resetTarget(value: unknown, system: URL): URL {
  const usual = new URL(`${system.pathname.replace(/\/$/, "")}/Actions/ComputerSystem.Reset`, system);
  const actions = isRecord(value) ? value["Actions"] : undefined;
  const reset = isRecord(actions) ? actions["#ComputerSystem.Reset"] : undefined;
  const target = isRecord(reset) ? reset["target"] : undefined;
  if (typeof target !== "string" || !URL.canParse(target, system)) return usual;
  const named = new URL(target, system);
  return named.origin === system.origin ? named : usual;
}

/** What a Redfish error says, in brackets; "" for any other answer. */
function errorMessage(text: string): string {
  const value = parseJson(text);
  const error = isRecord(value) ? value["error"] : undefined;
  const message = isRecord(error) ? error["message"] : undefined;
  return typeof message === "string" ? ` (${message.slice(0, 200)})` : "";
}

/** The value of a JSON text; undefined for what is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
