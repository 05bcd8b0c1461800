import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as v from "valibot";
import type { Lab } from "../lab.ts";
import type { Follower } from "./follower.ts";

const eventsShape = v.object({
  events: v.array(
    v.looseObject({ id: v.number(), kind: v.string(), mutation: v.optional(v.string()), why: v.string() }),
  ),
});

type Events = v.InferOutput<typeof eventsShape>["events"];

/** Everything that the log of the aggregator at `api` has after an event. */
async function readLog(lab: Lab, api: string, after: number): Promise<Events> {
  const all: Events = [];
  for (;;) {
    const { body } = await lab.request("GET", `/events?after=${all.at(-1)?.id ?? after}`, undefined, api);
    const { events } = v.parse(eventsShape, body);
    if (events.length === 0) return all;
    all.push(...events);
  }
}

/** The id of the newest event at an aggregator. */
export async function lastEvent(lab: Lab, api: string): Promise<number> {
  return (await readLog(lab, api, 0)).at(-1)?.id ?? 0;
}

/**
 * Makes sure that what was streamed is what is kept, under the same ids, and that since `quiet` no machine was given an
 * order and no node taken for lost.
 */
export async function checkEvents(lab: Lab, api: string, follower: Follower, quiet: number): Promise<void> {
  const kept = await readLog(lab, api, quiet);
  const ids = kept.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));
  const newest = [...follower.told.keys()].at(-1) ?? 0;
  for (const event of kept) if (event.id <= newest) assert.deepEqual(follower.told.get(event.id), event);
  const bad = kept.filter(({ mutation, why }) =>
    mutation?.startsWith("simpower/") === true || why.includes("/runState: SYNC ->")
  );
  assert.deepEqual(bad, []);
}

/** Makes sure that every node is in SYNC, on a machine that was powered on once, under the agent that it had before. */
export async function checkUntouched(lab: Lab, agents: readonly number[]): Promise<void> {
  assert.deepEqual(lab.names.map((name) => lab.agentPid(name)), agents);
  for (const { name, runState } of await lab.nodes()) {
    const { powerOn, powerOff } = await lab.power(name);
    assert.deepEqual({ name, runState, powerOn, powerOff }, { name, runState: "SYNC", powerOn: 1, powerOff: 0 });
  }
}

/** Makes sure that a database that nobody has open is sound, and that its processes reported no error. */
export async function checkStore(folder: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(`${folder}/state.db`);
  assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  db.close();
  const lines = readFileSync(`${folder}.log`, "utf8").split("\n");
  assert.deepEqual(lines.filter((line) => line.includes('"level":"error"')), []);
}
