import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { relative } from "node:path";
import { createStyle, EXIT, ProgramError, runProgram, type Terminal, untilAborted } from "../../src/cli/mod.ts";
import type { InventoryNode } from "../../src/inventory/mod.ts";
import { toNested } from "../../src/state/mod.ts";
import type { TreeEntryInfo } from "../../src/api/mod.ts";
import { describeTree } from "../../ctl/tree_text.ts";
import { startCluster } from "../cluster/cluster.ts";
import { builtFile, ROOT } from "../runtimes.ts";
import { type Api, createApi } from "../cluster/api.ts";
import { behaviourOf } from "./behaviour.ts";
import { startBrokers } from "./brokers.ts";
import { takeFolder } from "./folder.ts";
import { followNodes } from "./follow.ts";
import { describeDemo } from "./progress.ts";
import { readInventory, withEndpoint, withTiers } from "./inventory.ts";
import { program } from "./options.ts";
import { supervise } from "./supervise.ts";
import { layOut } from "./tiers.ts";
import { errorText } from "../../src/toolkit/mod.ts";

await runProgram(program, async ({ options, terminal: screen, signal }) => {
  const { aggregator, inventory: read } = readInventory(options.cluster, options.nodes);
  const tiers = layOut(aggregator.name, options.tiers, read.nodes.length);
  const terminal = options.json ? toStandardError(screen) : screen;
  const say = (line: string): void => terminal.write(`${line}\n`);
  const usual = options["http-port"] === program.options["http-port"].default;
  const how = options.binaries ? "binary-bun" : "source";
  if (options.binaries) requireBinaries();
  const folder = takeFolder(usual);
  const closers: (() => Promise<void>)[] = [];
  let well = false;
  try {
    const name = read.cluster ?? "demo";
    const count = tiers.aggregators.length + 1;
    const aggregators = count === 1 ? "an aggregator" : `${count} aggregators in ${options.tiers} tiers`;
    say(`Starting ${aggregators} and ${read.nodes.length} simulated machines; logs are in ${folder.shown}`);
    const brokers = await startBrokers(options.broker, {
      ...{ folder: folder.path, cluster: name, root: aggregator.name, tiers: options.tiers },
    });
    closers.push(brokers.stop);
    const cluster = await startCluster({
      folder: folder.path,
      cluster: name,
      aggregator: aggregator.name,
      below: tiers.aggregators.map((each) => ({
        ...each,
        ...(brokers.below !== undefined && { broker: brokers.below, uplink: brokers.below }),
      })),
      machines: read.nodes.map((node, place) => ({
        ...node,
        ...(tiers.aggregators.length > 0 && { parent: tiers.parentOf(place) }),
      })),
      behaviour: behaviourOf(read.nodes.length),
      how,
      httpPort: options["http-port"],
      mqttPort: options["mqtt-port"],
      bmcPort: options["bmc-port"],
      ...(brokers.root === undefined ? {} : { broker: brokers.root }),
      ...(brokers.publish !== undefined && { publish: { to: brokers.publish } }),
      grace: "3s",
      signal,
    }).catch((error: unknown) => {
      throw new ProgramError(errorText(error));
    });
    const endSupervision = supervise(cluster, say);
    try {
      const api = createApi(cluster.api);
      const started = performance.now();
      const root = withEndpoint(aggregator, cluster.bmc);
      const inventory = withTiers(read.nodes, root, tiers);
      await applyInventory(api, [root, ...inventory.aggregators, ...inventory.nodes]);
      const all = await followNodes(api, { terminal, limit: options.limit, signal });
      const elapsed = performance.now() - started;
      const engines = [...cluster.aggregators.values()].map((each) => createApi(each.api));
      const summary = await summarize(api, engines, elapsed);
      if (count > 1) {
        for (const line of describeTree(await settledTree(api, all), createStyle(false), undefined)) say(line);
      }
      for (const line of describeSummary(summary)) say(line);
      if (!options["until-converged"] && !signal.aborted) {
        for (const line of describeDemo(cluster, { usual, published: brokers.publish !== undefined })) say(line);
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
    for (const close of closers) await close();
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

async function applyInventory(api: Api, nodes: readonly InventoryNode[]): Promise<void> {
  await api.apply(nodes.map((node) => ({ ...node, cfg: toNested(node.cfg) })));
}

/** The tree once its counts, which come up tier by tier, say of all nodes what is so already; or as far as they are in 5 s. */
async function settledTree(api: Api, all: boolean): Promise<readonly TreeEntryInfo[]> {
  const end = performance.now() + 5_000;
  for (;;) {
    const tree = await api.tree();
    if (!all || tree[0]?.health === "FULL" || performance.now() > end) return tree;
    await delay(100);
  }
}

/** How it went, as `--json` prints it, and what is not as it should be. */
async function summarize(api: Api, engines: readonly Api[], elapsedMs: number) {
  const nodes = await api.nodes();
  const counts = await Promise.all(engines.map((engine) => engine.counts()));
  const sum = (key: "plans" | "mutations" | "retries"): number => counts.reduce((total, each) => total + each[key], 0);
  const others = nodes.filter(({ phase }) => phase !== "converged");
  return {
    json: {
      nodes: nodes.length,
      converged: nodes.length - others.length,
      elapsedMs: Math.round(elapsedMs),
      plans: sum("plans"),
      mutations: sum("mutations"),
      retries: sum("retries"),
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
