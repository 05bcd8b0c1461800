import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "../../src/cli/std_cli.ts";

// What Kraken needs of `@std/cli/parse-args`, whichever is resolved: JSR's, or our stand-in.

function parsed(args: readonly string[], options: Parameters<typeof parseArgs>[1] = {}) {
  return { ...parseArgs(args, options) };
}

const declared = {
  string: ["server", "size", "tag", "_"],
  boolean: ["quiet", "force"],
  collect: ["tag"],
  alias: { s: "server", q: "quiet", t: "tag" },
};

test("parseArgs() reads a value behind a space and behind an equals sign", () => {
  assert.equal(parsed(["--server", "a"], declared)["server"], "a");
  assert.equal(parsed(["--server=a=b"], declared)["server"], "a=b");
  assert.equal(parsed(["--server="], declared)["server"], "");
});

test("parseArgs() gives an option under each of its names", () => {
  assert.equal(parsed(["-s", "a"], declared)["server"], "a");
  assert.equal(parsed(["-s=a"], declared)["server"], "a");
  assert.equal(parsed(["--server", "a"], declared)["s"], "a");
});

test("parseArgs() keeps strings that look like numbers, and makes numbers of what is not declared", () => {
  assert.equal(parsed(["--size", "007"], declared)["size"], "007");
  assert.equal(parsed(["--port", "555"])["port"], 555);
  assert.deepEqual(parsed(["01"], declared)._, ["01"]);
  assert.deepEqual(parsed(["789", "10f"])._, [789, "10f"]);
});

test("parseArgs() lets a boolean option take no value but true and false", () => {
  assert.deepEqual([parsed(["--quiet", "x"], declared)["quiet"], parsed(["--quiet", "x"], declared)._], [true, ["x"]]);
  assert.deepEqual([parsed(["-q", "false"], declared)["quiet"], parsed(["-q", "false"], declared)._], [false, []]);
  assert.equal(parsed(["--quiet=false"], declared)["quiet"], false);
  assert.equal(parsed([], declared)["force"], false);
});

test("parseArgs() reads a group of short options, of which the last has the value", () => {
  const { q, s } = parsed(["-qs", "a"], declared);
  assert.deepEqual({ q, s }, { q: true, s: "a" });
  assert.equal(parsed(["-s5"], declared)["server"], "5");
});

test("parseArgs() gives an empty string for a string option without a value", () => {
  assert.equal(parsed(["--server"], declared)["server"], "");
  assert.equal(parsed(["--server", "--quiet"], declared)["server"], "");
});

test("parseArgs() takes a single dash as a value, and as an argument", () => {
  assert.equal(parsed(["-s", "-"], declared)["server"], "-");
  assert.deepEqual(parsed(["-"], declared)._, ["-"]);
});

test("parseArgs() collects the values of a list, and takes the last of others", () => {
  assert.deepEqual(parsed(["--tag", "a", "-t", "b", "--tag=c"], declared)["tag"], ["a", "b", "c"]);
  assert.deepEqual(parsed([], declared)["tag"], []);
  assert.equal(parsed(["--server", "a", "--server", "b"], declared)["server"], "b");
});

test("parseArgs() leaves alone what follows two dashes", () => {
  assert.deepEqual(parsed(["a", "--", "--quiet", "b"], declared)._, ["a", "--quiet", "b"]);
  assert.equal(parsed(["--", "--quiet"], declared)["quiet"], false);
});

test("parseArgs() stops at the first argument that is no option, if asked to", () => {
  const { _, quiet, force } = parsed(["--quiet", "get", "--force"], { ...declared, stopEarly: true });
  assert.deepEqual({ _, quiet, force }, { _: ["get", "--force"], quiet: true, force: false });
});

test("parseArgs() asks about each argument that is not declared, and leaves it out on false", () => {
  const asked: unknown[] = [];
  const unknown = (argument: string, name?: string) => {
    asked.push([argument, name]);
    return false;
  };
  const result = parsed(["--server", "a", "-x", "--odd=1", "word", "--tag", "b", "-q"], { ...declared, unknown });
  assert.deepEqual(asked, [["-x", "x"], ["--odd=1", "odd"], ["word", undefined]]);
  assert.deepEqual([result["x"], result["odd"], result._], [undefined, undefined, []]);
});

test("parseArgs() does not let an argument reach a prototype", () => {
  parseArgs(["--__proto__", "bad", "--constructor.prototype.bad", "1", "--__proto__.bad=1"], {});
  assert.equal("bad" in {}, false);
});
