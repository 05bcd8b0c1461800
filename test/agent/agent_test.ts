import assert from "node:assert/strict";
import { test } from "node:test";
import { createAgent } from "../../agent/agent.ts";
import { joinDeclaration } from "../../modules/join/declaration.ts";
import { readStuck } from "../../src/engine/mod.ts";
import { createLog } from "../../src/log.ts";
import { defineModule, PermanentError } from "../../src/module/mod.ts";
import { declareModule, type ModuleDeclaration } from "../../src/plan/mod.ts";
import {
  type Assignment,
  core,
  defineExtension,
  enumeration,
  NO_VERSION,
  type Value,
  versionText,
} from "../../src/state/mod.ts";
import {
  createNodeChildScope,
  createParentLink,
  createReplica,
  type LinkState,
  type UpFrame,
} from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { ofRun } from "../support/versions.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const LATENCY = 5;

const lamp = defineExtension("lamp", {
  "/lamp": { type: enumeration("UNKNOWN", "OFF", "ON", "DIMMED"), writer: "self", about: "A lamp" },
  "/lamp/color": { type: { kind: "string" }, writer: "cfg", about: "What color it is to have" },
});
const lampDeclaration = declareModule({
  name: "lamp",
  about: "Switches a lamp",
  extensions: [core, lamp],
  discovers: ["/lamp"],
  mutations: {
    on: { context: "self", changes: { "/lamp": ["OFF", "ON"] }, timeout: 10_000, about: "Switches it on" },
    off: { context: "self", changes: { "/lamp": ["ON", "OFF"] }, timeout: 10_000, about: "Switches it off" },
    forget: {
      ...{ context: "self", changes: { "/lamp": ["OFF", "UNKNOWN"] }, timeout: 10_000, about: "Forgets what it is" },
    },
    dim: {
      ...{ context: "self", changes: { "/lamp": ["ON", "DIMMED"] }, requires: { "/physState": "POWER_ON" } },
      ...{ timeout: 10_000, about: "Dims it" },
    },
  },
});

const power = declareModule({
  ...{ name: "power", about: "Powers machines", extensions: [core], discovers: ["/physState"] },
  mutations: {
    on: {
      ...{ context: "parent", changes: { "/physState": ["POWER_OFF", "POWER_ON"] } },
      ...{ timeout: 60_000, about: "Powers it on" },
    },
  },
});

/** An agent with a lamp, and its parent, over a network that can be cut. */
async function makeWorld(
  options: { readonly parentModules?: readonly ModuleDeclaration[]; readonly run?: string } = {},
) {
  const clock = createVirtualClock();
  const lines: string[] = [];
  const states: string[] = [];
  const orders: string[] = [];
  const colors: (Value | undefined)[] = [];
  const assignments: Assignment[] = [];
  const intervals: number[] = [];
  const frames: UpFrame[] = [];
  const world = {
    ...{ isBroken: false, isCut: false, deposed: 0, stopped: 0 },
    parentModules: options.parentModules ?? [joinDeclaration],
  };
  const module = defineModule(lampDeclaration, (context) => {
    context.discover(ID, "/lamp", "OFF");
    context.onChange((id) => void colors.push(context.node(id)?.cfg.get("/lamp/color")));
    const change = (order: string, value: string) => () => {
      orders.push(order);
      if (world.isBroken) throw new PermanentError("the bulb is broken");
      context.discover(ID, "/lamp", value);
    };
    return {
      mutations: {
        on: change("on", "ON"),
        off: change("off", "OFF"),
        dim: change("dim", "DIMMED"),
        forget: change("forget", "UNKNOWN"),
      },
      stop: () => void world.stopped++,
    };
  });
  const replica = createReplica();
  const parts = { clock, random: () => 0.5, log: createLog((line) => lines.push(line), { level: "debug" }) };
  const run = options.run ?? "agent-1";
  let terms = 1;
  let epochs = 0;
  const later = (what: () => void) => void clock.after(LATENCY, () => world.isCut || what());
  const agent = createAgent({
    ...{ id: ID, name: "n1", run, modules: [module] },
    ...parts,
    send(frame) {
      frames.push(frame);
      later(() => link.receive(frame));
    },
    onDeposed: () => void world.deposed++,
    onAssignment: (assignment) => void assignments.push(assignment),
    onLink: (state) => void states.push(state),
    onKeepalive: (seconds) => void intervals.push(seconds),
  });
  const parentStates: LinkState[] = [];
  const known = new Map<string, readonly ModuleDeclaration[]>();
  const link = createParentLink({
    ...{ child: ID, run: "parent-1", replica, scope: createNodeChildScope(replica, ID), ...parts },
    get modules() {
      return world.parentModules;
    },
    modulesOf: (digest) => known.get(digest),
    mayAsk: () => true,
    nextTerm: ({ term: { run } }) => ofRun(terms = Math.max(terms, run) + 1),
    nextEpoch: () => ++epochs,
    keepalive: () => 12,
    send: (frame) => later(() => agent.receive(frame)),
    onState: (state) => void parentStates.push(state),
    onModules() {},
  });
  replica.onChange(() => link.changed());
  const set = async (values: Record<string, Value | null>, ms = 1_000) => {
    replica.write(ID, "cfg", new Map(Object.entries(values)), ofRun(1));
    await clock.advance(ms);
  };
  await agent.start();
  return {
    ...{
      agent,
      clock,
      lines,
      states,
      orders,
      colors,
      assignments,
      intervals,
      frames,
      world,
      link,
      parentStates,
      replica,
      set,
    },
    /** What the parent knows of the agent. */
    self: (url: string) => replica.get(ID)?.facets.self.get(url)?.value ?? undefined,
    async join() {
      await set({ "/name": "n1", "/parent": "root" }, 0);
      agent.connected();
      await clock.advance(5_000);
    },
  };
}

