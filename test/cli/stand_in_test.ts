import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "../../packages/std-cli/parse_args.ts";

// What the stand-in for @std/cli offers beyond what src/cli/std_cli.ts passes on.

test("parseArgs() sets a negatable option to false with --no-NAME, and only a negatable one", () => {
  const options = { boolean: ["colour", "cache"], negatable: ["colour"], default: { colour: true } };
  assert.equal(parseArgs(["--no-colour"], options)["colour"], false);
  assert.equal(parseArgs(["--no-colour", "--colour"], options)["colour"], true);
  assert.equal(parseArgs([], options)["colour"], true);
  assert.equal(parseArgs(["--no-cache"], options)["no-cache"], true);
});

test("parseArgs() fills in defaults under every name", () => {
  const { port, p, _ } = parseArgs([], { alias: { p: "port" }, default: { port: 80 } });
  assert.deepEqual({ port, p, _ }, { port: 80, p: 80, _: [] });
});

test("parseArgs() gives what follows two dashes apart, if asked to", () => {
  const result = parseArgs(["--name", "John", "before", "--", "after"], { "--": true });
  assert.deepEqual({ ...result }, { name: "John", _: ["before"], "--": ["after"] });
});

test("parseArgs() reads values that are written right behind a short option", () => {
  const { I, n, f, c } = parseArgs(["-I/usr/include", "-n5", "-f-", "-abc=x"]);
  assert.deepEqual({ I, n, f }, { I: "/usr/include", n: 5, f: "-" });
  assert.equal(c, undefined);
});
