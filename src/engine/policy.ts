import { parseNodeset } from "../nodeset/mod.ts";
import { defineExtension, isRecord, isUrl, type Value, type Values } from "../state/mod.ts";

/** The longest text of a nodeset in a rule, in characters. */
const MAX_NODES = 4096;

const share = { kind: "string", maxLength: 8 } as const;
const count = { kind: "integer", min: 0, max: 1_000_000 } as const;
const nodes = { kind: "string", maxLength: MAX_NODES } as const;
const url = { kind: "string", maxLength: 256 } as const;

/** The rules for an aggregator's engine, as cfg of the aggregator's own node: limits, invariants, brakes. */
export const policy = defineExtension("policy", {
  "/limits/{name}": {
    type: {
      kind: "object",
      fields: {
        mutations: { kind: "list", items: { kind: "string", maxLength: 160 }, maxItems: 64 },
        nodes,
        by: url,
        atMost: { kind: "integer", min: 1, max: 1_000_000 },
        perSecond: { kind: "integer", min: 1, max: 1_000_000 },
      },
      optional: ["nodes", "by", "atMost", "perSecond"],
    },
    writer: "cfg",
    about:
      "Limit: at most atMost of these mutations run at a time, and perSecond start in a second, for each value of the variable by",
  },
  "/invariants/{name}": {
    type: {
      kind: "object",
      fields: {
        kind: { kind: "enum", values: ["away", "transition", "never", "brake"] },
        nodes,
        by: url,
        atMost: { kind: "either", of: [count, share] },
        when: { kind: "record", values: { kind: "either", of: [{ kind: "string" }, { kind: "boolean" }, count] } },
        unhealthyAbove: share,
      },
      optional: ["nodes", "by", "atMost", "when", "unhealthyAbove"],
    },
    writer: "cfg",
    about: "Invariant: a condition that the engine must never cause, see docs/engine.md",
  },
  "/engine/config": {
    type: { kind: "object", fields: { failuresInARow: { kind: "integer", min: 1, max: 1_000_000 } } },
    writer: "cfg",
    about:
      "failuresInARow: consecutive nodes on which a mutation fails for the same goals before it is held for all (default 5)",
  },
});

/** A bound: a count, or a share of the group that is rounded down to whole nodes. */
export type Bound = { readonly kind: "count"; readonly count: number } | {
  readonly kind: "share";
  readonly percent: number;
};

/** A named limit of mutations in flight and of starts in a second. */
export interface Limit {
  readonly kind: "limit";
  readonly name: string;
  /** `module/id`; `*` matches anything. */
  readonly mutations: readonly string[];
  readonly nodes: string | undefined;
  readonly by: string | undefined;
  readonly atMost: number | undefined;
  readonly perSecond: number | undefined;
}

/** A condition that the engine must never cause. */
export type Invariant =
  /** At most this many nodes of the group are out of SYNC because of Kraken. */
  | { readonly kind: "away"; readonly name: string; readonly nodes: string | undefined; readonly atMost: Bound }
  /** At most this many nodes of each group are being disrupted. */
  | {
    readonly kind: "transition";
    readonly name: string;
    readonly nodes: string | undefined;
    readonly by: string | undefined;
    readonly atMost: Bound;
  }
  /** No disruptive step runs on a node on which all of this holds. */
  | { readonly kind: "never"; readonly name: string; readonly nodes: string | undefined; readonly when: Values }
  /** No repair starts while more than this share of the group is unhealthy. */
  | { readonly kind: "brake"; readonly name: string; readonly nodes: string | undefined; readonly percent: number };

/** All rules for an engine. */
export interface Policy {
  readonly limits: readonly Limit[];
  readonly invariants: readonly Invariant[];
  /** Consecutive nodes on which a mutation fails before it is held for the whole fleet. */
  readonly failuresInARow: number;
}

/** The policy that applies if cfg has no rules. */
export const defaultPolicy: Policy = { limits: [], invariants: [], failuresInARow: 5 };

const RULE = /^\/(limits|invariants)\/([^/]+)$/;

/**
 * Reads the policy of an aggregator from `cfg` of its own node. Rules that {@link validatePolicy} rejects are left out.
 */
export function readPolicy(cfg: Values): Policy {
  const limits: Limit[] = [];
  const invariants: Invariant[] = [];
  let { failuresInARow } = defaultPolicy;
  for (const [at, value] of [...cfg].sort(([a], [b]) => a < b ? -1 : 1)) {
    if (!isRecord(value)) continue;
    const [, kind, name = ""] = RULE.exec(at) ?? [];
    const rule = kind === "limits" ? readLimit(name, value) : kind === "invariants" ? readInvariant(name, value) : "";
    if (typeof rule === "object") {
      if (rule.kind === "limit") limits.push(rule);
      else invariants.push(rule);
    }
    if (at === "/engine/config" && typeof value["failuresInARow"] === "number") {
      failuresInARow = value["failuresInARow"];
    }
  }
  return { limits, invariants, failuresInARow };
}

