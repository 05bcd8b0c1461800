import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiClient, createApiClient } from "../../../src/api/client/mod.ts";
import { foldNodeset } from "../../../src/nodeset/mod.ts";
import { valueOf } from "../../cluster/api.ts";
import { startKraken } from "../../cluster/process.ts";
import { programCommand } from "../../runtimes.ts";
import { type Bench, median, round, tableOf } from "../bench.ts";
import { readMemory, readUse } from "../sync/process_stats.ts";

/** Runs of each request that may be repeated, of which the middle one counts. */
const RUNS = 5;
/** Longest that one request may take, in milliseconds. */
const LIMIT = 120_000;

/** One kind of request. */
interface Row {
  readonly request: string;
  readonly ms: number;
  /** Processor time of the aggregator, in milliseconds: other work on the machine counts less in it. */
  readonly cpuMs: number;
  /** Bytes of the answer. */
  readonly bytes: number;
  /** Resident memory of the aggregator after it, in MB. */
  readonly memory: number;
}

/** Measures requests about many nodes, each as a client waits for it: with the whole answer read, and not parsed. */
export async function runApiBench(options: { readonly nodes: number; readonly signal: AbortSignal }): Promise<Bench> {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "kraken-bench-"));
  const aggregator = await startKraken({
    command: [
      ...programCommand("aggregator", "source"),
      ...["--cluster", "bench", "--name", "root", "--data", join(folder, "data")],
      ...["--http-port", "0", "--mqtt-port", "0"],
    ],
    logFile: join(folder, "aggregator.log"),
    signal: options.signal,
  });
  try {
    const rows = await measure(`http://127.0.0.1:${aggregator.ready["http"]}`, aggregator.pid, options);
    const table = tableOf(
      ["request", "ms", "CPU ms", "KB", "MB after"],
      rows.map((
        { request, ms, cpuMs, bytes, memory },
      ) => [request, round(ms), round(cpuMs), round(bytes / 1000), Math.round(memory)]),
    );
    return { data: { bench: "api", nodes: options.nodes, rows }, table };
  } finally {
    await aggregator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  server: string,
  pid: number,
  { nodes, signal }: { readonly nodes: number; readonly signal: AbortSignal },
): Promise<Row[]> {
  const rows: Row[] = [];
  const names = Array.from({ length: nodes }, (_, at) => `n${at + 1}`);
  const nodeset = foldNodeset(names);
  let bytes = 0;
  // The answer is read and not parsed: what the client makes of it is not what is measured.
  const send: typeof fetch = async (url, init) => {
    const response = await fetch(url, init);
    const text = await response.arrayBuffer();
    bytes = text.byteLength;
    return response.ok ? new Response("null", { status: response.status }) : new Response(text, response);
  };
  const client = createApiClient({ server, timeout: LIMIT, signal, fetch: send });
  async function run(request: string, ask: (client: ApiClient, run: number) => Promise<unknown>, runs = RUNS) {
    const times: number[] = [];
    const used: number[] = [];
    for (let at = 0; at < runs; at++) {
      const before = readUse(pid);
      await ask(client, at);
      const after = readUse(pid);
      times.push(after.at - before.at);
      used.push(after.cpuMs - before.cpuMs);
    }
    rows.push({ request, ms: median(times), cpuMs: median(used), bytes, memory: readMemory(pid) / 1e6 });
  }
  const inventory = (arch: string) => ({
    nodes: names.map((name) => ({ name, cfg: { platform: "sim", parent: "root", arch } })),
  });
  const change = (arch: string) => client.text("patchCfg", { id: "n1", body: { arch } });

  await run("apply: all are new", () => client.text("apply", { body: inventory("x86_64") }), 1);
  await run("apply: all change", (_, at) => client.text("apply", { body: inventory(`a${at}`) }));
  await run("apply: nothing changes", () => client.text("apply", { body: inventory(`a${RUNS - 1}`) }));
  await run(
    "apply: all change, detail=groups",
    (_, at) => client.text("apply", { body: inventory(`b${at}`), detail: "groups" }),
  );
  await run("list all, after a change", async (_, at) => {
    await change(`c${at}`);
    await client.text("listNodes", {});
  });
  await run("list all, unchanged", () => client.text("listNodes", {}));
  await run("list a page of 100", () => client.text("listNodes", { limit: 100 }));
  await run("list by state", () => client.text("listNodes", { state: { "/arch": "c4" } }));
  await run("list all, sorted, 2 fields", () => client.text("listNodes", { sort: "-name", fields: "name,phase" }));
  await run("patch all", (_, at) => client.text("patchNodes", { nodeset, body: { arch: `d${at}` } }));
  await run(
    "patch all, dry run, detail=groups",
    () => client.text("patchNodes", { nodeset, body: { arch: "e" }, dryRun: true, detail: "groups" }),
  );
  await run("plans of all", () => client.text("listPlans", {}));
  valueOf(await client.text("getHealth", {}));
  return rows;
}
