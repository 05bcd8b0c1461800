/** Changes of many nodes, put together by what follows from them. */
import type { ChangeGroupInfo, CrowdInfo, StartInfo } from "../../src/api/mod.ts";
import type { RefusedPreview } from "../../src/engine/mod.ts";
import { compareNames, foldNodeset } from "../../src/nodeset/mod.ts";
import { describeNoPlan, type Step } from "../../src/plan/mod.ts";
import { roughDuration } from "../../src/toolkit/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { Control } from "../control/control.ts";
import type { Impact } from "../control/impact.ts";
import type { NodePlace } from "../control/previews.ts";
import { presentStarts } from "./explanation.ts";
import type { ToTime } from "./time.ts";

interface Member {
  readonly name: string;
  readonly impact: Impact;
}

/** The most different mutations that a summary names. */
const MAX_NAMED = 6;

/** Puts changes with the same plan together. Groups are in the order of their first nodes, numbers by value. */
export function groupChanges(control: Control, changes: readonly NodeChange[], toTime: ToTime): ChangeGroupInfo[] {
  const groups = new Map<string, { readonly change: NodeChange; readonly members: Member[] }>();
  for (const change of [...changes].sort((a, b) => compareNames(a.name, b.name))) {
    const impact = control.impact(change);
    const key = `${impact.disruptive} ${JSON.stringify(impact.refused)} ${keyOf(change)}`;
    const group = groups.get(key) ?? { change, members: [] };
    group.members.push({ name: change.name, impact });
    groups.set(key, group);
  }
  return [...groups.values()].map(({ change, members }) => presentGroup(change, members, toTime));
}

/** The texts of plans, which nodes share as long as they share the answer of one search. */
const keys = new WeakMap<NodeChange["plan"], string>();

function keyOf({ plan, note = "" }: NodeChange): string {
  const known = keys.get(plan) ?? JSON.stringify(plan);
  keys.set(plan, known);
  return note + known;
}

function presentGroup({ plan, note }: NodeChange, members: readonly Member[], toTime: ToTime): ChangeGroupInfo {
  const fold = (isOne: (impact: Impact) => boolean) =>
    foldNodeset(members.filter(({ impact }) => isOne(impact)).map(({ name }) => name));
  const busy = fold((impact) => impact.busy);
  const frozen = fold((impact) => impact.frozen);
  const held = fold((impact) => impact.held !== undefined);
  const disruptive = members.some(({ impact }) => impact.disruptive);
  const reason = plan.ok ? undefined : describeNoPlan(plan.reason);
  const steps = plan.ok ? plan.steps : [];
  const refused = members[0]?.impact.refused;
  const crowds = crowdsOf(members);
  const queued = crowds.map(presentCrowd);
  const starts = startsOf(members, toTime);
  const time = refused === undefined ? timeFor(plan, crowds) : undefined;
  return {
    nodeset: foldNodeset(members.map(({ name }) => name)),
    count: members.length,
    ok: plan.ok,
    summary: withNote(reason === undefined ? summarize(steps, time, disruptive, refused) : `no plan: ${reason}`, note),
    steps,
    ...(time !== undefined && { expectedMs: time }),
    disruptive,
    suspended: plan.suspended,
    ...(reason !== undefined && { reason }),
    ...(busy !== "" && { busy }),
    ...(frozen !== "" && { frozen }),
    ...(refused !== undefined && { refused }),
    ...(queued.length > 0 && { queued }),
    ...(starts.length > 0 && { starts }),
    ...(held !== "" && {
      held: { nodeset: held, reason: members.find(({ impact }) => impact.held)?.impact.held ?? "" },
    }),
  };
}

/** What holds up the first steps of all members alike. */
function startsOf(members: readonly Member[], toTime: ToTime): StartInfo[] {
  const [first, ...others] = members;
  return presentStarts(first?.impact.states ?? [], toTime).filter(({ step }) => {
    const kind = first?.impact.states[step]?.kind;
    return others.every(({ impact }) => impact.states[step]?.kind === kind);
  });
}

/** Tells whether so many more nodes than have places, or wait for them, can't go on at once. */
function isCrowded({ atMost, perSecond, taken }: NodePlace, count: number): boolean {
  return (atMost !== undefined && taken + count > atMost) || (perSecond !== undefined && count > perSecond);
}

