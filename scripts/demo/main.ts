import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { EXIT, ProgramError, runProgram, type Terminal } from "../../src/cli/mod.ts";
import type { Inventory, InventoryNode } from "../../src/inventory/mod.ts";
import { toNested } from "../../src/state/mod.ts";
import { startCluster } from "../cluster/cluster.ts";
import { ROOT } from "../runtimes.ts";
import { type Api, createApi } from "./api.ts";
import { behaviour } from "./behaviour.ts";
import { followNodes, keepRunning } from "./follow.ts";
import { describeWays } from "./hints.ts";
import { readInventory, withEndpoint } from "./inventory.ts";
import { program } from "./options.ts";

await runProgram(program, async ({ options, terminal: screen, signal }) => {
  const { aggregator, inventory } = readInventory(options.cluster, options.nodes);
  const terminal = options.json ? toStandardError(screen) : screen;
  const say = (line: string): void => terminal.write(`${line}\n`);
  // One folder for the usual demo, so that people find its logs; others get their own, which goes with them.
  const usual = options["http-port"] === program.options["http-port"].default;
  const folder = join(ROOT, ".kraken", usual ? "demo" : `demo-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });

  say(`Starting an aggregator and ${inventory.nodes.length} simulated machines; logs are in ${relative(ROOT, folder)}`);
  const cluster = await startCluster({
    folder,
    cluster: inventory.cluster ?? "demo",
    aggregator: aggregator.name,
    machines: inventory.nodes,
    behaviour,
    how: options.binaries ? "binary-bun" : "source",
    httpPort: options["http-port"],
    mqttPort: options["mqtt-port"],
    bmcPort: options["bmc-port"],
    ...(options.broker === undefined ? {} : { broker: options.broker }),
    grace: "3s",
    signal,
  }).catch((error: unknown) => {
    throw new ProgramError(error instanceof Error ? error.message : String(error));
  });
  try {
    const api = createApi(cluster.api);
    const started = performance.now();
    await applyInventory(api, inventory, withEndpoint(aggregator, cluster.bmc));
    const all = await followNodes(api, { terminal, limit: options.limit, signal });
    const summary = await summarize(api, performance.now() - started);
    for (const line of describeSummary(summary)) say(line);
    if (!options["until-converged"] && !signal.aborted) {
      for (const line of describeWays(cluster, usual)) say(line);
      await keepRunning(cluster, say, signal);
    }
    if (options.json) screen.write(`${JSON.stringify(summary.json)}\n`);
    return all || !options["until-converged"] ? EXIT.ok : EXIT.failed;
  } finally {
    await cluster.stop();
    if (!usual) rmSync(folder, { recursive: true, force: true });
  }
});

async function applyInventory(api: Api, inventory: Inventory, aggregator: InventoryNode): Promise<void> {
  await api.apply([aggregator, ...inventory.nodes].map((node) => ({ ...node, cfg: toNested(node.cfg) })));
}

/** How it went, as `--json` prints it, and what is not as it should be. */
async function summarize(api: Api, elapsedMs: number) {
  const nodes = await api.nodes();
  const { plans, mutations, retries } = await api.counts();
  const others = nodes.filter(({ phase }) => phase !== "converged");
  return {
    json: {
      nodes: nodes.length,
      converged: nodes.length - others.length,
      elapsedMs: Math.round(elapsedMs),
      plans,
      mutations,
      retries,
    },
    others,
  };
}

function describeSummary({ json, others }: Awaited<ReturnType<typeof summarize>>): string[] {
  return [
    "",
    ...others.map(({ name, phase, reason }) => `${name} is ${phase}: ${reason}`),
    `${json.converged} of ${json.nodes} nodes converged in ${(json.elapsedMs / 1000).toFixed(1)} s ` +
    `with ${json.plans} plans, ${json.mutations} mutations and ${json.retries} retries`,
  ];
}

/** Standard output is left to the JSON. */
function toStandardError(terminal: Terminal): Terminal {
  return { ...terminal, isTty: false, colour: false, write: terminal.writeError };
}
