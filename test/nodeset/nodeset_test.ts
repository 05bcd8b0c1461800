import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { compareNames, foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";

function namesOf(text: string): string[] {
  const parsed = parseNodeset(text);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.problem);
  return parsed.names;
}

function problemOf(text: string): string {
  const parsed = parseNodeset(text);
  assert.ok(!parsed.ok, `'${text.slice(0, 80)}' was read`);
  return parsed.problem;
}

test("parseNodeset() counts through ranges and single numbers", () => {
  assert.deepEqual(namesOf("n[1-3,7]"), ["n1", "n2", "n3", "n7"]);
});

test("parseNodeset() keeps zero padding, also beyond its width", () => {
  assert.deepEqual(namesOf("n[008-010]"), ["n008", "n009", "n010"]);
  assert.deepEqual(namesOf("n[98-101]"), ["n98", "n99", "n100", "n101"]);
  assert.deepEqual(namesOf("n[099-101]"), ["n099", "n100", "n101"]);
  assert.deepEqual(namesOf("n[99-100,007]"), ["n99", "n100", "n007"]);
});

test("parseNodeset() gives every combination of several brackets, the last counting fastest", () => {
  assert.deepEqual(namesOf("r[1-2]n[1-2]-ib"), ["r1n1-ib", "r1n2-ib", "r2n1-ib", "r2n2-ib"]);
  assert.deepEqual(namesOf("x[1-2][0-1]"), ["x10", "x11", "x20", "x21"]);
});

test("parseNodeset() joins sets and plain names by commas, each name once, in the order of the text", () => {
  assert.deepEqual(namesOf("login1, n[2-3],n[1-2] ,gpu.a_b"), ["login1", "n2", "n3", "n1", "gpu.a_b"]);
});

test("parseNodeset() says where a text goes wrong and what was expected", () => {
  assert.equal(problemOf("n[1-"), "Cannot read nodeset 'n[1-' at position 5: the text ends there, expected a number");
  assert.equal(
    problemOf("n[1-3"),
    "Cannot read nodeset 'n[1-3' at position 6: the text ends there, expected ',', '-' or ']'",
  );
  assert.equal(problemOf("n[a]"), "Cannot read nodeset 'n[a]' at position 3: found 'a', expected a number");
  assert.match(problemOf(""), /at position 1: the text ends there, expected a name/);
  assert.match(problemOf("n1,,n2"), /at position 4: found ',', expected a name/);
  assert.match(problemOf("n1 n2"), /at position 4: found 'n', expected a comma/);
  assert.match(problemOf("n[1-3]]"), /at position 7: found ']'/);
  assert.match(problemOf("@rack3"), /at position 1: found '@'/);
  assert.match(problemOf("n[5-3]"), /counts down, expected '3-5'/);
  assert.match(problemOf("n[08-9]"), /padded differently/);
  assert.match(problemOf("n[8-010]"), /padded differently/);
});

test("parseNodeset() quotes a text of up to 80 characters whole", () => {
  const text = `${"n,".repeat(39)}n[`;
  assert.equal(text.length, 80);
  assert.ok(problemOf(text).includes(`'${text}'`));
  assert.ok(problemOf(`n,${text}`).includes(`'n,${text.slice(0, 75)}...'`));
});

test("parseNodeset() is bounded in text, names, name length and digits", () => {
  assert.equal(namesOf("n[1-200000]").length, 200_000);
  assert.match(problemOf("n[1-200001]"), /more than 200000 names/);
  assert.match(problemOf("n[1-999999999][1-999999999][1-999999999]"), /more than 200000 names/);
  assert.match(problemOf("n[1-100001],n[1-100000]"), /more than 200000 names/);
  assert.match(problemOf("n[1-10000000000]"), /more than 9 digits/);
  assert.match(problemOf("n".repeat(65)), /more than 64 characters/);
  assert.match(problemOf("[1]".repeat(20_000)), /more than 64 characters/);
  assert.deepEqual(namesOf("[1]".repeat(64)), ["1".repeat(64)]);
  assert.match(problemOf("[1]".repeat(65)), /more than 64 characters/);
  assert.deepEqual(namesOf("n".repeat(64)), ["n".repeat(64)]);
  assert.deepEqual(namesOf("n[999999998-999999999]"), ["n999999998", "n999999999"]);
  assert.match(problemOf("n".repeat(4 * 1024 * 1024 + 1)), /expected at most 4194304/);
});