/** Those of a group that need places of one rule for one group of nodes. */
interface Crowd {
  readonly at: NodePlace;
  count: number;
}

/** The fullest places of each rule at which not all members of a group can go on at once. */
function crowdsOf(members: readonly Member[]): Crowd[] {
  const crowds = new Map<string, Crowd>();
  for (const at of members.flatMap(({ impact }) => impact.places)) {
    const key = JSON.stringify([at.aggregator, at.kind, at.rule, at.group]);
    const crowd = crowds.get(key) ?? { at, count: 0 };
    crowd.count++;
    crowds.set(key, crowd);
  }
  const fullest = new Map<string, Crowd>();
  for (const crowd of crowds.values()) {
    const { at, count } = crowd;
    const key = JSON.stringify([at.aggregator, at.kind, at.rule]);
    const other = fullest.get(key);
    if (isCrowded(at, count) && (other === undefined || waitAt(crowd) > waitAt(other))) fullest.set(key, crowd);
  }
  return [...fullest.values()];
}

/** Milliseconds until the last of a crowd is expected to have its place; Infinity where it never gets one. */
function waitAt({ at: { atMost, perSecond, taken, keeps }, count }: Crowd): number {
  const rounds = atMost === undefined ? 1 : atMost === 0 ? Infinity : Math.max(1, Math.ceil((taken + count) / atMost));
  const places = rounds === 1 ? 0 : (rounds - 1) * keeps;
  const rate = perSecond === undefined ? 0 : Math.max(0, count - perSecond) * 1000 / perSecond; // so many start at once
  return Math.max(places, rate);
}

/** Milliseconds until all of a group are expected to be done; undefined where some never are. */
function timeFor(plan: NodeChange["plan"], crowds: readonly Crowd[]): number | undefined {
  if (!plan.ok) return 0;
  const time = plan.duration + Math.max(0, ...crowds.map(waitAt));
  return Number.isFinite(time) ? Math.round(time) : undefined;
}

function presentCrowd({ at }: Crowd): CrowdInfo {
  const { step, kind, rule, aggregator, by, atMost, perSecond, keeps } = at;
  const bounds = { ...(atMost !== undefined && { atMost }), ...(perSecond !== undefined && { perSecond }) };
  const whose = aggregator === undefined ? "" : ` of ${aggregator}`;
  const what = `${kind === "limit" ? "limit" : "invariant"} '${rule}'${whose}`;
  const each = by === undefined ? "" : ` for each value of ${by}`;
  const rates = [
    ...(atMost === undefined ? [] : [`${atMost} at once`]),
    ...(perSecond === undefined ? [] : [`${perSecond} a second`]),
  ];
  const never = atMost === 0
    ? ": never as it is"
    : keeps === Infinity
    ? ": the others wait until these are back in SYNC"
    : "";
  return {
    ...{ step, kind, rule },
    ...(by !== undefined && { by }),
    ...bounds,
    words: `at most ${rates.join(", ")}${each} by ${what}${never}`,
  };
}

/** Says too why nothing will be done. */
function withNote(summary: string, note: string | undefined): string {
  return note === undefined ? summary : `${summary}: ${note}`;
}

function summarize(
  steps: readonly Step[],
  time: number | undefined,
  disruptive: boolean,
  refused: RefusedPreview | undefined,
): string {
  if (steps.length === 0) return "nothing to do";
  const counts = new Map<string, number>();
  for (const { module, mutation } of steps) {
    const name = `${module}/${mutation}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const names = [...counts].map(([name, count]) => count === 1 ? name : `${count} x ${name}`);
  const more = names.length > MAX_NAMED ? [`and ${names.length - MAX_NAMED} more`] : [];
  const parts = [
    `${steps.length} ${steps.length === 1 ? "step" : "steps"}: ${[...names.slice(0, MAX_NAMED), ...more].join(", ")}`,
    ...(time === undefined ? [] : [`about ${roughDuration(time)}`]),
    ...(refused === undefined ? [] : [`refused by invariant '${refused.invariant}'`]),
    ...(disruptive ? ["disruptive"] : []),
  ];
  return parts.join("; ");
}
