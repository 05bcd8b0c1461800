import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { parseJunit } from "../../scripts/test/junit.ts";

test("parseJunit() reads a report of Deno, where a group stands beside its tests", () => {
  const xml = `<?xml version="1.0"?><testsuites name="deno test" tests="5">
    <testsuite name="./test/a_test.ts" tests="5">
        <testcase name="a &lt;b&gt;" classname="./test/a_test.ts" time="1.250" line="3" col="1">
        </testcase>
        <testcase name="group" time="0.1"><failure message="1 test step failed">1 test step failed.</failure></testcase>
        <testcase name="skipped" time="0.000"><skipped/></testcase>
    </testsuite>
    <testsuite name="ext:deno_node/testing.ts">
        <testcase name="group &gt; bad" time="0.002"><failure message="x &gt; y">at &lt;testcase&gt;</failure></testcase>
    </testsuite></testsuites>`;
  assert.deepEqual(parseJunit(xml), [
    { name: "a <b>", outcome: "passed", seconds: 1.25, file: "test/a_test.ts" },
    { name: "skipped", outcome: "skipped", seconds: 0, file: "test/a_test.ts" },
    { name: "group > bad", outcome: "failed", seconds: 0.002, file: "test/a_test.ts" },
  ]);
});

test("parseJunit() reads a report of Node, with nested suites and names that are escaped twice", () => {
  const xml = `<testsuites>
	<testcase name="says &amp;quot;a > b&amp;quot;" time="0.5" classname="test"/>
	<testsuite name="group" tests="1"><testsuite name="inner"><testcase name="c" time="0.1" failure="x">
			<failure type="testCodeFailure" message="x">x</failure></testcase></testsuite></testsuite>
	<!-- tests 2 --></testsuites>`;
  assert.deepEqual(parseJunit(xml), [
    { name: 'says "a > b"', outcome: "passed", seconds: 0.5 },
    { name: "group > inner > c", outcome: "failed", seconds: 0.1 },
  ]);
});

test("parseJunit() reads a report of Bun", () => {
  const xml = `<testsuites name="bun test"><testsuite name="test/a_test.ts" file="test/a_test.ts">
    <testcase name="a" classname="" time="0.0008" file="test/a_test.ts" line="3" assertions="0" />
    <testcase name="b" time="0"><skipped message="TODO" /></testcase>
    <testsuite name="group"><testcase name="c" time="0.1"><error type="E">x</error></testcase></testsuite>
    </testsuite></testsuites>`;
  assert.deepEqual(parseJunit(xml), [
    { name: "a", outcome: "passed", seconds: 0.0008, file: "test/a_test.ts" },
    { name: "b", outcome: "skipped", seconds: 0, file: "test/a_test.ts" },
    { name: "group > c", outcome: "failed", seconds: 0.1, file: "test/a_test.ts" },
  ]);
});

test("parseJunit() gives no tests, and never throws, for what is no report", () => {
  assert.deepEqual(parseJunit(""), []);
  assert.deepEqual(parseJunit('<testsuites><testcase name="cut off" time="0.1"><fail'), []);
  const piece = fc.constantFrom(
    "<testcase",
    ' name="x"',
    "/>",
    "</testcase>",
    "<testsuite>",
    "</testsuite>",
    "<failure>",
  );
  const covered = createCoverage("broken reports", ["tests", "no tests"], 0.05);
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      covered.saw(parseJunit(pieces.join("")).length > 0 ? "tests" : "no tests");
    }),
    { numRuns: 300 },
  );
  covered.check();
});
