// Measures a fleet of one size, in a process of its own, and prints one JSON object. Started by `bench -- fleet`.
import process from "node:process";
import { round } from "../bench.ts";
import { createFleetWorld, TIERS } from "./world.ts";

/** Changes that are measured, after one that warms up; the middle one counts. */
const CHANGES = 3;
/** A fleet that is made first, so that all code is compiled. */
const WARM_UP = 1_000;

const nodes = Number(process.argv[2]);
const say = (text: string) => process.stderr.write(`${nodes.toLocaleString("en")} nodes: ${text}\n`);

function heap(): number {
  const gc: unknown = Reflect.get(globalThis, "gc"); // not every runtime declares it
  if (typeof gc !== "function") throw new Error("Start this with --expose-gc");
  for (let turn = 0; turn < 3; turn++) gc();
  return process.memoryUsage().heapUsed;
}

await (async () => {
  const world = await createFleetWorld(Math.min(WARM_UP, nodes), () => {});
  for (let change = 0; change < 3; change++) await world.change(change);
  await world.stop();
})();
const world = await createFleetWorld(nodes, say);
await world.change(0);
const rows: { readonly toAgentsMs: number; readonly backMs: number; readonly us: { [tier: string]: number } }[] = [];
for (let change = 1; change <= CHANGES; change++) {
  const before = new Map(world.time.spent);
  const { toAgents, back } = await world.change(change);
  const us = Object.fromEntries(
    TIERS.map((tier) => [tier, round(1000 * ((world.time.spent.get(tier) ?? 0) - (before.get(tier) ?? 0)) / nodes)]),
  );
  rows.push({ toAgentsMs: Math.round(toAgents), backMs: Math.round(back), us });
  say(`change ${change} of ${CHANGES}: ${JSON.stringify(us)}`);
}
const { racks, rows: rowCount } = world;
world.keepRoot();
const withRoot = heap();
world.dropRoot();
const rootBytes = Math.round((withRoot - heap()) / nodes);
rows.sort((a, b) => sum(a.us) - sum(b.us));
process.stdout.write(
  `${JSON.stringify({ nodes, racks, rows: rowCount, ...rows[CHANGES >> 1], rootBytesPerNode: rootBytes })}\n`,
);
process.exit(0); // what was let go of is not stopped

function sum(us: { readonly [tier: string]: number }): number {
  return Object.values(us).reduce((total, each) => total + each, 0);
}
