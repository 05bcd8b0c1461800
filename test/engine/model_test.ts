import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createLab } from "./lab.ts";
import {
  beginAnew,
  checkModel,
  connect,
  createModel,
  type Id,
  IDS,
  type Lamp,
  LAMPS,
  type Model,
  neededBy,
  type Real,
  type Work,
} from "./model.ts";

/** How long a handler that does not return holds up the next run, in milliseconds. */
const GRACE = 3000;
/** After so many failures a mutation is given up. */
const MAX_ATTEMPTS = 3;

type Command = fc.AsyncCommand<Model, Real>;

/** A command that can always be run: it changes model and engine alike, lets everything happen, and compares them. */
function command(words: string, run: (model: Model, real: Real) => void | Promise<void>): Command {
  return {
    check: () => true,
    async run(model, real) {
      await run(model, real);
      await real.lab.settle();
      checkModel(model, real);
    },
    toString: () => words,
  };
}

function want(id: Id, lamp: Lamp | undefined): Command {
  return command(`want ${lamp} of ${id}`, (model, { lab }) => {
    const node = model.nodes[id];
    node.wanted = lamp;
    node.there = true;
    beginAnew(model, id);
    lab.want(lamp === undefined ? {} : { "/lamp": lamp }, id);
  });
}
function see(id: Id, lamp: Lamp): Command {
  return command(`see ${lamp} on ${id}`, (model, { lab }) => {
    const node = model.nodes[id];
    if (!node.there) return;
    beginAnew(model, id);
    node.lamp = lamp;
    lab.see({ "/lamp": lamp === "UNKNOWN" ? null : lamp }, id);
  });
}
function freeze(id: Id, frozen: boolean): Command {
  return command(`${frozen ? "freeze" : "thaw"} ${id}`, (model, { lab }) => {
    if (model.nodes[id].there) model.nodes[id].frozen = frozen;
    lab.freeze(frozen, id);
  });
}
function remove(id: Id): Command {
  return command(`remove ${id}`, (model, { lab }) => {
    Object.assign(model.nodes[id], { there: false, wanted: undefined, lamp: "UNKNOWN", frozen: false });
    lab.remove(id);
    lab.engine.touch(id);
  });
}
function retry(id: Id): Command {
  return command(`retry ${id}`, (model, { lab }) => {
    beginAnew(model, id);
    lab.engine.retry(id);
  });
}
function work(how: Work): Command {
  return command(`handlers ${how}`, (_model, real) => void (real.work = how));
}
function wait(ms: number): Command {
  return command(`wait ${ms}`, (_model, { lab }) => lab.clock.advance(ms));
}
const crash = () =>
  command("crash", (model, real) => {
    for (const id of IDS) beginAnew(model, id);
    for (const run of real.open) real.crashedAt.set(run, real.lab.clock.now());
    real.lab.restart();
  });
const returnAll = () =>
  command("handlers return", (_model, { open }) => {
    for (const run of open) run.reject(new Error("Late"));
    open.clear();
  });

const id = fc.constantFrom(...IDS);
const arbitraries: fc.Arbitrary<Command>[] = [
  fc.tuple(id, fc.constantFrom<(Lamp | undefined)[]>("DARK", "LIT", "LIT", undefined)).map((args) => want(...args)),
  fc.tuple(id, fc.constantFrom(...LAMPS)).map((args) => see(...args)),
  fc.tuple(id, fc.boolean()).map((args) => freeze(...args)),
  fc.integer({ min: 1, max: 15_000 }).map(wait),
  fc.constantFrom<Work[]>("light it", "fail", "return only", "never return").map(work),
  id.map(retry),
  id.map(remove),
  fc.constant(null).map(crash),
  fc.constant(null).map(returnAll),
  // Often enough for lamps to be lit, to fail, and to be given up.
  ...Array.from({ length: 3 }, () => id.map((each) => want(each, "LIT"))),
  ...Array.from({ length: 3 }, () => id.map((each) => see(each, "DARK"))),
  ...Array.from({ length: 3 }, () => fc.integer({ min: 1000, max: 15_000 }).map(wait)),
  fc.constant<Work>("fail").map(work),
];

/** `seed|path|replayPath` of a failure, to be played again: see docs/engine.md. */
const [seed, path, replayPath] = process.env["KRAKEN_REPLAY"]?.split("|") ?? [];

async function play(commands: Iterable<Command>): Promise<ReadonlySet<string>> {
  const lab = createLab({
    options: { maxAttempts: MAX_ATTEMPTS, backoffBase: 200, settle: 2000, resync: 20_000, grace: GRACE },
  });
  const model = createModel();
  const real = connect(lab, model, GRACE, MAX_ATTEMPTS);
  await fc.asyncModelRun(() => ({ model, real }), commands);
  // When faults end every lamp comes to be as it is wanted.
  real.work = "light it";
  for (const id of IDS) {
    const node = model.nodes[id];
    if (!node.there) continue;
    node.frozen = false;
    lab.freeze(false, id);
    beginAnew(model, id);
    lab.engine.retry(id);
  }
  await lab.clock.advance(60_000);
  for (const id of IDS) {
    beginAnew(model, id);
    lab.engine.retry(id);
  }
  await lab.clock.advance(60_000);
  checkModel(model, real);
  for (const id of IDS) assert.equal(neededBy(model.nodes[id]), undefined, `${id} did not come to its goal`);
  lab.engine.stop();
  await lab.clock.advance(FLUSH);
  assert.equal(lab.clock.waiting, 0);
  return new Set(lab.events.map(({ kind }) => kind));
}

/** What has to come about in some run of the model. */
const SEEN = ["started", "retry", "done", "failed", "aborted", "stuck", "unstuck", "converged"] as const;

/** What handlers of the model may still have to do when the engine stops, in milliseconds. */
const FLUSH = 1000;

test("the engine does what its reference model says, whatever comes in whatever order", async () => {
  const covered = createCoverage("the engine's model", [...SEEN, "ten commands"], 0.01);
  await fc.assert(
    fc.asyncProperty(
      fc.commands(arbitraries, { maxCommands: 40, size: "max", ...(replayPath !== undefined && { replayPath }) }),
      async (commands) => {
        const all = [...commands];
        const kinds = await play(all);
        covered.saw(...SEEN.filter((kind) => kinds.has(kind)), ...(all.length >= 10 ? ["ten commands"] as const : []));
      },
    ),
    {
      numRuns: 300,
      ...(seed !== undefined && { seed: Number(seed) }),
      ...(path !== undefined && { path }),
      reporter(details) {
        if (!details.failed) return;
        const words = String(details.counterexample?.[0]);
        const [, replay = ""] = /replayPath="([^"]*)"/.exec(words) ?? [];
        const found = `${details.seed}|${details.counterexamplePath}|${replay}`;
        const again =
          `KRAKEN_REPLAY='${found}' node_modules/deno/deno test -A --config deno.offline.json test/engine/model_test.ts`;
        const cause = details.errorInstance instanceof Error ? details.errorInstance.message : "it threw";
        throw new Error(`${cause}\nafter: ${words}\nplay it again: ${again}`);
      },
    },
  );
  covered.check();
});
