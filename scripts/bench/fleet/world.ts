import { createAggregator } from "../../../aggregator/create_aggregator.ts";
import { openMemoryStore } from "../../../aggregator/store/mod.ts";
import type { Aggregator } from "../../../aggregator/types.ts";
import { isDownFrame, isUpFrame } from "../../../src/mqtt/mod.ts";
import { createJoinModule } from "../../../modules/join/module.ts";
import { seededRandom } from "../../../modules/simpower/simulator/chance.ts";
import { simpowerDeclaration } from "../../../modules/simpower/declaration.ts";
import { createLog } from "../../../src/log.ts";
import { defineModule } from "../../../src/module/mod.ts";
import { newestVersion, nodeIdOf, type Value, versionText } from "../../../src/state/mod.ts";
import {
  type ChildLink,
  createChildLink,
  createNodeScope,
  createReplica,
  decodeFrame,
  type DownFrame,
  encodeFrame,
  type Frame,
  type UpFrame,
} from "../../../src/sync/mod.ts";
import { hostinfoDeclaration } from "../../../modules/hostinfo/declaration.ts";
import { serviceDeclaration } from "../../../modules/service/declaration.ts";
import { selfFacet } from "../sync/generator/self_facet.ts";
import { createVirtualTime, type VirtualTime } from "./virtual_time.ts";

/** Tiers from the top to the bottom. The network is nobody's work. */
export const TIERS = ["root", "rows", "racks", "agents"] as const;
export type Tier = typeof TIERS[number];

/** A rack of Fugaku has 384 nodes; a row here has 36 racks. */
const RACK = 384;
const ROW = 36;
/** One way of a frame, in milliseconds. */
const LATENCY = 1;
const CLUSTER = "fleet";
const AGENT_MODULES = [hostinfoDeclaration, serviceDeclaration];

/** The variable that is changed: the config of a module. */
const CHANGED = "/services/hostinfo/config";

/** Stands in for the power module: every machine is on. */
const power = defineModule(simpowerDeclaration, (context) => {
  const isOn = ({ node }: { readonly node: { readonly id: string } }) =>
    context.discover(node.id, "/physState", "POWER_ON");
  const never = () => {
    throw new Error("A machine's power is changed though all are well");
  };
  return {
    mutations: { "find-off": isOn, "find-on": isOn, "power-on": never, "power-off": never, "reset-hang": never },
  };
});

function up(frame: Frame): UpFrame {
  if (!isUpFrame(frame)) throw new Error(`A '${frame.type}' frame came up`);
  return frame;
}
function down(frame: Frame): DownFrame {
  if (!isDownFrame(frame)) throw new Error(`A '${frame.type}' frame came down`);
  return frame;
}

/** A fleet whose links are level. */
export interface FleetWorld {
  readonly time: VirtualTime<Tier>;
  readonly racks: number;
  readonly rows: number;
  /** Sets a variable of every node at the root, and waits until every agent has it and the root knows that. @returns Milliseconds. */
  change(round: number): Promise<{ readonly toAgents: number; readonly back: number }>;
  /** Lets go of everything but the root, so that its memory can be seen. */
  keepRoot(): void;
  /** Lets go of the root too. */
  dropRoot(): void;
  stop(): Promise<void>;
}

interface Member {
  readonly id: string;
  receive(frame: Frame): void;
}