test("parseNodeset() answers any text with names or a problem", () => {
  const covered = createCoverage("nodesets of any text", ["names", "brackets", "a problem"], 0.1);
  const part = fc.constantFrom("n1", "[1-3]", "[08,9]", "r", ".", "-", ",", " ", "[", "]", "@", "[3-1]");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }).map((parts) => parts.join("")), (text) => {
      const parsed = parseNodeset(text);
      if (parsed.ok) assert.equal(new Set(parsed.names).size, parsed.names.length);
      else assert.match(parsed.problem, /^Cannot read /);
      covered.saw(
        parsed.ok ? "names" : "a problem",
        ...(parsed.ok && text.includes("[") ? ["brackets"] as const : []),
      );
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("foldNodeset() folds the last number of names into ranges", () => {
  assert.equal(foldNodeset(["n003", "n001", "login1", "n002", "n007", "n001"]), "login1,n[001-003,007]");
  assert.equal(foldNodeset(["r1n1", "r1n2", "r2n1"]), "r1n[1-2],r2n1");
  assert.equal(foldNodeset(["n9", "n10", "n11-ib", "head"]), "head,n[9-10],n11-ib");
  assert.equal(foldNodeset([]), "");
});

const name = fc.string({ unit: fc.constantFrom(..."n019-."), minLength: 1, maxLength: 12 });

test("parseNodeset() of foldNodeset() gives the same set of names", () => {
  const covered = createCoverage("folds of any names", ["folded", "as they are"], 0.15);
  fc.assert(fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 60 }), (names) => {
    const text = foldNodeset(names);
    assert.deepEqual(namesOf(text).sort(), [...names].sort());
    covered.saw(text.includes("[") ? "folded" : "as they are");
  }));
  covered.check();
});

test("foldNodeset() brings dense numbers of mixed padding back", () => {
  const padded = fc.tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 1, max: 4 }))
    .map(([value, width]) => `n${String(value).padStart(width, "0")}`);
  const covered = createCoverage("folds of dense numbers", ["ranges", "several widths", "over 50 names"], 0.2);
  fc.assert(fc.property(fc.uniqueArray(padded, { minLength: 1, maxLength: 150 }), (names) => {
    const text = foldNodeset(names);
    assert.deepEqual(namesOf(text).sort(), [...names].sort());
    covered.saw(
      ...(text.includes("-") ? ["ranges"] as const : []),
      ...(new Set(names.map(({ length }) => length)).size > 2 ? ["several widths"] as const : []),
      ...(names.length > 50 ? ["over 50 names"] as const : []),
    );
  }));
  covered.check();
});

test("compareNames() orders numbers by value", () => {
  const names = ["n10", "n2", "n1", "login1", "n02", "n2a", "n", "r2n1", "r1n10", "r1n9"];
  assert.deepEqual(names.sort(compareNames), ["login1", "n", "n1", "n02", "n2", "n2a", "n10", "r1n9", "r1n10", "r2n1"]);
});

test("compareNames() counts with digits alone, not with what stands beside them in ASCII", () => {
  assert.ok(compareNames("a10", "a9") > 0);
  assert.ok(compareNames("a20", "a9") > 0);
  assert.ok(compareNames("a:0", "a9") > 0, "a colon comes after every digit");
  assert.ok(compareNames("a/9", "a0") < 0, "a slash comes before every digit");
  assert.ok(compareNames("a::", "a:0") > 0);
});