/**
 * Checks a rule beyond its type.
 *
 * @param at State URL of the rule.
 * @param value Its value.
 * @returns The problem; undefined if there is none, or if the URL is not part of the policy.
 */
export function validatePolicy(at: string, value: Value): string | undefined {
  const [, kind, name = ""] = RULE.exec(at) ?? [];
  if (kind === undefined || !isRecord(value)) return undefined;
  const rule = kind === "limits" ? readLimit(name, value) : readInvariant(name, value);
  return typeof rule === "string" ? `${at}/${rule}` : undefined;
}

type Fields = { readonly [key: string]: unknown };

/** @returns The limit, or the problem: field, value found, value expected. */
function readLimit(name: string, fields: Fields): Limit | string {
  const { mutations, atMost, perSecond } = fields;
  const problem = validateNodes(fields["nodes"]) ?? validateBy(fields["by"]);
  if (problem !== undefined) return problem;
  const globs = Array.isArray(mutations) ? mutations.map(String) : [];
  const bad = globs.find((glob) => !/^[\w.*-]+\/[\w.*-]+$/.test(glob));
  if (bad !== undefined) return `mutations is "${bad}": expected "module/id", where * matches anything`;
  if (globs.length === 0) return `mutations is empty: expected at least one "module/id"`;
  if (typeof atMost !== "number" && typeof perSecond !== "number") {
    return "atMost is missing: expected it, or perSecond";
  }
  return {
    kind: "limit",
    name,
    mutations: globs,
    nodes: textOf(fields["nodes"]),
    by: textOf(fields["by"]),
    atMost: typeof atMost === "number" ? atMost : undefined,
    perSecond: typeof perSecond === "number" ? perSecond : undefined,
  };
}

/** @returns The invariant, or the problem: field, value found, value expected. */
function readInvariant(name: string, fields: Fields): Invariant | string {
  const problem = validateNodes(fields["nodes"]) ?? validateBy(fields["by"]);
  if (problem !== undefined) return problem;
  const nodes = textOf(fields["nodes"]);
  switch (fields["kind"]) {
    case "away": {
      const atMost = readBound(fields["atMost"]);
      if (fields["by"] !== undefined) return `by is set: expected it only in limits and transitions`;
      return atMost === undefined
        ? bad("atMost", fields, `a count, or a share such as "10%"`)
        : { kind: "away", name, nodes, atMost };
    }
    case "transition": {
      const atMost = readBound(fields["atMost"]);
      if (atMost === undefined) return bad("atMost", fields, `a count, or a share such as "10%"`);
      if (atMost.kind === "share" && fields["by"] !== undefined) {
        return bad("atMost", fields, "a count, as its groups are formed by a variable");
      }
      return { kind: "transition", name, nodes, by: textOf(fields["by"]), atMost };
    }
    case "never": {
      const { when } = fields;
      if (!isRecord(when) || Object.keys(when).length === 0) {
        return bad("when", fields, `at least one URL with its value`);
      }
      const values = new Map<string, Value>();
      for (const [url, value] of Object.entries(when)) {
        if (!isUrl(url)) return `when is about "${url}": expected a state URL such as "/busy"`;
        if (typeof value === "string" || typeof value === "boolean" || typeof value === "number") {
          values.set(url, value);
        }
      }
      return { kind: "never", name, nodes, when: values };
    }
    case "brake": {
      const bound = readBound(fields["unhealthyAbove"]);
      if (bound?.kind !== "share") return bad("unhealthyAbove", fields, `a share such as "30%"`);
      return { kind: "brake", name, nodes, percent: bound.percent };
    }
    default:
      return bad("kind", fields, `one of "away", "transition", "never", "brake"`);
  }
}

function bad(field: string, fields: Fields, expected: string): string {
  return `${field} is ${JSON.stringify(fields[field]) ?? "missing"}: expected ${expected}`;
}

function readBound(value: unknown): Bound | undefined {
  if (typeof value === "number") return { kind: "count", count: value };
  const [, digits] = typeof value === "string" ? /^(\d{1,3})%$/.exec(value) ?? [] : [];
  const percent = Number(digits);
  return digits === undefined || percent > 100 ? undefined : { kind: "share", percent };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function validateNodes(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const parsed = parseNodeset(value);
  return parsed.ok ? undefined : `nodes: ${parsed.problem}`;
}

function validateBy(value: unknown): string | undefined {
  return typeof value !== "string" || isUrl(value)
    ? undefined
    : `by is "${value}": expected a state URL such as "/rack"`;
}
