import { cleanText, type Style } from "../src/cli/mod.ts";
import { roughDuration } from "../src/toolkit/mod.ts";
import { groupByKey } from "./grouping.ts";
import { showValue } from "./plan_text.ts";
import type { ExplainedStepInfo, ExplanationInfo } from "../src/api/mod.ts";
import { describeState, stateKey } from "./step_text.ts";

/** Nodes of which the same is to be said. */
interface Told {
  readonly nodeset: string;
  readonly isMany: boolean;
  readonly explanations: readonly ExplanationInfo[];
  /** That of the first of them. */
  readonly first: ExplanationInfo;
}

/** Explanations in prose: what each node does and what it waits for. Nodes of which the same is to be said are told of once. */
export function describeExplanations(explanations: readonly ExplanationInfo[], style: Style): string[] {
  const byName = new Map(explanations.map((each) => [each.name, each]));
  return groupByKey(explanations, ({ name }) => name, keyOf).flatMap(({ nodeset, names, shared }, at) => {
    const told: Told = {
      nodeset: cleanText(nodeset),
      isMany: names.length > 1,
      explanations: names.flatMap((name) => byName.get(name) ?? []),
      first: shared,
    };
    const [head = "", ...rest] = describeWay(told).map(cleanText);
    return [
      ...(at === 0 ? [] : [""]),
      `${style.bold(told.nodeset)}${head.slice(told.nodeset.length)}`,
      ...rest,
      ...describeAgent(told).map(cleanText),
      ...describeLate(told).map((line) => style.yellow(cleanText(line))),
      ...describeSuspended(shared).map(cleanText),
    ];
  });
}

/** Names what is said of a node, without times and places in queues: these differ between nodes that do the same. */
function keyOf({ phase, isHypothetical, goals, steps, noPlan, suspended, late, agent }: ExplanationInfo): string {
  return JSON.stringify([
    [phase, isHypothetical, goals.map(({ url, value }) => [url, value]), noPlan?.reason, suspended, late?.why],
    steps.map((step) => [step.key, step.after, stateKey(step.state)]),
    [agent?.mutation, agent?.reason],
  ]);
}

function describeLate(told: Told): string[] {
  const { late } = told.first;
  return late === undefined ? [] : [`Late for ${since(told, (each) => each.late?.since)}: ${late.why}.`];
}

function describeSuspended({ suspended }: ExplanationInfo): string[] {
  return suspended.map(({ url, value, because }) =>
    `${url}=${showValue(value)} has to wait: it cannot be reached while ${because.url}=${
      showValue(because.value)
    } is wanted.`
  );
}

/** What is on the way. The first line begins with the nodeset. */
function describeWay(told: Told): string[] {
  const { first, nodeset, isMany } = told;
  if (first.noPlan !== undefined) return describeNoPlan(nodeset, first.noPlan);
  if (first.steps.length === 0 && first.phase !== "converged") return [`${nodeset}: ${first.why}.`];
  if (first.steps.length === 0) {
    return [`${nodeset} ${isMany ? "need nothing: they are at their goal" : "needs nothing: it is at its goal"}.`];
  }
  return [
    describeHead(nodeset, first, isMany),
    ...first.steps.map((step, at) => describeStep(told, step, at)),
    ...(first.phase === "blocked" ? [] : [describeEnd(told)]),
  ];
}

function describeNoPlan(title: string, noPlan: NonNullable<ExplanationInfo["noPlan"]>): string[] {
  if (noPlan.kind !== "unreachable" || noPlan.url === undefined) {
    return [`${title}: there is no way. ${noPlan.reason}.`];
  }
  const head = `${title}: there is no way to ${noPlan.url}=${showValue(noPlan.value)}`;
  const ways = (noPlan.achievers ?? []).filter(({ forOthers }) => forOthers !== true).map(({ key, lacks }) =>
    `${key} would lead there, but ${lacks.map(({ words }) => words).join(", and ")}.`
  );
  const [only] = ways;
  if (only === undefined) return [`${head}: nothing leads there.`];
  return ways.length === 1 ? [`${head}: ${only}`] : [`${head}:`, ...ways.map((way) => `  ${way}`)];
}

