import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import { createCoverage, fc } from "../support/property.ts";

const PYTHON = "/usr/bin/python3";
const skip = existsSync(PYTHON) && existsSync("/usr/lib/python3/dist-packages/ClusterShell")
  ? false
  : "ClusterShell is not installed (Debian has it in python3-clustershell)";

/** Reads pairs of a text and names; answers for each the names of the text, and the names folded. */
const PROGRAM = `
import json, sys
from ClusterShell.NodeSet import NodeSet
print(json.dumps([[sorted(NodeSet(text)), str(NodeSet.fromlist(names))] for text, names in json.load(sys.stdin)]))
`;

function namesOf(text: string): string[] {
  const parsed = parseNodeset(text);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.problem);
  return parsed.names;
}

/** Names of every combination: `x1000c0s0b0n0`, as they are called in a cabinet. */
function xnames(cabinets: number, chassis: number, slots: number, bmcs: number, nodes: number): string[] {
  const count = (to: number) => Array.from({ length: to }, (_, at) => at);
  return count(cabinets).flatMap((x) =>
    count(chassis).flatMap((c) =>
      count(slots).flatMap((s) =>
        count(bmcs).flatMap((b) => count(nodes).map((n) => `x${1000 + x}c${c}s${s}b${b}n${n}`))
      )
    )
  );
}

test("foldNodeset() folds a number before a fixed one: 1,500 names of interfaces are one set", () => {
  const names = Array.from({ length: 1500 }, (_, at) => `n${at + 1}-ib0`);
  assert.equal(foldNodeset(names), "n[1-1500]-ib0");
  assert.deepEqual(namesOf("n[1-1500]-ib0"), names);
});

test("foldNodeset() folds every number of a name: 2,560 xnames are one set", () => {
  const names = xnames(10, 8, 8, 2, 2);
  assert.equal(names.length, 2560);
  assert.equal(foldNodeset(names), "x[1000-1009]c[0-7]s[0-7]b[0-1]n[0-1]");
  assert.equal(
    foldNodeset(names.slice(1)),
    "x1000c0s0b0n1,x1000c0s0b1n[0-1],x1000c0s[1-7]b[0-1]n[0-1],x1000c[1-7]s[0-7]b[0-1]n[0-1]," +
      "x[1001-1009]c[0-7]s[0-7]b[0-1]n[0-1]",
  );
});

test("foldNodeset() puts sets in the order of their first names, and what does not fit one set into several", () => {
  assert.equal(foldNodeset(["r3n2", "r1n1", "r2n5", "r1n2", "r2n1", "r3n1", "a"]), "a,r[1,3]n[1-2],r2n[1,5]");
  assert.equal(foldNodeset(["r01n1", "r1n1", "r02n1", "r2n1", "r1n1-x"]), "r[1-2,01-02]n1,r1n1-x");
  assert.equal(foldNodeset(["n10", "n9", "n007", "n8", "n100"]), "n[8-10,007,100]");
  assert.equal(foldNodeset(["b2-c1", "b10-c1", "b2-c2", "b10-c2", "b9-c1", "b9-c2"]), "b[2,9-10]-c[1-2]");
  assert.equal(foldNodeset(["n123456788", "n123456789"]), "n[123456788-123456789]");
  assert.equal(foldNodeset(["a1234567890b1", "a1234567890b2", "a1234567891b1"]), "a1234567890b[1-2],a1234567891b1");
});

/** A cabinet of which some are left out: what people select. */
const selection = fc.tuple(
  fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }),
  fc.constantFrom("n", "x-y.", "r_"),
  fc.constantFrom("", "-ib0", ".mgmt"),
  fc.integer({ min: 1, max: 3 }),
  fc.array(fc.nat(), { maxLength: 12 }),
).map(([sizes, prefix, suffix, width, left]) => {
  let names: string[] = [prefix];
  for (const [at, size] of sizes.entries()) {
    const letter = at === 0 ? "" : "csbn"[at] ?? "";
    const numbers = Array.from({ length: size }, (_, number) => String(number).padStart(at === 0 ? width : 1, "0"));
    names = names.flatMap((name) => numbers.map((number) => `${name}${letter}${number}`));
  }
  const out = new Set(left.map((each) => each % names.length));
  return names.slice(0, 3000).filter((_, at) => !out.has(at)).map((name) => name + suffix);
}).filter((names) => names.length > 0);