test("an agent joins, tells what its modules discover, and does what its cfg asks for", async () => {
  const { join, self, set, orders, parentStates, states, intervals, agent } = await makeWorld();
  await join();
  assert.equal(parentStates.at(-1), "level");
  assert.equal(states.at(-1), "level");
  assert.deepEqual(intervals, [12], "it shows that it is there as often as its parent wants");
  assert.equal(self("/lamp"), "OFF");
  assert.equal(self("/services/lamp/state"), "RUN");
  await set({ "/lamp": "ON" });
  assert.equal(self("/lamp"), "ON");
  await set({ "/lamp": "OFF" });
  assert.deepEqual(orders, ["on", "off"]);
  await agent.stop();
});

test("an agent says which cfg it and its modules have seen", async () => {
  const { join, self, set, colors, agent, replica } = await makeWorld();
  await join();
  const before = self("/seen");
  await set({ "/lamp/color": "red" });
  assert.equal(colors.at(-1), "red");
  assert.notEqual(self("/seen"), before);
  const newest = replica.get(ID)?.facets.cfg.get("/lamp/color")?.version ?? NO_VERSION;
  assert.equal(self("/seen"), versionText(newest));
  await agent.stop();
});

test("an agent whose connection is lost goes on with the cfg that it has, and tells what it did when it is back", async () => {
  const { join, self, set, orders, world, agent, clock, link } = await makeWorld();
  await join();
  await set({ "/lamp": "ON", "/freeze": true });
  assert.deepEqual(orders, [], "people want nothing done to it");
  world.isCut = true;
  agent.disconnected();
  await set({ "/freeze": null });
  assert.deepEqual(orders, [], "it has not heard of that");
  world.isCut = false;
  agent.connected();
  await clock.advance(5_000);
  assert.deepEqual(orders, ["on"]);
  assert.equal(self("/lamp"), "ON");
  assert.equal(link.state, "level");
  await agent.stop();
});

test("an agent that is frozen with everything else does nothing, until that ends", async () => {
  const { join, set, orders, agent, replica, clock } = await makeWorld();
  await join();
  replica.write(ID, "parent", new Map([["/frozen", true]]), ofRun(5));
  await set({ "/lamp": "ON" });
  assert.deepEqual(orders, []);
  replica.write(ID, "parent", new Map([["/frozen", false]]), ofRun(5));
  await clock.advance(1_000);
  assert.deepEqual(orders, ["on"]);
  await agent.stop();
});

test("an agent that gave something up tells why, and tries again with another cfg, or when somebody asks for that", async () => {
  const { join, self, set, orders, world, agent, replica, clock, lines } = await makeWorld();
  await join();
  world.isBroken = true;
  await set({ "/lamp": "ON" }, 60_000);
  const stuck = readStuck(self("/stuck/self"));
  assert.equal(stuck?.mutation, "lamp/on");
  assert.match(stuck?.reason ?? "", /the bulb is broken/);
  assert.ok(lines.some((line) => line.includes("the bulb is broken") && line.includes('"info"')));
  const tried = orders.length;
  await clock.advance(3_600_000);
  assert.equal(orders.length, tried, "it is not tried again by itself");
  replica.write(ID, "parent", new Map([["/retry", 0]]), ofRun(5));
  await clock.advance(60_000);
  assert.equal(orders.length, tried, "nobody has asked for another try yet");
  world.isBroken = false;
  replica.write(ID, "parent", new Map([["/retry", 1]]), ofRun(5));
  await clock.advance(60_000);
  assert.equal(self("/lamp"), "ON");
  assert.equal(self("/stuck/self"), undefined);
  await agent.stop();
});

