import type { Machine, OwnershipEvent, Place } from "../../aggregator/ownership/mod.ts";
import type { Assignment } from "../../src/state/mod.ts";
import { fc } from "../support/property.ts";

const plain = { noNullPrototype: true } as const;
const assignment = fc.integer({ min: 1, max: 6 });
const aggregator = fc.constantFrom("a", "b", "c");

/** What is known of a machine. */
export const machines: fc.Arbitrary<Machine> = fc.record({
  power: fc.constantFrom("on", "on", "on", "off", "hung", "faulty", "unknown"),
  agent: fc.constantFrom("SYNC", "INIT", "other"),
  isWantedOff: fc.constantFrom(false, false, false, true),
  isAggregator: fc.constantFrom(false, false, false, true),
  control: fc.constantFrom("controller", "controller", "person", "none"),
}, plain);

const redirects: fc.Arbitrary<Assignment> = fc.record({ number: assignment, parent: aggregator }, plain);
const mayKnow = fc.option(redirects, { nil: undefined });
const places: fc.Arbitrary<Place> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record(
      { kind: fc.constant("here" as const), assignment, holders: fc.uniqueArray(aggregator, { maxLength: 2 }) },
      plain,
    ),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("below" as const), via: aggregator, to: mayKnow }, plain) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("elsewhere" as const), to: mayKnow }, plain) },
);

const machine = machines;
const joined = fc.integer({ min: 0, max: 6 });

/** Any event: facts come in any order. */
export const events: fc.Arbitrary<OwnershipEvent> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("assigned" as const), place: places, joined, machine }, plain),
  },
  fc.record({ kind: fc.constant("remembered" as const), place: places, joined, machine }, plain),
  fc.record({ kind: fc.constant("wrote" as const), assignment, machine }, plain),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("linked" as const),
      link: fc.constantFrom("down" as const, "joining" as const, "level" as const),
      sameRun: fc.boolean(),
      assignment: joined,
      why: fc.constant("its link changed"),
      machine,
    }, plain),
  },
  fc.record({ kind: fc.constant("born" as const) }, plain),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("seen" as const), machine }, plain) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("joinOver" as const), machine }, plain) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("graceOver" as const), isDeaf: fc.boolean(), machine }, plain),
  },
  fc.record({ kind: fc.constant("resumed" as const), machine }, plain),
  fc.record({ kind: fc.constant("claimed" as const), assignment, machine }, plain),
  fc.record({ kind: fc.constant("strayed" as const), to: mayKnow }, plain),
  fc.record({ kind: fc.constant("left" as const) }, plain),
  fc.record({ kind: fc.constant("quiet" as const) }, plain),
  fc.record({ kind: fc.constant("releaseRequested" as const), isQuiet: fc.boolean() }, plain),
);