test("compareNames() is a total order", () => {
  const covered = createCoverage("orders of names", ["the same", "in order", "zeros alone", "digits"], 0.06);
  const short = fc.string({ unit: fc.constantFrom(..."n019-."), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(short, fc.option(short), fc.option(short), (a, one, other) => {
      const [b, c] = [one ?? a.replace("0", "00"), other ?? a.replace("n", "n0")];
      assert.equal(Math.sign(compareNames(a, b)), -Math.sign(compareNames(b, a)) + 0);
      assert.equal(compareNames(a, b) === 0, a === b);
      const isOrdered = compareNames(a, b) <= 0 && compareNames(b, c) <= 0;
      if (isOrdered) assert.ok(compareNames(a, c) <= 0);
      const plain = (text: string) => text.replace(/(?<![0-9])0+(?=[0-9])/g, "");
      covered.saw(
        ...(a === b ? ["the same"] as const : []),
        ...(isOrdered ? ["in order"] as const : []),
        ...(a !== b && plain(a) === plain(b) ? ["zeros alone"] as const : []),
        ...(/[0-9]/.test(a) && /[0-9]/.test(b) ? ["digits"] as const : []),
      );
    }),
    { numRuns: 500 },
  );
  covered.check();
});

test("compareNames() has no limit on how large a number is", () => {
  const long = "9".repeat(30);
  assert.ok(compareNames(`n${long}`, `n1${"0".repeat(30)}`) < 0);
  assert.ok(compareNames(`n${long}1`, `n${long}2`) < 0);
  assert.ok(compareNames(`n000${long}`, `n${long}a`) < 0);
});

test("compareNames() orders names that differ in zeros alone by their texts, after all that follows", () => {
  assert.deepEqual(["n1b", "n01b", "n01a", "n1a", "n001b"].sort(compareNames), ["n01a", "n1a", "n001b", "n01b", "n1b"]);
  assert.deepEqual(["n0", "n", "n00", "n000"].sort(compareNames), ["n", "n0", "n00", "n000"]);
  assert.equal(compareNames("n01", "n01"), 0);
});

test("compareNames() puts a name before those that go on after it", () => {
  assert.deepEqual(["n1-b", "n1", "n1-", "", "n"].sort(compareNames), ["", "n", "n1", "n1-", "n1-b"]);
});

test("parseNodeset() takes a range of one number, and one from zero", () => {
  assert.deepEqual(namesOf("n[5-5]"), ["n5"]);
  assert.deepEqual(namesOf("n[0-2]"), ["n0", "n1", "n2"]);
  assert.deepEqual(namesOf("n[00-02]"), ["n00", "n01", "n02"]);
  assert.equal(namesOf("n[0-10]").length, 11);
});

test("parseNodeset() refuses ends of a range that are padded differently, whichever is longer", () => {
  for (const text of ["n[01-5]", "n[1-05]", "n[0-00]", "n[00-0]", "n[001-10]", "n[9-010]"]) {
    assert.match(problemOf(text), /are padded differently, expected equally many digits/, text);
  }
  for (const text of ["n[01-10]", "n[1-10]", "n[09-10]", "n[099-100]", "n[01-100]"]) namesOf(text);
});

test("parseNodeset() names the range that counts down as it should be", () => {
  assert.equal(problemOf("n[12-3]"), "Cannot read nodeset 'n[12-3]': the range '12-3' counts down, expected '3-12'");
});

test("parseNodeset() takes space around sets, also between lines, and none within", () => {
  assert.deepEqual(namesOf(" \tn1 ,\n n[2-3]\n"), ["n1", "n2", "n3"]);
  for (const text of ["n[1, 2]", "n[ 1]", "n[1 ]", "n[1 -2]", "n [1]", "n1,", " ", ","]) problemOf(text);
});

test("parseNodeset() refuses empty brackets, and ones that nothing opens or closes", () => {
  assert.match(problemOf("n[]"), /at position 3: found ']', expected a number/);
  assert.match(problemOf("n[1,]"), /at position 5: found ']', expected a number/);
  assert.match(problemOf("n]"), /at position 2: found ']', expected a comma, a '\['/);
  assert.match(problemOf("n[1[2]]"), /at position 4: found '\[', expected ',', '-' or '\]'/);
});

test("parseNodeset() takes a text of 4 MiB", () => {
  const text = "n1".padEnd(4 * 1024 * 1024);
  assert.deepEqual(namesOf(text), ["n1"]);
  assert.match(problemOf(`${text} `), /^Cannot read a nodeset of 4194305 characters: expected at most 4194304$/);
});

test("parseNodeset() counts the names of several sets together, and repeated ones too", () => {
  assert.equal(namesOf("n[1-100000],n[1-100000]").length, 100_000);
  assert.equal(namesOf("n[1-100]-[1-1000],m[1-100]-[1-1000]").length, 200_000);
  assert.match(problemOf("n[1-100]-[1-1000],m[1-100]-[1-1000],x"), /more than 200000 names/);
  assert.match(problemOf("n[1-100000,1-100001]"), /more than 200000 names/);
});

test("parseNodeset() takes numbers of nine digits, and names of 64 characters however they come about", () => {
  assert.deepEqual(namesOf("n[000000001-000000002]"), ["n000000001", "n000000002"]);
  assert.match(problemOf("n[0000000001]"), /more than 9 digits/);
  assert.equal(namesOf(`${"n".repeat(63)}[8-9]`).length, 2);
  assert.match(problemOf(`${"n".repeat(63)}[9-10]`), /more than 64 characters/);
});
