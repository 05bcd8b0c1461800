import { fc } from "../support/property.ts";
import { disagreements } from "./agreement.ts";
import { FAIR } from "./network.ts";
import { createTreeWorld, type Planned, type TreeWorld } from "./tree_world.ts";

/** Trees that schedules are about. */
const TREES = {
  /** Root, a row, its rack, agents. */
  "one row": [
    { name: "root", isAggregator: true },
    { name: "r1", parent: "root", isAggregator: true },
    { name: "a", parent: "r1", isAggregator: true },
    { name: "b", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
    { name: "n2", parent: "a" },
  ],
  "two rows": [
    { name: "root", isAggregator: true },
    { name: "r1", parent: "root", isAggregator: true },
    { name: "r2", parent: "root", isAggregator: true },
    { name: "a", parent: "r1", isAggregator: true },
    { name: "b", parent: "r2", isAggregator: true },
    { name: "n1", parent: "a" },
    { name: "n2", parent: "a" },
    { name: "n3", parent: "b" },
  ],
  "standby": [
    { name: "root", isAggregator: true },
    { name: "r1", parent: "root", isAggregator: true },
    { name: "a", parent: "r1", isAggregator: true, standby: "b" },
    { name: "b", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
    { name: "n2", parent: "a" },
  ],
} satisfies { readonly [name: string]: readonly Planned[] };

/** Nodes that no fault touches. */
const CALM = ["n2"];
const NODES = ["n1", "n2", "n3"];
const WILD = ["n1", "n3"];
const RACKS = ["a", "b"];
const AGGREGATORS = ["root", "r1", "r2", "a", "b"];
const MEMBERS = [...WILD, ...AGGREGATORS];
const PARENTS = ["root", "r1", "r2", "a", "b"];

const key = fc.constantFrom("x", "y");
const value = fc.option(fc.integer({ min: 0, max: 3 }));
const plain = { noNullPrototype: true } as const;

const what = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("discover" as const), name: fc.constantFrom(...NODES), key, value }, plain),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("oversee" as const), name: fc.constantFrom(...NODES), key, value }, plain),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("set" as const), name: fc.constantFrom(...NODES), key, value }, plain),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("restart" as const),
      name: fc.constantFrom(...MEMBERS),
      down: fc.constantFrom(0, 300, 3_000, 20_000, 60_000),
      disk: fc.boolean(),
      will: fc.constantFrom(0, 200, 15_000),
    }, plain),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("cut" as const),
      child: fc.constantFrom(...MEMBERS),
      parent: fc.constantFrom(...PARENTS),
    }, plain),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("heal" as const) }, plain) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("stale will" as const),
      child: fc.constantFrom(...MEMBERS, ...CALM),
      parent: fc.constantFrom(...PARENTS),
      /** After so many milliseconds each it comes again. */
      again: fc.array(fc.constantFrom(0, 20, 200, 900), { maxLength: 3 }),
    }, plain),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("stale parent will" as const, "restart broker" as const),
      parent: fc.constantFrom(...PARENTS),
    }, plain),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("jump" as const),
      name: fc.constantFrom(...MEMBERS),
      clock: fc.constantFrom("wall" as const, "suspended" as const),
      ms: fc.constantFrom(1_000, 60_000, 86_400_000, -86_400_000),
    }, plain),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("move" as const),
      name: fc.constantFrom(...NODES, ...RACKS),
      parent: fc.constantFrom(...PARENTS),
    }, plain),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      { do: fc.constant("stand by" as const), name: fc.option(fc.constantFrom("b", "root")) },
      plain,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("remove" as const), name: fc.constantFrom(...WILD) }, plain),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("create" as const),
      name: fc.constantFrom(...WILD),
      parent: fc.constantFrom(...PARENTS),
    }, plain),
  },
);

/** What happens in a world, and when. */
export const schedules = fc.record({
  tree: fc.constantFrom(...Object.keys(TREES) as (keyof typeof TREES)[]),
  seed: fc.nat(),
  brokersOutlive: fc.boolean(),
  weather: fc.record({
    loss: fc.constantFrom(0, 0.1, 0.4),
    duplication: fc.constantFrom(0, 0.3),
    delay: fc.constantFrom(5, 500, 10_000),
  }, plain),
  /** Whether the tree is level before the first fault. */
  level: fc.boolean(),
  steps: fc.array(
    fc.record({ what, wait: fc.constantFrom(0, 1, 50, 200, 1_500, 4_000, 15_000, 40_000) }, plain),
    { minLength: 1, maxLength: 20 },
  ),
}, plain);

