/** A request to the helper: one line of JSON each. */
export type HelperRequest =
  | {
    readonly id: number;
    readonly url: string;
    readonly method: string;
    readonly headers: { readonly [name: string]: string };
    readonly body?: string;
    /** Keeps connections of the same trust and settings. */
    readonly key: string;
    readonly keeps: boolean;
    readonly verify: boolean;
    readonly ca?: string;
    /** The only certificate to accept: its SHA-256 in capitals without colons. */
    readonly fingerprint?: string;
    readonly options: { readonly [name: string]: string | number };
  }
  | { readonly id: number; readonly abort: true };

/** An answer of the helper: one line of JSON each; several for a request, the last of which has `end` or `error`. */
export interface HelperAnswer {
  readonly id: number;
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
  /** The certificate (DER, base64) of the connection. */
  readonly certificate?: string;
  /** A piece of the body, base64. */
  readonly data?: string;
  readonly end?: true;
  readonly error?: string;
  /** Whether the other end may have read the request. */
  readonly sent?: boolean;
}

/**
 * The program that sends requests over TLS for a runtime that does not support them itself: its source is passed to
 * Node or Bun. So it must use nothing from outside except what these have. It ends with its input.
 */
export async function helperProgram(): Promise<void> {
  const { Agent, request: httpsRequest } = await import("node:https");
  const { createInterface } = await import("node:readline");
  const process = (await import("node:process")).default;
  const agents = new Map<string, InstanceType<typeof Agent>>();
  const judged = new WeakSet<object>();
  const running = new Map<number, { destroy(error?: Error): unknown }>();
  const say = (answer: HelperAnswer) => void process.stdout.write(`${JSON.stringify(answer)}\n`);

  function agentOf(key: string): InstanceType<typeof Agent> {
    const agent = agents.get(key) ?? new Agent({ keepAlive: true, maxSockets: 4, maxFreeSockets: 1 });
    agents.delete(key);
    agents.set(key, agent);
    const [oldest] = agents.keys();
    if (agents.size > 512 && oldest !== undefined) {
      agents.get(oldest)?.destroy();
      agents.delete(oldest);
    }
    return agent;
  }
  function exchange(asked: Exclude<HelperRequest, { abort: true }>): void {
    const { id, method, headers, body } = asked;
    let sent = false;
    let certificate: Uint8Array | undefined;
    const request = httpsRequest(asked.url, {
      method,
      headers,
      agent: asked.keeps ? agentOf(asked.key) : false,
      rejectUnauthorized: asked.verify,
      ...(asked.ca !== undefined && { ca: asked.ca }),
      ...asked.options,
    });
    running.set(id, request);
    function failed(error: Error): void {
      if (!running.delete(id)) return;
      say({ id, error: error.message, sent });
    }
    request.on("error", failed);
    request.on("socket", (socket) => {
      const send = () => {
        judged.add(socket);
        sent = true;
        request.end(body);
      };
      if (judged.has(socket)) return send();
      socket.once("secureConnect", () => {
        const peer = "getPeerCertificate" in socket && typeof socket.getPeerCertificate === "function"
          ? socket.getPeerCertificate()
          : {};
        certificate = peer.raw;
        const found = String(peer.fingerprint256).replaceAll(":", "");
        if (asked.fingerprint === undefined || asked.fingerprint === found) send();
        else request.destroy(new Error(`its certificate has the fingerprint ${found}: expected ${asked.fingerprint}`));
      });
    });
    request.on("response", (answer) => {
      const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
      say({
        id,
        status: answer.statusCode ?? 0,
        headers: Object.fromEntries(flat),
        ...(certificate !== undefined && { certificate: Buffer.from(certificate).toString("base64") }),
      });
      answer.on("data", (piece) => say({ id, data: Buffer.from(piece).toString("base64") }));
      answer.on("end", () => running.delete(id) && say({ id, end: true }));
      answer.on("error", failed);
      answer.on("close", () => failed(new Error("the answer broke off")));
    });
  }
  createInterface({ input: process.stdin }).on("line", (line) => {
    const asked: HelperRequest = JSON.parse(line);
    if ("abort" in asked) {
      const own = running.get(asked.id);
      running.delete(asked.id);
      own?.destroy();
    } else {
      exchange(asked);
    }
  }).on("close", () => process.exit(0));
}
