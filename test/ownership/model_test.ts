import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createWorld, type Rack, RACKS, type World } from "./world.ts";

/** What people and faults have done, as far as it tells what may follow. */
interface Model {
  /** Where the root has put the node. */
  parent: Rack;
}
type Command = fc.Command<Model, World>;

/** After each command nobody may act but one. */
function command(name: string, run: (world: World, model: Model) => void): Command {
  return {
    check: () => true,
    run(model, world) {
      run(world, model);
      assert.deepEqual(world.violations(), []);
    },
    toString: () => name,
  };
}

const rack = fc.constantFrom(...RACKS);
const deliver = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 9 })).map(
  ([at, chance]) =>
    command(`deliver(${at}${chance === 0 ? ", lost" : ""})`, (world) => world.deliver(at, chance === 0)),
);
const wait = (ms: number): Command => command(`advance(${ms})`, (world) => world.advance(ms));

const live = fc.constantFrom(20_000, 100_000, 250_000).map((ms) =>
  command(`live(${ms})`, (world) => assert.deepEqual(world.live(ms), []))
);

/** Moves, partitions between aggregators, their restarts, and frames that are lost or late; but the node is always heard by somebody. */
const COMMON: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 12 }, () => deliver),
  ...Array.from({ length: 4 }, () => fc.constant(wait(1_000))),
  ...Array.from({ length: 2 }, () => live),
  ...Array.from({ length: 3 }, () =>
    rack.map((to) =>
      command(`move(${to})`, (world, model) => {
        world.move(to);
        model.parent = to;
      })
    )),
  rack.map((each) => command(`cut(${each})`, (world) => world.cut(each))),
  fc.constant(command("heal()", (world) => world.heal())),
  fc.constant(command("deliverAll()", (world) => world.deliverAll())),
  rack.map((each) => command(`restart(${each})`, (world) => world.restart(each, true))),
  rack.map((each) => command(`restart(${each}, without its disk)`, (world) => world.restart(each, false))),
  fc.constant(command("restartAgent()", (world) => world.restartAgent())),
];

/** A node that is not heard, is booted elsewhere, or off: what may make two of them act, too. */
const ALL: fc.Arbitrary<Command>[] = [
  ...COMMON,
  ...Array.from({ length: 3 }, () => fc.constantFrom(2_000, 10_000, 40_000, 70_000, 130_000).map(wait)),
  rack.map((each) => command(`cutNode(${each})`, (world) => world.cutNode(each))),
  rack.map((each) => command(`stop(${each})`, (world) => world.stop(each))),
  fc.constant(command("killAgent()", (world) => world.killAgent())),
  rack.map((each) => command(`restartAgent(${each})`, (world) => world.restartAgent(each))),
  // A machine is booted where its node was moved to, while whoever had it is cut off.
  ...Array.from({ length: 3 }, () =>
    rack.map((to) =>
      command(`bootAt(${to})`, (world, model) => {
        world.cut(model.parent);
        world.move(to);
        model.parent = to;
        world.restartAgent(to);
        for (let seconds = 0; seconds < 6; seconds++) {
          world.deliverAll();
          world.advance(1_000);
        }
      })
    )),
  ...Array.from({ length: 2 }, () =>
    fc.constant(command("tellBefore()", (world) => {
      world.tellBefore();
      world.deliverAll();
    }))),
  fc.constant(command("powerOff()", (world) => world.powerOff())),
  fc.boolean().map((isWanted) => command(`wantOff(${isWanted})`, (world) => world.wantOff(isWanted))),
];

/** `seed|path|replayPath` of a failure, to be played again. */
const [seed, path, replayPath] = process.env["KRAKEN_REPLAY"]?.split("|") ?? [];

function check(
  name: string,
  arbitraries: fc.Arbitrary<Command>[],
  classes: readonly string[],
  runs: number,
): void {
  const covered = createCoverage(name, classes, 0.01);
  fc.assert(
    fc.property(
      fc.commands(arbitraries, { maxCommands: 60, size: "max", ...(replayPath !== undefined && { replayPath }) }),
      (commands) => {
        const world = createWorld();
        fc.modelRun(() => ({ model: { parent: "a" as Rack }, real: world }), commands);
        const { acting, problems } = world.settle();
        assert.deepEqual(problems, []);
        assert.deepEqual(
          acting,
          [world.word.parent],
          "exactly the one to which the root has given it may act in the end",
        );
        covered.saw(...classes.filter((each) => world.met.has(each)));
      },
    ),
    {
      numRuns: runs,
      ...(seed !== undefined && { seed: Number(seed) }),
      ...(path !== undefined && { path }),
    },
  );
  covered.check();
}

const RUNS = "Deno" in globalThis ? 2_000 : 200;
const CLASSES = [
  ...[
    "expected",
    "owned",
    "departing",
    "foreign",
    "declared lost",
    "release confirmed",
    "failed over",
    "fenced",
    "learning",
  ],
];

test("one aggregator at most may act on a node that is heard by one of them, and one does in the end", () => {
  check("owners", COMMON, CLASSES.filter((each) => each !== "declared lost"), RUNS);
});

test("two aggregators may act on a node only in the cases that docs/ownership.md names", () => {
  check("owners, with exemptions", ALL, [...CLASSES, "disputed", "joined by itself", "machine was off"], RUNS);
});