/** Makes a fleet of so many nodes, and lets it get level. */
export async function createFleetWorld(nodes: number, say: (text: string) => void): Promise<FleetWorld> {
  const time = createVirtualTime<Tier>();
  const random = seededRandom(1);
  const log = createLog(() => {});
  const racks = Math.ceil(nodes / RACK);
  const rows = Math.ceil(racks / ROW);
  /** Programs that run. */
  const aggregators = new Map<string, Aggregator>();
  const members = new Map<string, Member>();
  let agents: Agent[] = [];
  let seen = 0;
  let checked = 0;

  /** Frames travel as bytes: who sends makes them, who receives reads them. */
  function send(to: Tier, frame: Frame, deliver: (frame: Frame) => void): void {
    const bytes = encodeFrame(frame);
    time.after(to, LATENCY, () => {
      const decoded = decodeFrame(bytes);
      if (!decoded.ok) throw new Error(`A frame can't be read: ${JSON.stringify(decoded)}`);
      deliver(decoded.frame);
    });
  }

  function addAggregator(name: string, tier: Tier, parent?: { name: string; tier: Tier }): Aggregator {
    const id = nodeIdOf(CLUSTER, name);
    const below: Tier = tier === "root" ? "rows" : tier === "rows" ? "racks" : "agents";
    const store = openMemoryStore();
    const aggregator = time.work(tier, () =>
      createAggregator({
        ...{ cluster: CLUSTER, name, run: `${name}-1`, random, log, grace: 60_000 },
        // What is on disk takes no memory of the program.
        ...{ store: { ...store, commit: () => {} }, stored: store.load() },
        modules: [createJoinModule(), power],
        agentModules: AGENT_MODULES,
        clock: time.clockOf(tier),
        send: (child, frame) => send(below, frame, (arrived) => members.get(child)?.receive(arrived)),
        ...(parent !== undefined && {
          upstream: {
            send(frame) {
              const above = aggregators.get(parent.name);
              send(parent.tier, frame, (arrived) => above?.receive(id, up(arrived)));
            },
            onAssignment: () => {},
            onLink: () => {},
            onKeepalive: () => {},
            onDeposed: () => {
              throw new Error(`'${name}' was deposed`);
            },
          },
        }),
      }));
    aggregators.set(name, aggregator);
    members.set(id, { id, receive: (frame) => aggregator.upstreamLink?.receive(down(frame)) });
    return aggregator;
  }

  await start(addAggregator("root", "root"), "root");
  const rackNames = Array.from({ length: racks }, (_, rack) => `rack${rack + 1}`);
  const rowNames = Array.from({ length: rows }, (_, row) => `row${row + 1}`);
  const nameOf = (node: number) => `n${node + 1}`;
  const rackOf = (node: number) => rackNames[Math.floor(node / RACK)] ?? "";
  const rowOf = (rack: number) => rowNames[Math.floor(rack / ROW)] ?? "";
  const cfg = (values: { readonly [url: string]: Value }) => new Map<string, Value>(Object.entries(values));
  const applied = time.work("root", () =>
    rootOf().control.apply(
      [
        ...rowNames.map((name) => ({ name, cfg: cfg({ "/role": "AGGREGATOR", "/parent": "root" }) })),
        ...rackNames.map((name, rack) => ({ name, cfg: cfg({ "/role": "AGGREGATOR", "/parent": rowOf(rack) }) })),
        ...Array.from({ length: nodes }, (_, node) => ({
          name: nameOf(node),
          cfg: cfg({ "/platform": "sim", "/parent": rackOf(node), "/physState": "POWER_ON", "/runState": "SYNC" }),
        })),
      ].map((each) => ({ id: nodeIdOf(CLUSTER, each.name), ...each })),
      {},
    ));
  if (!applied.ok) throw new Error(JSON.stringify(applied).slice(0, 500));
  say(`the root has ${nodes} nodes`);

  for (const name of rowNames) await join(name, "rows", { name: "root", tier: "root" });
  for (const [rack, name] of rackNames.entries()) await join(name, "racks", { name: rowOf(rack), tier: "rows" });
  const complete = () => [...rowNames, ...rackNames].every((name) => aggregators.get(name)?.isComplete === true);
  await time.runUntil("rows and racks are level", complete, 600_000);
  say("rows and racks are level");

  for (let node = 0; node < nodes; node++) agents.push(addAgent(node));
  const started = time.now();
  for (const agent of agents) time.after("agents", random() * 10_000, () => agent.link.connected());
  await time.runUntil("all agents are level", () => agents.every(({ link }) => link.state === "level"), 3_600_000);
  await time.runUntil("the root knows all of them", () => seenAtRoot(), 3_600_000);
  say(`all agents are level after ${Math.round(time.now() - started)} ms of virtual time`);

  function rootOf(): Aggregator {
    const root = aggregators.get("root");
    if (root === undefined) throw new Error("The root is gone");
    return root;
  }
  async function start(aggregator: Aggregator, name: string): Promise<void> {
    await aggregator.start({ api: `http://${name}`, broker: `mqtt://${name}` });
  }
  async function join(name: string, tier: Tier, parent: { name: string; tier: Tier }): Promise<void> {
    const aggregator = addAggregator(name, tier, parent);
    await start(aggregator, name);
    time.after(tier, 0, () => aggregator.upstreamLink?.connected());
  }

  interface Agent {
    readonly id: string;
    readonly link: ChildLink;
  }
  function addAgent(node: number): Agent {
    const name = nameOf(node);
    const id = nodeIdOf(CLUSTER, name);
    const replica = createReplica();
    const parent = aggregators.get(rackOf(node));
    const link = createChildLink({
      ...{ id, run: `${name}-1`, replica, log, random },
      modules: () => AGENT_MODULES,
      scope: createNodeScope(replica, id),
      clock: time.clockOf("agents"),
      send: (frame) => send("racks", frame, (arrived) => parent?.receive(id, up(arrived))),
      onState: () => {},
    });
    const write = (values: ReadonlyMap<string, Value | null>) => void replica.write(id, "self", values, link.term);
    write(selfFacet(node));
    replica.onChange((_id, facet) => {
      if (facet === "self") link.changed();
      if (facet !== "cfg") return;
      seen++;
      write(new Map([["/seen", versionText(newestVersion(replica.get(id)?.facets.cfg ?? new Map()))]]));
    });
    members.set(id, { id, receive: (frame) => link.receive(down(frame)) });
    return { id, link };
  }

  /** Whether the root has heard of each agent that it has the newest cfg. */
  function seenAtRoot(): boolean {
    for (; checked < agents.length; checked++) {
      const agent = agents[checked];
      const node = agent === undefined ? undefined : rootOf().control.find(agent.id);
      if (node === undefined || node.dsc.get("/seen") !== versionText(node.version)) return false;
    }
    checked = 0;
    return true;
  }

  return {
    time,
    racks,
    rows,
    async change(round) {
      const started = time.now();
      seen = 0;
      checked = 0;
      const value: Value = { interval: 60 + round };
      const patches = agents.map(({ id }) => ({ id, values: new Map<string, Value>([[CHANGED, value]]) }));
      const patched = time.work("root", () => rootOf().control.patchCfg(patches, {}));
      if (!patched.ok) throw new Error(JSON.stringify(patched).slice(0, 500));
      await time.runUntil("every agent has it", () => seen >= nodes, 600_000);
      const toAgents = time.now() - started;
      await time.runUntil("the root has heard so", () => seenAtRoot(), 600_000);
      return { toAgents, back: time.now() - started };
    },
    keepRoot() {
      agents = [];
      members.clear();
      for (const name of [...aggregators.keys()]) if (name !== "root") aggregators.delete(name);
      time.keepOnly("root");
    },
    dropRoot() {
      aggregators.clear();
      time.keepOnly();
    },
    async stop() {
      for (const { link } of agents) link.stop();
      for (const aggregator of aggregators.values()) await aggregator.stop();
    },
  };
}