/** One schedule. */
export type Schedule = typeof schedules extends fc.Arbitrary<infer S> ? S : never;

/** How long the tiers may take to agree after the faults have stopped, in milliseconds. */
const LIMIT = 400_000;

/**
 * Runs a schedule.
 *
 * @returns What went wrong, in words; empty when all is well.
 */
export async function runSchedule(
  schedule: Schedule,
  trace: (world: TreeWorld, done: string) => void = () => {},
): Promise<string[]> {
  const world = await createTreeWorld(TREES[schedule.tree], {
    seed: schedule.seed,
    brokersOutlive: schedule.brokersOutlive,
    calm: CALM,
  });
  try {
    if (schedule.level) await world.clock.advance(5_000);
    world.network.weather = schedule.weather;
    for (const { what, wait } of schedule.steps) {
      trace(world, JSON.stringify(what));
      act(world, what);
      await world.clock.advance(wait);
    }
    world.network.weather = FAIR;
    world.network.heal();
    trace(world, "the faults stop");
    const end = world.clock.now() + LIMIT;
    let left: string[] = ["nothing was looked at"];
    for (let wait = 1_000; left.length > 0 && world.clock.now() < end; wait = Math.min(20_000, wait * 1.3)) {
      await world.clock.advance(wait);
      for (const { name } of world.members) world.start(name); // supervisors
      left = disagreements(world);
    }
    trace(world, "the end");
    // Whom nobody has heard yet may be taken for dead.
    const frozen = world.root.control.events(0, 1_000_000).filter(({ kind }) => kind === "frozen");
    const off = world.orders.filter(({ name, to }) => schedule.level && to === "off" && CALM.includes(name));
    return [
      ...left,
      ...world.violations.slice(0, 5),
      ...frozen.map(({ why }) => `the root has frozen ${why}`),
      ...off.map(({ name, by }) => `${by} has powered off ${name}, which is healthy`),
    ];
  } finally {
    await world.stop();
  }
}

function act(world: TreeWorld, what: Schedule["steps"][number]["what"]): void {
  const has = (name: string): boolean => world.members.some((member) => member.name === name);
  switch (what.do) {
    case "discover":
      if (has(what.name)) world.discover(what.name, what.key, what.value);
      break;
    case "oversee":
      if (has(what.name)) world.oversee(what.name, what.key, what.value);
      break;
    case "set":
      if (has(what.name)) world.set([what.name], { [`/trial/${what.key}/cfg`]: what.value });
      break;
    case "restart": {
      const { name, down, disk, will } = what;
      if (!has(name)) break;
      world.kill(name, will);
      if (!disk && name !== "root") world.wipe(name); // the root's disk is the memory of the cluster
      world.clock.after(down, () => world.start(name));
      break;
    }
    case "cut":
      if (has(what.child) && has(what.parent)) {
        world.network.cut(world.member(what.child).id, world.member(what.parent).id);
      }
      break;
    case "heal":
      world.network.heal();
      break;
    case "stale will":
      if (has(what.child) && has(what.parent)) {
        const [parent, child] = [world.member(what.parent).id, world.member(what.child).id];
        world.network.staleWill(parent, child);
        let after = 0;
        for (const wait of what.again) world.clock.after(after += wait, () => world.network.staleWill(parent, child));
      }
      break;
    case "stale parent will":
      if (has(what.parent)) world.network.staleParentWill(world.member(what.parent).id);
      break;
    case "restart broker":
      if (has(what.parent)) world.network.restartBroker(world.member(what.parent).id);
      break;
    case "jump": {
      const clock = has(what.name) ? world.member(what.name).process?.clock : undefined;
      if (what.clock === "wall") clock?.setWall(what.ms);
      else clock?.jump(Math.abs(what.ms));
      break;
    }
    case "move":
      if (has(what.name) && has(what.parent)) world.set([what.name], { "/parent": what.parent });
      break;
    case "stand by":
      world.set(["a"], { "/standby": what.name });
      break;
    case "remove":
      if (has(what.name)) world.remove(what.name);
      break;
    case "create":
      if (has(what.name) && has(what.parent)) world.create(what.name, what.parent);
      break;
  }
}
