import type { Buffer } from "node:buffer";
import http from "node:http";

/** What a machine's firmware needs to know of the network that it boots from. */
export interface FirmwareOptions {
  /** Origin of the boot HTTP server. */
  readonly server: string;
  readonly mac: string;
  /** The address that it asks from. */
  readonly address?: string;
  readonly signal: AbortSignal;
}

/** What a machine has when its kernel starts. */
export interface Booted {
  readonly cmdline: string;
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
}

/** Gets something over HTTP, from an address. */
export function get(
  url: string,
  options: {
    readonly address?: string | undefined;
    readonly signal?: AbortSignal;
    readonly headers?: Record<string, string>;
    readonly method?: string;
  } = {},
): Promise<{ readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, {
      method: options.method ?? "GET",
      agent: false,
      headers: options.headers ?? {},
      ...(options.address !== undefined && { localAddress: options.address }),
      ...(options.signal !== undefined && { signal: options.signal }),
    }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const body = globalThis.Buffer.concat(chunks);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
      });
    });
    request.on("error", reject);
    request.end();
  });
}

/** Does what iPXE does with a script of ours: takes each line, as far as this project's scripts use it. */
export async function bootFromScript(script: string, options: FirmwareOptions): Promise<Booted | "again"> {
  let kernel: Uint8Array | undefined;
  let initrd: Uint8Array | undefined;
  let cmdline = "";
  if (!script.startsWith("#!ipxe\n")) throw new Error(`Expected an iPXE script, found: ${script.slice(0, 200)}`);
  for (const line of script.split("\n").slice(1)) {
    const words = line.split(" || ")[0]?.split(" ") ?? [];
    const [command, ...args] = words;
    switch (command) {
      case "kernel": {
        const [, , url = "", ...rest] = args;
        kernel = (await fetchFile(url, options)).body;
        cmdline = rest.join(" ");
        break;
      }
      case "initrd":
        initrd = (await fetchFile(args[2] ?? "", options)).body;
        break;
      case "boot":
        if (kernel === undefined || initrd === undefined) throw new Error("Nothing to boot");
        return { cmdline, kernel, initrd };
      case "chain":
        return "again";
      default: // labels and words for people
    }
  }
  throw new Error(`The script ends without a boot: ${script}`);
}

async function fetchFile(url: string, options: FirmwareOptions) {
  const answer = await get(url, options);
  if (answer.status !== 200) throw new Error(`${url}: HTTP status ${answer.status}`);
  return answer;
}

/** Fetches scripts until one of them boots, as a machine with iPXE does; the pauses are short. */
export async function bootByNetwork(options: FirmwareOptions): Promise<Booted> {
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await get(`${options.server}/boot/v1/script?mac=${options.mac}`, options);
    if (answer.status !== 200) throw new Error(`HTTP status ${answer.status}: ${answer.body}`);
    const booted = await bootFromScript(answer.body.toString(), options);
    if (booted !== "again") return booted;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
