import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { sizeOf } from "../support/sizes.ts";
import { VIRTUAL_EPOCH } from "../support/virtual_clock.ts";
import { runSchedule, type Schedule, schedules } from "./schedule.ts";

/** Always the same schedules, so that a change is judged by them and not by chance; others with `KRAKEN_SEED`. */
const SEEDS = [33, 101, 202, 303, 404];
/** How many schedules of each a run of the tests takes. */
const RUNS = sizeOf(80, 1_000);
/** Fewer than this say little of what chance has left out. */
const ENOUGH = 80;

/** A schedule that failed is named by these two; `KRAKEN_RUNS` takes more or fewer of them. */
const seed = process.env["KRAKEN_SEED"];
const path = process.env["KRAKEN_PATH"];
const runs = process.env["KRAKEN_RUNS"];

for (const each of seed === undefined ? SEEDS : [Number(seed)]) {
  test(`every tier agrees with its writers after faults stop, whatever they were (seed ${each})`, () => check(each));
}

/** What schedules have to have met, or the property says nothing of it. */
const CLASSES = [
  ...["15 steps or more", "level before the first fault", "frames lost", "frames overtaken", "brokers that outlive"],
  ...["a disk lost", "the root restarted", "a rack moved", "a node moved", "cut off", "a late will", "a node deleted"],
] as const;

/** What one schedule has met: steps about members that its tree does not have aside. */
function met({ tree, level, weather, brokersOutlive, steps }: Schedule): (typeof CLASSES[number])[] {
  const all = steps.map(({ what }) => what);
  const found: { readonly [name in typeof CLASSES[number]]: boolean } = {
    "15 steps or more": steps.length >= 15,
    "level before the first fault": level,
    "frames lost": weather.loss > 0,
    "frames overtaken": weather.delay > 1_000,
    "brokers that outlive": brokersOutlive,
    "a disk lost": all.some((what) => what.do === "restart" && !what.disk && what.name === "a"),
    "the root restarted": all.some((what) => what.do === "restart" && what.name === "root"),
    "a rack moved": all.some((what) => what.do === "move" && ["a", "b"].includes(what.name)),
    "a node moved": all.some((what) => what.do === "move" && ["n1", "n2"].includes(what.name)),
    "cut off": all.some((what) => what.do === "cut"),
    "a late will": all.some((what) => what.do === "stale will"),
    "a node deleted": all.some((what) => what.do === "remove" && (what.name === "n1" || tree === "two rows")),
  };
  return CLASSES.filter((each) => found[each]);
}

async function check(seed: number): Promise<void> {
  const covered = createCoverage(`trees, seed ${seed}`, CLASSES);
  const result = await fc.check(
    fc.asyncProperty(schedules, async (schedule) => {
      const problems = await runSchedule(schedule);
      if (problems.length > 0) throw new Error(problems.join("\n"));
      covered.saw(...met(schedule));
    }),
    {
      ...(process.env["KRAKEN_FAST"] !== undefined && { endOnFailure: true }),
      numRuns: runs === undefined ? RUNS : Number(runs),
      seed,
      ...(path !== undefined && { path }),
      endOnFailure: path !== undefined,
    },
  );
  if (!result.failed) {
    if (path === undefined && Number(runs ?? RUNS) >= ENOUGH) covered.check();
    return;
  }
  const [schedule] = result.counterexample ?? [];
  if (path !== undefined && schedule !== undefined) await show(schedule);
  assert.fail([
    `Schedule ${result.counterexamplePath} of seed ${result.seed} fails. Replay it with:`,
    `KRAKEN_SEED=${result.seed} KRAKEN_PATH=${result.counterexamplePath} npm test -- tree`,
    JSON.stringify(schedule),
    String(result.errorInstance),
  ].join("\n"));
}

/** Runs a schedule once more and says what happens when. */
async function show(schedule: Schedule): Promise<void> {
  await runSchedule(schedule, (world, done) => {
    process.stdout.write(`${world.clock.now()} ms: ${done}\n`);
    if (done !== "the end") return;
    for (const { name, isAggregator } of world.members) {
      if (isAggregator !== true) continue;
      for (const { time, node, kind, why } of world.store(name).events(0, 1_000)) {
        process.stdout.write(`  ${name} at ${Date.parse(time) - VIRTUAL_EPOCH} ms: ${node} ${kind} ${why}\n`);
      }
    }
  });
}