test("parseNodeset() of foldNodeset() gives each name of a selection of cabinets once", () => {
  const covered = createCoverage("folds of several numbers", ["one set", "several sets", "over 500 names"], 0.05);
  fc.assert(fc.property(selection, (names) => {
    const text = foldNodeset(names);
    covered.saw(
      text.includes(",") && text.split(/,(?![^[]*\])/).length > 1 ? "several sets" : "one set",
      ...(names.length > 500 ? ["over 500 names" as const] : []),
    );
    assert.deepEqual(namesOf(text).sort(), [...names].sort());
  }));
  covered.check();
});

test("foldNodeset() and parseNodeset() agree with ClusterShell, and fold at least as well", { skip }, () => {
  const samples = fc.sample(selection, 60);
  const input = samples.map((names) => [foldNodeset(names), names]);
  const output: [string[], string][] = JSON.parse(
    execFileSync(PYTHON, ["-c", PROGRAM], { input: JSON.stringify(input), encoding: "utf8", timeout: 120_000 }),
  );
  let ours = 0;
  let theirs = 0;
  for (const [at, names] of samples.entries()) {
    const [expanded, folded] = output[at] ?? [[], ""];
    assert.deepEqual(expanded, [...names].sort(), "it reads what we fold");
    assert.deepEqual(namesOf(folded).sort(), [...names].sort(), "we read what it folds");
    ours += foldNodeset(names).length;
    theirs += folded.length;
  }
  console.log(`60 selections folded: ${ours} characters, ClusterShell ${theirs}`);
  assert.ok(ours <= theirs * 1.1, `${ours} characters, ClusterShell ${theirs}`);
});

test("foldNodeset() goes on with a range where counting up goes on, padded or not", () => {
  assert.equal(foldNodeset(["n8", "n9", "n10", "n11"]), "n[8-11]");
  assert.equal(foldNodeset(["n08", "n09", "n10", "n11"]), "n[08-11]");
  assert.equal(foldNodeset(["n098", "n099", "n100", "n101"]), "n[098-101]");
  assert.equal(foldNodeset(["n99", "n100", "n0100"]), "n[99-100,0100]");
  assert.equal(foldNodeset(["n0", "n1", "n00", "n01"]), "n[0-1,00-01]");
  assert.equal(foldNodeset(["n1", "n3", "n4", "n6"]), "n[1,3-4,6]");
});

test("foldNodeset() takes numbers of ten digits for text", () => {
  assert.equal(foldNodeset(["n1234567890", "n1234567891"]), "n1234567890,n1234567891");
  assert.equal(foldNodeset(["n999999999", "n1000000000"]), "n999999999,n1000000000");
  assert.equal(foldNodeset(["1", "2", "a"]), "[1-2],a");
});

test("foldNodeset() gives names that are there several times once", () => {
  assert.equal(foldNodeset(["n1", "n2", "n1", "a", "a"]), "a,n[1-2]");
});

test("foldNodeset() merges again after other places were merged", () => {
  const names = ["a1b1c1", "a1b1c2", "a1b2c1", "a1b2c2", "a2b1c1", "a2b1c2", "a2b2c1", "a2b2c2", "a3b1c1"];
  assert.equal(foldNodeset(names), "a[1-2]b[1-2]c[1-2],a3b1c1");
  // The middle place can be merged only once the last one has been.
  assert.equal(foldNodeset(["a1b1c1", "a1b1c2", "a1b2c2", "a1b2c1"].reverse()), "a1b[1-2]c[1-2]");
});
