import {
  type Effect,
  FOREIGN,
  type Machine,
  mayAct,
  type Ownership,
  type OwnershipEvent,
  type Standing,
  step,
} from "../../aggregator/ownership/mod.ts";
import { type GeneratedPage, generatedProblems, markdownTable, writeGenerated } from "./generated.ts";

const MACHINE: Machine = { power: "on", agent: "SYNC", isWantedOff: false, isAggregator: false, control: "controller" };
const LOCAL = { assignment: 3, link: "down", sameRun: true, grace: "none", machine: MACHINE } as const;

/** An ownership of each kind, in the situations that make a difference. */
const STATES: readonly (readonly [name: string, state: Ownership])[] = [
  ["foreign", FOREIGN],
  ["below `r`", { kind: "below", via: "r" }],
  ["expected, held by `a`", { kind: "expected", ...LOCAL, holders: ["a"], isJoining: true }],
  ["expected, held by nobody", { kind: "expected", ...LOCAL, holders: [], isJoining: true }],
  ["owned, level", { kind: "owned", ...LOCAL, link: "level" }],
  ["owned, down", { kind: "owned", ...LOCAL, grace: "short" }],
  ["departing", { kind: "departing", to: { number: 4, parent: "b" }, via: undefined }],
  ["disputed", { kind: "disputed", ...LOCAL, holders: [], claimed: 5 }],
];

const word = { joined: 3, machine: MACHINE };
const link = { kind: "linked", sameRun: true, assignment: 3, why: "", machine: MACHINE } as const;

/** The facts that there are, in the variants that make a difference. */
const EVENTS: readonly (readonly [name: string, event: OwnershipEvent])[] = [
  ["`assigned` here, as before", {
    ...{ kind: "assigned", ...word, joined: 2 },
    place: { kind: "here", assignment: 3, holders: ["a"] },
  }],
  ["`assigned` here, as before, released by all", {
    ...{ kind: "assigned", ...word, joined: 2 },
    place: { kind: "here", assignment: 3, holders: [] },
  }],
  ["`assigned` here again, held by `a`", {
    ...{ kind: "assigned", ...word },
    place: { kind: "here", assignment: 6, holders: ["a"] },
  }],
  ["`assigned` below the child `s`", {
    ...{ kind: "assigned", ...word },
    place: { kind: "below", via: "s", to: { number: 6, parent: "s" } },
  }],
  ["`assigned` elsewhere", {
    ...{ kind: "assigned", ...word },
    place: { kind: "elsewhere", to: { number: 6, parent: "c" } },
  }],
  ["`assigned` elsewhere, place unknown", {
    ...{ kind: "assigned", ...word },
    place: { kind: "elsewhere", to: undefined },
  }],
  ["`wrote` under the present assignment", { kind: "wrote", assignment: 3, machine: MACHINE }],
  ["`wrote` under an earlier one", { kind: "wrote", assignment: 2, machine: MACHINE }],
  ["`born`, waits for its welcome", { kind: "born" }],
  ["`linked`: joining", { ...link, link: "joining" }],
  ["`linked`: level, under the present assignment", { ...link, link: "level" }],
  ["`linked`: level, under an earlier one", { ...link, link: "level", assignment: 2 }],
  ["`linked`: down", { ...link, link: "down" }],
  ["`seen`: its machine is off", { kind: "seen", machine: { ...MACHINE, power: "off", agent: "other" } }],
  ["`seen`: its machine is on", { kind: "seen", machine: MACHINE }],
  ["`seen`: its machine hangs", { kind: "seen", machine: { ...MACHINE, power: "hung", agent: "other" } }],
  ["`joinOver`", { kind: "joinOver", machine: MACHINE }],
  ["`graceOver`", { kind: "graceOver", isDeaf: false, machine: MACHINE }],
  ["`graceOver`, while silence proves nothing", { kind: "graceOver", isDeaf: true, machine: MACHINE }],
  ["`resumed`", { kind: "resumed", machine: MACHINE }],
  ["`claimed`: proof of a later assignment", { kind: "claimed", assignment: 6, machine: MACHINE }],
  ["`claimed`: proof of the present assignment", { kind: "claimed", assignment: 3, machine: MACHINE }],
  ["`strayed`, its place is known", { kind: "strayed", to: { number: 4, parent: "b" } }],
  ["`strayed`, its place is unknown", { kind: "strayed", to: undefined }],
  ["`left`: its connection has ended", { kind: "left" }],
  ["`quiet`", { kind: "quiet" }],
  ["`releaseRequested`, the node is quiet", { kind: "releaseRequested", isQuiet: true }],
  ["`releaseRequested`, the node is not quiet", { kind: "releaseRequested", isQuiet: false }],
];

