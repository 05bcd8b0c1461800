import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import type { RunningAggregator } from "../../../scripts/cluster/cluster.ts";
import type { Random } from "../../../src/clock.ts";
import type { Gate } from "./gate.ts";
import { type Happenings, type Moment, MOMENTS, untilMoment } from "./moments.ts";
import type { Writer } from "./writer.ts";

/** An aggregator that is killed, and who is affected. */
export interface Victim {
  readonly aggregator: RunningAggregator;
  /** The file that has its process id from the moment on at which it is started. */
  readonly pidFile: string;
  /** Shut while it is away. */
  readonly gate: Gate;
  /** Clients that talk to it through the gate. */
  readonly writers: readonly Writer[];
  readonly happenings: Happenings;
}

/**
 * Kills an aggregator that runs again and again, and starts it each time, with no other step in between. Each time that it
 * is ready, everything acknowledged has to be there. It runs when this resolves, and the gate is open.
 *
 * @returns How often it was killed at which kind of moment.
 */
export async function killAgainAndAgain(
  victim: Victim,
  kills: number,
  random: Random,
): Promise<{ readonly [moment in Moment]?: number }> {
  const { aggregator, gate, writers } = victim;
  const tally: { [moment in Moment]?: number } = {};
  async function goOn(): Promise<void> {
    for (const writer of writers) await writer.check();
    gate.open();
  }
  for (let kill = 0; kill < kills; kill++) {
    const moment = MOMENTS[Math.floor(random() * MOMENTS.length)] ?? "any";
    tally[moment] = (tally[moment] ?? 0) + 1;
    if (moment === "starting" && !aggregator.running.running) {
      await killWhileStarting(victim, random);
      continue;
    }
    if (!aggregator.running.running) await aggregator.restart();
    await goOn();
    await untilMoment(moment, victim.happenings, random);
    gate.shut();
    await aggregator.running.kill();
    await Promise.all(writers.map((writer) => writer.settled()));
  }
  await aggregator.restart();
  await goOn();
  return tally;
}

/** Starts it and kills it at a moment at which it may be ready or not. */
async function killWhileStarting({ aggregator, pidFile, happenings }: Victim, random: Random): Promise<void> {
  const starting = aggregator.restart().then(() => "ready", String);
  const pid = Number(readFileSync(pidFile, "utf8"));
  await untilMoment("starting", happenings, random);
  process.kill(pid, "SIGKILL");
  const outcome = await starting;
  if (outcome === "ready") await aggregator.running.exited;
  else assert.match(outcome, /it ended with SIGKILL/);
}
