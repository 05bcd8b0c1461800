import { existsSync } from "node:fs";
import { relative } from "node:path";
import { EXIT, ProgramError, runProgram, type Terminal, untilAborted } from "../../src/cli/mod.ts";
import type { Inventory, InventoryNode } from "../../src/inventory/mod.ts";
import { toNested } from "../../src/state/mod.ts";
import { startCluster } from "../cluster/cluster.ts";
import { builtFile, ROOT } from "../runtimes.ts";
import { type Api, createApi } from "./api.ts";
import { behaviour } from "./behaviour.ts";
import { takeFolder } from "./folder.ts";
import { followNodes } from "./follow.ts";
import { describeWays } from "./hints.ts";
import { readInventory, withEndpoint } from "./inventory.ts";
import { program } from "./options.ts";
import { supervise } from "./supervise.ts";

await runProgram(program, async ({ options, terminal: screen, signal }) => {
  const { aggregator, inventory } = readInventory(options.cluster, options.nodes);
  const terminal = options.json ? toStandardError(screen) : screen;
  const say = (line: string): void => terminal.write(`${line}\n`);
  const usual = options["http-port"] === program.options["http-port"].default;
  const how = options.binaries ? "binary-bun" : "source";
  if (options.binaries) requireBinaries();
  const folder = takeFolder(usual);
  let well = false;
  try {
    say(`Starting an aggregator and ${inventory.nodes.length} simulated machines; logs are in ${folder.shown}`);
    const cluster = await startCluster({
      folder: folder.path,
      cluster: inventory.cluster ?? "demo",
      aggregator: aggregator.name,
      machines: inventory.nodes,
      behaviour,
      how,
      httpPort: options["http-port"],
      mqttPort: options["mqtt-port"],
      bmcPort: options["bmc-port"],
      ...(options.broker === undefined ? {} : { broker: options.broker }),
      grace: "3s",
      signal,
    }).catch((error: unknown) => {
      throw new ProgramError(error instanceof Error ? error.message : String(error));
    });
    const endSupervision = supervise(cluster, say);
    try {
      const api = createApi(cluster.api);
      const started = performance.now();
      await applyInventory(api, inventory, withEndpoint(aggregator, cluster.bmc));
      const all = await followNodes(api, { terminal, limit: options.limit, signal });
      const summary = await summarize(api, performance.now() - started);
      for (const line of describeSummary(summary)) say(line);
      if (!options["until-converged"] && !signal.aborted) {
        for (const line of describeWays(cluster, usual)) say(line);
        await untilAborted(signal);
      }
      if (options.json) screen.write(`${JSON.stringify(summary.json)}\n`);
      well = all || !options["until-converged"];
      return well ? EXIT.ok : EXIT.failed;
    } finally {
      await endSupervision();
      await cluster.stop();
    }
  } finally {
    folder.release(!well);
    if (!well) say(`Its logs are kept in ${folder.shown}`);
  }
});

/** @throws {ProgramError} When `npm run build` has not been run. */
function requireBinaries(): void {
  const programs = ["aggregator", "agent", "simulator"] as const;
  const missing = programs.map((name) => builtFile(name, "binary-bun")).find((file) => !existsSync(file));
  if (missing !== undefined) {
    throw new ProgramError(`There is no ${relative(ROOT, missing)}: run \`npm run build\` first`);
  }
}

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
