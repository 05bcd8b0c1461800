import type { Decision, EngineCommand } from "../../src/engine/command.ts";
import { decide } from "../../src/engine/decide.ts";
import type { FailureRecord } from "../../src/engine/failure_record.ts";
import { defaultEngineOptions, type EngineNode } from "../../src/engine/mod.ts";
import { createRecord, type NodeRecord } from "../../src/engine/record.ts";
import type { Moment, Rules } from "../../src/engine/rules.ts";
import type { Value } from "../../src/state/mod.ts";
import { planner } from "./lab.ts";

/** Values by URL. */
export type Some = Readonly<Record<string, Value>>;

/** When decisions of tests are made. */
export const NOW = 1_000_000;
export const ON = { "/physState": "POWER_ON" };
export const OFF = { "/physState": "POWER_OFF" };
export const UP = { ...ON, "/runState": "SYNC" };
export const LIT = { "/lamp": "LIT" };
export const DARK = { "/lamp": "DARK" };

/** A node with this cfg, of which this was seen. */
export function nodeOf(cfg: Some, seen: Some, about: Partial<EngineNode> = {}): EngineNode {
  const view = new Map(Object.entries(seen));
  return { name: "n1", planner, target: "1", frozen: "no", view, cfg: new Map(Object.entries(cfg)), ...about };
}

/** The record of a node of which nothing is known. */
export function recordOf(about: Partial<NodeRecord> = {}): NodeRecord {
  return { ...createRecord("a", nodeOf({}, {}), undefined), ...about };
}

/** Rules that let everything happen. */
export function rulesOf(bounds: Partial<Rules> = {}): Rules {
  return {
    ...{ role: "parent", run: "r", options: defaultEngineOptions },
    ...{ refusalOf: () => undefined, holdOf: () => undefined, unreturnedOf: () => undefined },
    ...bounds,
  };
}

/** The moment of a decision. */
export function momentOf(moment: Partial<Moment> = {}): Moment {
  return { now: NOW, wall: NOW, chance: 0.5, begun: 0, isWritable: true, isDeaf: false, ...moment };
}

/** What is decided about a node. */
export function look(
  record: NodeRecord,
  node: EngineNode,
  bounds: Partial<Rules> = {},
  moment: Partial<Moment> = {},
): Decision {
  return decide(record, node, rulesOf(bounds), momentOf(moment));
}

export const kindsOf = ({ commands }: Decision): EngineCommand["kind"][] => commands.map(({ kind }) => kind);

/** The commands of one kind. */
export function commandsOf<K extends EngineCommand["kind"]>(
  { commands }: Decision,
  kind: K,
): Extract<EngineCommand, { kind: K }>[] {
  return commands.filter((command): command is Extract<EngineCommand, { kind: K }> => command.kind === kind);
}

/** The record of a failure of the lamp. */
export function failureOf(about: Partial<FailureRecord> = {}): FailureRecord {
  const key = "rack/light";
  return { key, attempts: 1, retryAt: 0, held: false, reason: "No", step: undefined, reachedAt: undefined, ...about };
}