const STANDINGS: readonly (readonly [name: string, standing: Standing])[] = [
  ["fenced", { kind: "fenced", standby: "b" }],
  ["learning", { kind: "learning" }],
];

const PAGE: GeneratedPage = { file: "docs/ownership.md", source: "aggregator/ownership", make: describeOwnership };

/** Checks that the tables of docs/ownership.md are up to date. @returns Problems as `file:line: message`. */
export function ownershipProblems(root: string): string[] {
  return generatedProblems(root, PAGE);
}

/** Regenerates the tables of docs/ownership.md. */
export function writeOwnership(root: string): void {
  writeGenerated(root, PAGE);
}

/** The tables of states and events, as Markdown. */
function describeOwnership(): string {
  return [
    "## When the engine may act",
    "",
    ...permissions(),
    "",
    "## Transitions",
    ...STATES.flatMap(section),
    "",
  ].join("\n");
}

function permissions(): string[] {
  const rows = STATES.map(([name, state]) => row(name, state, { kind: "acting" }));
  const off = STATES.flatMap(([name, state]) =>
    state.kind === "disputed" || (state.kind === "expected" && state.holders.length > 0)
      ? [row(`${name}, machine off`, { ...state, machine: { ...MACHINE, power: "off" } }, { kind: "acting" })]
      : []
  );
  const owned = STATES.find(([, { kind }]) => kind === "owned")?.[1] ?? FOREIGN;
  const standings = STANDINGS.map(([name, standing]) => row(`any; the aggregator is ${name}`, owned, standing));
  return markdownTable(["the node is", "may the engine act", "reason"], [...rows, ...off, ...standings]);
}

function row(name: string, state: Ownership, standing: Standing): string[] {
  const permission = mayAct(state, standing, (id) => id);
  if (!permission.may) return [name, "no", permission.why];
  return [name, state.kind === "owned" ? "yes" : "only what harms no agent", ""];
}

/** What follows from each fact in one state. Facts that change nothing are left out. */
function consequences(state: Ownership): Map<string, readonly string[]> {
  return new Map(EVENTS.flatMap(([fact, event]) => {
    const next = step(state, event);
    const isIdle = next.effects.length === 0 && JSON.stringify(next.state) === JSON.stringify(state);
    if (isIdle) return [];
    return [[fact, [describeState(next.state), next.effects.map(describeEffect).join(", ")]]];
  }));
}

/** The table of one state; of one like that before it, what is different. */
function section([name, state]: (typeof STATES)[number], at: number): string[] {
  const [, before] = STATES[at - 1] ?? [];
  const known: ReadonlyMap<string, readonly string[]> = before?.kind === state.kind ? consequences(before) : new Map();
  const found = consequences(state);
  const facts = EVENTS.map(([fact]) => fact).filter((fact) => found.get(fact)?.join() !== known.get(fact)?.join());
  const rows = facts.map((fact) => [fact, ...found.get(fact) ?? [describeState(state), ""]]);
  const rest = before?.kind === state.kind ? "All other events: as above." : "All other events change nothing.";
  return ["", `### ${name}`, "", ...markdownTable(["event", "next state", "effects"], rows), "", rest];
}

function describeState(state: Ownership): string {
  switch (state.kind) {
    case "foreign":
      return "foreign";
    case "below":
      return `below \`${state.via}\``;
    case "departing":
      return state.via === undefined ? "departing" : `departing, below \`${state.via}\``;
    case "expected":
    case "owned":
    case "disputed":
      return `${state.kind}, ${state.link}`;
    default:
      return state satisfies never;
  }
}

function describeEffect(effect: Effect): string {
  switch (effect.kind) {
    case "show":
      return `show ${Object.entries(effect.values).map(([key, value]) => `${key} ${value}`).join(" ")}`;
    case "startGrace":
      return `startGrace ${effect.length}`;
    case "redirect":
      return effect.isRepeated ? "redirect, repeated" : "redirect";
    case "dropLink":
      return effect.isCalled ? "dropLink after a rebirth request" : "dropLink";
    default:
      return effect.kind;
  }
}
