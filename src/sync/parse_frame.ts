import { parseModuleDeclarations } from "../plan/declaration.ts";
import type { ModuleDeclaration } from "../plan/mod.ts";
import { type Assignment, isRecord, isRunName, isUuid, MAX_INTEGER, readAssignment, type Term } from "../state/mod.ts";
import {
  type Assigned,
  type Certified,
  type Given,
  type OwnRun,
  readAssigned,
  readCertified,
  readGiven,
  readOwnRun,
} from "../evidence/mod.ts";
import type { Holding } from "./holding.ts";
import { MAX_PARTS } from "./limits.ts";
import { fail, isCount, MalformedFrame } from "./malformed.ts";
import { parseDocuments } from "./parse_documents.ts";
import { type Frame, PROTOCOL_VERSION } from "./types.ts";

type Fields = { readonly [key: string]: unknown };

/** The longest interval between signs of life, in seconds. */
const MAX_KEEPALIVE = 3_600;
const DIGEST = /^[0-9a-f]{32}$/;
/** Of a part of what a child has; empty for nothing. */
const PART = /^(?:[0-9a-f]{24})?$/;

/**
 * Takes a decoded frame in. Fields that it does not know are passed over, so that later versions can add some.
 *
 * @throws {MalformedFrame} When it is none; the message names where, what was there and what was expected.
 */
export function parseFrame(data: unknown): Frame {
  if (!isRecord(data)) return fail("frame", data, "a map");
  if (data["v"] !== PROTOCOL_VERSION) return fail("v", data["v"], `${PROTOCOL_VERSION}`);
  const from = run(data, "from");
  const { type } = data;
  switch (type) {
    case "birth":
      return {
        type,
        from,
        term: term(data, "term"),
        parent: runOrNone(data, "parent"),
        received: count(data, "received"),
        epoch: count(data, "epoch"),
        ...blank(data["blank"]),
        parentTerm: term(data, "parentTerm"),
        ...(data["shown"] !== undefined && { shown: given(data, "shown") }),
        ...assigned(data),
        ...(data["own"] !== undefined && { own: ownRun(data, "own") }),
        ...(data["holdings"] !== undefined && { holdings: holding(data, "holdings") }),
        digest: digest(data, "digest"),
        knownDigest: data["knownDigest"] === "" ? "" : digest(data, "knownDigest"),
        ...modules(data["modules"]),
      };
    case "welcome":
      return {
        type,
        from,
        to: run(data, "to"),
        term: term(data, "term"),
        received: count(data, "received"),
        newest: count(data, "newest"),
        epoch: count(data, "epoch"),
        ...(data["unchanged"] !== undefined && { unchanged: holding(data, "unchanged") }),
        ...(data["given"] !== undefined && { given: given(data, "given") }),
        ...(data["certified"] !== undefined && { certified: certified(data, "certified") }),
        keepalive: keepalive(data),
        digest: digest(data, "digest"),
        ...modules(data["modules"]),
      };
    case "declare":
      return { type, from, to: run(data, "to") };
    case "moved":
      return { type, from, ...assignment(data) };
    case "where":
      return { type, from, to: run(data, "to"), child: uuid(data, "child") };
    case "location":
      return { type, from, to: run(data, "to"), child: uuid(data, "child"), ...assignment(data) };
    case "left":
      return { type, from, number: count(data, "number"), ...assigned(data) };
    case "noted":
      return { type, from, number: count(data, "number") };
    case "rebirth":
      return { type, from };
    case "data":
      return {
        ...{ type, from, to: run(data, "to"), ...window(data) },
        ...epochOf(data),
        documents: parseDocuments(data),
      };
    case "ack":
    case "ping":
      return { type, from, to: run(data, "to"), received: count(data, "received"), ...epochOf(data) };
    case "resync":
      return { type, from, to: run(data, "to"), received: count(data, "received") };
    case "alive":
      return { type, from };
    case "dead": {
      const { why } = data;
      if (why !== "lost" && why !== "stopped") return fail("why", why, "lost or stopped");
      return { type, from, why };
    }
    default:
      return fail(
        "type",
        type,
        "birth, welcome, declare, moved, where, location, left, noted, rebirth, data, ack, ping, resync, alive or dead",
      );
  }
}