function describeHead(title: string, { goals, phase, isHypothetical, why }: ExplanationInfo, isMany: boolean): string {
  const list = goals.map(({ url, value }) => `${url}=${showValue(value)}`).join(", ");
  const goal = list === "" ? (isMany ? "their goal" : "its goal") : list;
  const [is, wait] = isMany ? ["are", "wait"] : ["is", "waits"];
  if (isHypothetical) return `${title} would have to do this to reach ${goal}:`;
  switch (phase) {
    case "waiting":
      return `${title} ${wait} on the way to ${goal}.`;
    case "blocked":
      return `${title} ${isMany ? "do" : "does"} not get on to ${goal}. ${why}.`;
    case "backoff":
      return `${title} ${is} on the way to ${goal}, in a pause after a failure.`;
    case "stuck":
      return `${title} ${is} stuck on the way to ${goal}.`;
    case "frozen":
      return `${title} ${is} frozen on the way to ${goal}.`;
    default:
      return `${title} ${is} working towards ${goal}.`;
  }
}

function describeStep({ explanations, first }: Told, step: ExplainedStepInfo, at: number): string {
  const about = step.about === "" ? "" : ` (${step.about.charAt(0).toLowerCase()}${step.about.slice(1)})`;
  const all = explanations.flatMap((each) => {
    const its = each.steps[at];
    return its === undefined ? [] : [{ at: each.at, step: its }];
  });
  return `  ${at + 1}. ${step.key}${about}: ${describeState(all, first.isHypothetical)}`;
}

/** What comes of it, and what to do where nothing does by itself. */
function describeEnd({ nodeset, isMany, first, explanations }: Told): string {
  const longest = Math.max(...explanations.map(({ expectedMs = 0 }) => expectedMs));
  const about = `about ${roughDuration(longest)}`;
  const never = neverGoesOn(first);
  if (never !== undefined) return never;
  if (first.isHypothetical) return `It would take ${about}.`;
  const states = first.steps.map(({ state }) => state);
  const held = states.find((state) => state.kind === "held");
  const frozen = states.find((state) => state.kind === "frozen");
  if (held !== undefined) {
    const command = held.by === "fleet" ? "release" : `retry ${quoted(nodeset)}`;
    return `Fix the cause, then run: krakenctl ${command}`;
  }
  if (frozen?.by === "moved") return "It continues when the node has joined or its last aggregator has released it.";
  if (frozen !== undefined) {
    return `To continue, run: krakenctl thaw${frozen.by === "everything" ? "" : ` ${quoted(nodeset)}`}`;
  }
  const waits = first.steps.some(({ state }) => state.kind === "waiting" || state.kind === "backoff");
  const turn = waits ? `, once ${isMany ? "each" : "it"} can continue` : "";
  return `Done in ${about}${turn}, if nothing goes wrong.`;
}

/** That an invariant lets nothing of it through, or would not. */
function neverGoesOn({ steps, isHypothetical }: ExplanationInfo): string | undefined {
  const blockers = steps.flatMap(({ state }) => state.kind === "waiting" ? [state.blocker] : []);
  for (const blocker of blockers) {
    if ((blocker.kind !== "limit" && blocker.kind !== "count") || blocker.atMost !== 0) continue;
    const rule = blocker.kind === "limit" ? `limit '${blocker.limit}'` : `invariant '${blocker.invariant}'`;
    return `It can never continue at present: check ${rule}.`;
  }
  const objects = isHypothetical ? blockers.find((blocker) => blocker.kind === "invariant") : undefined;
  return objects === undefined
    ? undefined
    : `At present it would not be done: invariant '${objects.invariant}' refuses it.`;
}

/** What an agent gave up on that is no step of the plan. */
function describeAgent(told: Told): string[] {
  const { agent, steps } = told.first;
  if (agent === undefined || steps.some(({ state }) => state.kind === "held" && state.by === "agent")) return [];
  const when = agent.since === undefined ? "" : ` ${since(told, (each) => each.agent?.since)} ago`;
  return [`Its agent gave up on ${agent.mutation}${when}, after ${agent.attempts} attempts: ${agent.reason}.`];
}

/** How long something has been so, on the node where it has been so for the longest time. */
function since({ explanations }: Told, of: (each: ExplanationInfo) => string | undefined): string {
  const spans = explanations.flatMap((each) => {
    const from = of(each);
    return from === undefined ? [] : [Date.parse(each.at) - Date.parse(from)];
  });
  return roughDuration(Math.max(0, ...spans));
}

/** A nodeset as one types it in a shell. */
function quoted(nodeset: string): string {
  return /[[\]]/.test(nodeset) ? `'${nodeset}'` : nodeset;
}