test("an agent whose parent's modules do not fit its own plans with its own, and says so", async () => {
  const other = defineExtension("lamp", {
    "/lamp": { type: { kind: "integer" }, writer: "self", about: "Another lamp" },
  });
  const clash = declareModule({
    ...{ name: "other-lamp", about: "Another lamp", extensions: [core, other], discovers: ["/lamp"], mutations: {} },
  });
  const { join, self, set, agent, lines } = await makeWorld({ parentModules: [clash] });
  await join();
  const warning = lines.find((line) => line.includes("Plans without its parent's modules")) ??
    assert.fail(lines.join(""));
  assert.match(warning, /"problem":"(?!\w*Error: )/);
  await set({ "/lamp": "ON" });
  assert.equal(self("/lamp"), "ON");
  await agent.stop();
});

test("an agent plans with its own declaration of a module, not with its parent's", async () => {
  const older = declareModule({
    ...{ name: "lamp", about: "Can't switch it", extensions: [core, lamp], discovers: ["/lamp"], mutations: {} },
  });
  const { join, self, set, agent, lines } = await makeWorld({ parentModules: [joinDeclaration, older] });
  await join();
  await set({ "/lamp": "ON" });
  assert.equal(self("/lamp"), "ON");
  assert.ok(!lines.some((line) => line.includes("Plans without")));
  await agent.stop();
});

test("an agent tells where it is to join as soon as its cfg says so", async () => {
  const { join, set, assignments, agent, replica, clock } = await makeWorld();
  await join();
  assert.deepEqual(assignments, []);
  const assignment = { parent: "00000000-0000-4000-8000-000000000002", broker: "mqtt://10.77.0.2", number: 7 };
  await set({ "/assignment": assignment });
  assert.deepEqual(assignments.at(-1), assignment);
  const count = assignments.length;
  await set({ "/lamp/color": "red" });
  replica.write(ID, "parent", new Map([["/assignment", "elsewhere"]]), ofRun(5));
  await clock.advance(1_000);
  await set({ "/assignment": null });
  assert.equal(assignments.length, count);
  await agent.stop();
});

test("an agent whose place another run has taken says so, once", async () => {
  const { join, agent, world, clock, states } = await makeWorld();
  await join();
  const welcome = (run: number) => ({
    ...{
      type: "welcome" as const,
      from: "parent-1",
      to: "agent-2",
      term: ofRun(run),
      received: 0,
      newest: 0,
      epoch: 9,
    },
    ...{ keepalive: 10, digest: "" },
  });
  world.isCut = true;
  for (let n = 0; n < 10; n++) {
    agent.receive(welcome(100 + n));
    await clock.advance(5_000);
  }
  assert.equal(world.deposed, 1);
  assert.equal(states.at(-1), "down");
  await agent.stop();
});

test("an agent that stops ends its modules and timers, and says nothing more", async () => {
  const { join, agent, world, clock, frames, replica } = await makeWorld();
  await join();
  await agent.stop();
  assert.equal(world.stopped, 1);
  const sent = frames.length;
  replica.write(ID, "cfg", new Map([["/lamp", "ON"]]), ofRun(1));
  await clock.advance(600_000);
  assert.equal(frames.length, sent);
});

test("an agent does what comes after a step of its parent's once that is done, and gives nothing up until then", async () => {
  const { join, self, set, orders, agent, replica, clock } = await makeWorld({ parentModules: [power] });
  const state = (value: Value) => replica.write(ID, "parent", new Map([["/physState", value]]), ofRun(5));
  await join();
  state("POWER_OFF");
  await set({ "/lamp": "DIMMED" });
  assert.deepEqual([self("/stuck/self"), orders], [undefined, ["on"]], "it has begun, as the goal can be reached");
  state("POWER_ON");
  await clock.advance(1_000);
  assert.equal(orders.at(-1), "dim");
  assert.equal(self("/lamp"), "DIMMED");
  await agent.stop();
});

test("an agent is not asked for anything by a cfg that asks for what is unknown", async () => {
  const { join, self, set, orders, agent } = await makeWorld();
  await join();
  await set({ "/lamp": "UNKNOWN" }, 60_000);
  assert.deepEqual([self("/lamp"), self("/stuck/self"), orders], ["OFF", undefined, []]);
  await agent.stop();
});

test("an agent plans with modules that its parent has since it was back, though nothing else has changed", async () => {
  const { join, set, orders, agent, replica, clock, world } = await makeWorld({ parentModules: [] });
  replica.write(ID, "parent", new Map([["/physState", "POWER_OFF"]]), ofRun(5));
  await join();
  await set({ "/lamp": "DIMMED" }, 60_000);
  assert.deepEqual(orders, [], "nobody powers it on");
  world.parentModules = [power];
  agent.disconnected();
  agent.connected();
  await clock.advance(5_000);
  assert.deepEqual(orders, ["on"]);
  await agent.stop();
});

test("an agent whose parent has told its modules before goes on planning with them", async () => {
  const { join, agent, clock, lines, states } = await makeWorld();
  await join();
  agent.disconnected();
  await clock.advance(1_000);
  agent.connected();
  await clock.advance(30_000);
  assert.equal(states.at(-1), "level");
  assert.deepEqual(lines.filter((line) => line.includes("without its parent's modules")), []);
  await agent.stop();
});