function run(data: Fields, key: string): string {
  const value = data[key];
  return typeof value === "string" && isRunName(value) ? value : fail(key, value, "the name of a run");
}

function runOrNone(data: Fields, key: string): string {
  return data[key] === "" ? "" : run(data, key);
}

function count(data: Fields, key: string): number {
  const value = data[key];
  return isCount(value) ? value : fail(key, value, `an integer from 0 to ${MAX_INTEGER}`);
}

function term(data: Fields, key: string): Term {
  const value = data[key];
  if (!isRecord(value)) return fail(key, value, "a map of assignment and run");
  const { assignment, run } = value;
  if (!isCount(assignment) || !isCount(run)) return fail(key, value, "a map of assignment and run");
  return { assignment, run };
}

function epochOf(data: Fields): { readonly epoch?: number } {
  return data["epoch"] === undefined ? {} : { epoch: count(data, "epoch") };
}

function window(data: Fields): { since: number; upTo: number; newest: number } {
  const [since, upTo, newest] = [count(data, "since"), count(data, "upTo"), count(data, "newest")];
  if (upTo < since) fail("upTo", upTo, `at least since, which is ${since}`);
  if (newest < upTo) fail("newest", newest, `at least upTo, which is ${upTo}`);
  return { since, upTo, newest };
}

function uuid(data: Fields, key: string): string {
  const value = data[key];
  return typeof value === "string" && isUuid(value) ? value : fail(key, value, "a UUID in lower case");
}

function assignment(data: Fields): Assignment {
  return readAssignment(data) ?? fail("parent", data["parent"], "an assignment: number, parent, broker, standby");
}

function keepalive(data: Fields): number {
  const value = count(data, "keepalive");
  return value <= MAX_KEEPALIVE ? value : fail("keepalive", value, `at most ${MAX_KEEPALIVE} seconds`);
}

function digest(data: Fields, key: string): string {
  const value = data[key];
  return typeof value === "string" && DIGEST.test(value) ? value : fail(key, value, "32 hexadecimal digits");
}

function holding(data: Fields, key: string): Holding {
  const value = data[key];
  if (!isRecord(value)) return fail(key, value, "a map of cfg and parent");
  const { cfg } = value;
  if (!Array.isArray(cfg) || cfg.length === 0 || cfg.length > MAX_PARTS) {
    return fail(`${key}.cfg`, cfg, `1 to ${MAX_PARTS} digests`);
  }
  return { cfg: cfg.map((each) => part(each, `${key}.cfg`)), parent: part(value["parent"], `${key}.parent`) };
}

function given(data: Fields, key: string): Given {
  return readGiven(data[key]) ?? fail(key, data[key], "a map of chain, run and term");
}

function certified(data: Fields, key: string): Certified {
  return readCertified(data[key]) ?? fail(key, data[key], "a map of authority and chain");
}

function assigned(data: Fields): { readonly assigned?: Assigned } {
  if (data["assigned"] === undefined) return {};
  return { assigned: readAssigned(data["assigned"]) ?? fail("assigned", data["assigned"], "number, parent and proof") };
}

function ownRun(data: Fields, key: string): OwnRun {
  return readOwnRun(data[key]) ?? fail(key, data[key], "a map of key, chain and run");
}

function part(value: unknown, where: string): string {
  return typeof value === "string" && PART.test(value) ? value : fail(where, value, "24 hexadecimal digits, or none");
}

function modules(value: unknown): { readonly modules?: readonly ModuleDeclaration[] } {
  if (value === undefined) return {};
  const parsed = parseModuleDeclarations(value);
  if (!parsed.ok) throw new MalformedFrame(`modules: ${parsed.problems[0] ?? "not understood"}`);
  return { modules: parsed.modules };
}

function blank(value: unknown): { readonly blank?: true } {
  if (value === undefined || value === false) return {};
  return value === true ? { blank: value } : fail("blank", value, "true or false");
}
