import type { Context } from "hono";
import * as v from "valibot";
import { describeIssues, type Operation, type Parameter, type Parameters } from "../../src/api/mod.ts";
import { isRecord } from "../../src/state/mod.ts";
import { faulty, findStray, invalid, type Outcome, readJson } from "../../src/http/mod.ts";
import type { Call } from "./handler.ts";

/** Values of parameters by name; of a `states` parameter an object. */
export type Read = { readonly [name: string]: unknown };

const STATES = "state.";

/**
 * Reads a request as the table has it: parameters, then whether this aggregator answers, then the body.
 *
 * @param redirect Says who has to be asked instead.
 */
export async function readRequest(
  c: Context,
  operation: Operation,
  redirect: (asked: Read) => Outcome<unknown>,
): Promise<Outcome<Read>> {
  const parameters = readParameters(operation, c.req.param(), c.req.queries());
  if (!parameters.ok) return parameters;
  const condition = refuseCondition(operation, c.req.header("if-match"));
  if (condition !== undefined) return condition;
  const key = refuseKey(operation, c.req.header("idempotency-key"));
  if (key !== undefined) return key;
  const elsewhere = redirect(parameters.value);
  if (!elsewhere.ok) return elsewhere;
  const body = await readBody(c, operation);
  if (!body.ok) return body;
  return { ok: true, value: { ...parameters.value, ...body.value } };
}

/** Who sends a condition that nothing is compared with would take the write for a conditional one. */
function refuseCondition({ method, conditional }: Operation, ifMatch: string | undefined): Outcome<never> | undefined {
  if (ifMatch === undefined || method === "GET" || conditional !== undefined) return undefined;
  const detail = "If-Match is not compared with anything here: expected none";
  return { ok: false, problem: faulty("malformed", [{ detail, parameter: "If-Match" }]) };
}

/** Tells whether a change could be made under a condition and is to be made without one. */
export function missesCondition({ conditional }: Operation, asked: Read, call: Pick<Call, "header">): boolean {
  if (conditional === undefined || asked["dryRun"] === true || hasHeader(call)) return false;
  const { body, ifVersions } = asked;
  const nodes = isRecord(body) ? body["nodes"] : undefined;
  const isEachConditional = Array.isArray(nodes) &&
    nodes.every((node) => isRecord(node) && node["ifVersion"] !== undefined);
  return !isEachConditional && ifVersions === undefined;
}

/** Who sends a key where nothing is kept under it would take the request for one that is done once. */
function refuseKey({ method, changes }: Operation, key: string | undefined): Outcome<never> | undefined {
  if (key === undefined || method === "GET" || (method === "POST" && changes)) return undefined;
  const detail = "Idempotency-Key is not heeded here: expected none. It is with a POST that changes something";
  return { ok: false, problem: faulty("malformed", [{ detail, parameter: "Idempotency-Key" }]) };
}

function hasHeader(call: Pick<Call, "header">): boolean {
  return call.header("if-match") !== undefined || call.header("if-none-match") !== undefined;
}

async function readBody(c: Context, { body }: Operation): Promise<Outcome<Read>> {
  if (body === undefined) return { ok: true, value: {} };
  const { types, limit, optional, schema } = body;
  const json = await readJson(c, {
    types,
    ...(limit !== undefined && { limit }),
    ...(optional === true && { empty: {} }),
  });
  if (!json.ok) return json;
  // Objects are all that is taken, and a schema of objects takes lists too.
  const given = v.safeParse(schema, Array.isArray(json.value) ? String(json.value) : json.value);
  return given.success
    ? { ok: true, value: { body: json.value } }
    : { ok: false, problem: invalid(describeIssues(given.issues)) };
}

/** Reads the parameters of a path and a query as the table has them. Everything that it does not name is refused. */
function readParameters(
  { parameters }: Operation,
  path: { readonly [name: string]: string | undefined },
  queries: { readonly [name: string]: readonly string[] },
): Outcome<Read> {
  const known = parameters.query ?? {};
  const states = Object.entries(known).find(([, { kind }]) => kind === "states")?.[0];
  const names = Object.keys(known).map((name) => name === states ? `${STATES}/URL` : name);
  const isKnown = (name: string): boolean =>
    name === states ? false : Object.hasOwn(known, name) || (states !== undefined && name.startsWith(STATES));
  const stray = findStray(queries, isKnown, names);
  if (stray !== undefined) return { ok: false, problem: faulty("malformed", [stray]) };
  const given = new Map(Object.entries(queries).map(([name, [text]]) => [name, text]));
  const found: [string, unknown][] = [];
  for (const [name, parameter] of all(parameters.path, known)) {
    const text = parameters.path !== undefined && Object.hasOwn(parameters.path, name) ? path[name] : given.get(name);
    const value = parameter.kind === "states" ? readStates(given) : readValue(parameter, text);
    const read = check(name, parameter, text, value);
    if (!read.ok) return read;
    if (read.value !== undefined) found.push([name, read.value]);
  }
  return { ok: true, value: Object.fromEntries(found) };
}

function all(...tables: (Parameters | undefined)[]): [string, Parameter][] {
  return tables.flatMap((table) => Object.entries(table ?? {}));
}

/** The value that a text stands for; the text itself where it stands for none, which its schema then refuses. */
function readValue({ kind, default: otherwise }: Parameter, text: string | undefined): unknown {
  if (text === undefined) return otherwise;
  if (kind === "whole" && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (kind === "flag" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function readStates(given: ReadonlyMap<string, string | undefined>): unknown {
  const states = [...given].filter(([name]) => name.startsWith(STATES));
  if (states.length === 0) return undefined;
  return Object.fromEntries(states.map(([name, text]) => [name.slice(STATES.length), text]));
}

function check(name: string, parameter: Parameter, text: string | undefined, value: unknown): Outcome<unknown> {
  if (value === undefined && parameter.required !== true) return { ok: true, value };
  const { issues, success, output } = v.safeParse(parameter.schema, value);
  if (success) return { ok: true, value: output };
  if (parameter.kind === "states") {
    const faults = describeIssues(issues).map((each) => ({
      detail: `Parameter '${STATES}': ${each.detail}`,
      parameter: name,
    }));
    return { ok: false, problem: faulty("malformed", faults) };
  }
  const found = text === undefined ? "missing" : `'${text.slice(0, 100)}'`;
  const [issue] = issues;
  const expected = parameter.kind === "flag" ? "true or false" : issue.message;
  const detail = `Parameter '${name}' is ${found}: expected ${expected}`;
  return { ok: false, problem: faulty("malformed", [{ detail, parameter: name }]) };
}
