import assert from "node:assert/strict";
import { test } from "node:test";
import { type Env, type Options, parseOptions } from "../../src/cli/mod.ts";

const options = {
  broker: { kind: "string", env: "BROKER", default: "mqtt://127.0.0.1", help: "Broker" },
  format: { kind: "string", short: "o", choices: ["json", "yaml"], default: "json", help: "Format" },
  port: { kind: "integer", max: 65_535, default: 3141, help: "Port" },
  wait: { kind: "duration", short: "w", default: 10_000, help: "How long" },
  once: { kind: "boolean", help: "Once" },
  module: { kind: "list", help: "Modules" },
} as const satisfies Options;

function parse(args: readonly string[], env: Env = {}) {
  return parseOptions(options, { usage: "NODE", max: 2 }, args, env);
}

function problemOf(args: readonly string[], env: Env = {}): string {
  const parsed = parse(args, env);
  assert.equal(parsed.kind, "error");
  return parsed.kind === "error" ? parsed.problem : "";
}

test("parseOptions() gives every option its default", () => {
  const parsed = parse([]);
  assert.ok(parsed.kind === "run");
  assert.deepEqual(parsed.options, {
    broker: "mqtt://127.0.0.1",
    format: "json",
    port: 3141,
    wait: 10_000,
    once: false,
    module: [],
  });
});

test("parseOptions() types values by their declarations", () => {
  const parsed = parse(["--port=80", "-w", "5m", "--once", "--module", "a", "--module=b", "-o", "yaml", "n1", "n02"]);
  assert.ok(parsed.kind === "run");
  // The annotations are part of the test: they fail the type check when the types are not as declared.
  const port: number = parsed.options.port;
  const format: "json" | "yaml" = parsed.options.format;
  const once: boolean = parsed.options.once;
  const modules: readonly string[] = parsed.options.module;
  assert.deepEqual([port, format, once, modules, parsed.options.wait], [80, "yaml", true, ["a", "b"], 300_000]);
  assert.deepEqual(parsed.args, ["n1", "n02"]);
});

test("parseOptions() takes a value from the environment, where the option is not given", () => {
  const values = [
    parse([], { BROKER: "mqtt://b" }),
    parse(["--broker", "mqtt://a"], { BROKER: "mqtt://b" }),
    parse([], { BROKER: "" }),
  ].map((parsed) => parsed.kind === "run" ? parsed.options.broker : undefined);
  assert.deepEqual(values, ["mqtt://b", "mqtt://a", "mqtt://127.0.0.1"]);
});

test("parseOptions() names an unknown option and the nearest known one", () => {
  assert.equal(problemOf(["--brooker", "x"]), "Unknown option '--brooker': did you mean '--broker'?");
  assert.equal(problemOf(["--zebra=1"]), "Unknown option '--zebra': see --help for the list");
  assert.equal(problemOf(["-z"]), "Unknown option '-z': see --help for the list");
});

test("parseOptions() says of a wrong value which option it is, what was there and what was expected", () => {
  assert.equal(problemOf(["--port", "70000"]), "Option '--port' is '70000': expected a whole number from 0 to 65535");
  assert.equal(problemOf(["--port=1.5"]), "Option '--port' is '1.5': expected a whole number from 0 to 65535");
  assert.equal(problemOf(["-w", "5"]), "Option '--wait' is '5': expected a duration such as 500ms, 10s, 5m or 1h");
  assert.equal(problemOf(["-o", "xml"]), "Option '--format' is 'xml': expected one of json, yaml");
  assert.equal(problemOf(["--once=no"]), "Option '--once' is 'no': expected no value, true or false");
  assert.equal(problemOf(["--broker"]), "Option '--broker' is '': expected a value");
  assert.equal(problemOf(["--module"]), "Option '--module' has no value: expected one");
});

test("parseOptions() says when a value comes from the environment", () => {
  const declared = { wait: { kind: "duration", env: "WAIT", help: "How long" } } as const;
  const parsed = parseOptions(declared, undefined, [], { WAIT: "soon" });
  assert.ok(parsed.kind === "error");
  assert.match(parsed.problem, /^Environment variable 'WAIT' is 'soon': expected a duration/);
});

test("parseOptions() asks for a required option, and leaves an absent one undefined", () => {
  const declared = {
    file: { kind: "string", required: true, help: "The file" },
    size: { kind: "integer", help: "Size" },
  } as const;
  const missing = parseOptions(declared, undefined, [], {});
  assert.deepEqual(missing, { kind: "error", problem: "Option '--file' is missing: The file" });
  const given = parseOptions(declared, undefined, ["--file", "x"], {});
  assert.deepEqual(given, { kind: "run", options: { file: "x", size: undefined }, args: [] });
});

test("parseOptions() counts the arguments that are no options", () => {
  assert.equal(problemOf(["a", "b", "c"]), "Unexpected argument 'c': expected NODE");
  const none = parseOptions(options, undefined, ["a"], {});
  assert.deepEqual(none, { kind: "error", problem: "Unexpected argument 'a'" });
  const few = parseOptions(options, { usage: "NODE VALUE", min: 2 }, ["a"], {});
  assert.deepEqual(few, { kind: "error", problem: "Expected NODE VALUE: found 'a'" });
});

test("parseOptions() tells help and version from work, also beside wrong values", () => {
  assert.deepEqual(parse(["--help", "--port", "x"]), { kind: "help" });
  assert.deepEqual(parse(["-h"]), { kind: "help" });
  assert.deepEqual(parse(["--version"]), { kind: "version" });
});
