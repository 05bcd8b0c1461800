import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { runCommand } from "../../command.ts";
import { DENO_CONFIG, denoPath } from "../../runtimes.ts";
import { type Bench, tableOf } from "../bench.ts";
import { FUGAKU } from "./options.ts";

const SIZES = [1_000, 10_000, FUGAKU];
/** What the largest fleet takes at most: memory of the process in MiB, and milliseconds. */
const MEMORY_MIB = 18_000;
const LIMIT = 3_600_000;

const rowShape = v.object({
  nodes: v.number(),
  racks: v.number(),
  rows: v.number(),
  toAgentsMs: v.number(),
  backMs: v.number(),
  us: v.object({ root: v.number(), rows: v.number(), racks: v.number(), agents: v.number() }),
  rootBytesPerNode: v.number(),
});

/**
 * Measures fleets of several sizes, each in a process of its own.
 *
 * @param nodes Only this size.
 * @throws {Error} When a fleet does not get level, or runs out of memory.
 */
export async function runFleetBench(
  { nodes, signal }: { readonly nodes?: number | undefined; readonly signal: AbortSignal },
): Promise<Bench> {
  const measured: v.InferOutput<typeof rowShape>[] = [];
  for (const size of nodes === undefined ? SIZES : [nodes]) measured.push(await measure(size, signal));
  const table = tableOf(
    [
      "nodes",
      "racks",
      "rows",
      "to agents ms",
      "and back ms",
      "root us",
      "rows us",
      "racks us",
      "agents us",
      "us a node",
      "root B a node",
    ],
    measured.map(({ us, ...row }) => [
      ...[row.nodes, row.racks, row.rows, row.toAgentsMs, row.backMs],
      ...[us.root, us.rows, us.racks, us.agents, Math.round(us.root + us.rows + us.racks + us.agents)],
      row.rootBytesPerNode,
    ]),
  );
  const legend =
    "One change of the cfg of every node, and each agent's word back: virtual time; CPU of all programs of a tier for a node;\n" +
    "memory of the root for a node. Real links, engines and frames as bytes; network, disk and power are simulated.\n";
  return { data: { bench: "fleet", rows: measured }, table: table + legend };
}

async function measure(nodes: number, signal: AbortSignal): Promise<v.InferOutput<typeof rowShape>> {
  const file = fileURLToPath(new URL("./measure_main.ts", import.meta.url));
  const flags = `--v8-flags=--expose-gc,--max-old-space-size=${MEMORY_MIB}`;
  const { code, output } = await runCommand(
    [denoPath(), "run", "-A", "--quiet", "--no-check", "--config", DENO_CONFIG, flags, file, String(nodes)],
    { signal, timeout: LIMIT },
  );
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  if (code !== 0) throw new Error(`The fleet of ${nodes} nodes ended with ${code}: ${output.slice(-2000)}`);
  return v.parse(rowShape, JSON.parse(last));
}
