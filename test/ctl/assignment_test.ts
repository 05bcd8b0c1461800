import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAssignment, toMergePatch } from "../../ctl/assignment.ts";
import { schema as known } from "../../ctl/known.ts";
import { core, createSchema, defineExtension, services } from "../../src/state/mod.ts";

const text = { kind: "string" } as const;
const rack = defineExtension("rack", {
  "/rack/slot": { type: { kind: "integer", min: 1, max: 48 }, writer: "cfg", about: "Slot" },
  "/rack/label": { type: text, writer: "cfg", about: "Label" },
  "/rack/tags": { type: { kind: "list", items: text }, writer: "cfg", about: "Tags" },
});
const schema = createSchema([core, services, rack]);

function read(text: string) {
  const parsed = parseAssignment(schema, text);
  return parsed.ok ? parsed.assignment.value : parsed.problem;
}

test("parseAssignment() reads a value as what its variable is declared to be", () => {
  assert.equal(read("/physState=POWER_ON"), "POWER_ON");
  assert.equal(read("/rack/slot=7"), 7);
  assert.equal(read("/rack/label=7"), "7");
  assert.equal(read("/rack/label=true"), "true");
  assert.equal(read("/freeze=true"), true);
  assert.deepEqual(read('/rack/tags=["a","b"]'), ["a", "b"]);
});

test("parseAssignment() takes null and nothing for unset, and a quoted text always for a text", () => {
  assert.equal(read("/rack/label="), null);
  assert.equal(read("/rack/label=null"), null);
  assert.equal(read('/rack/label="null"'), "null");
  assert.equal(read("/rack/label=a=b c"), "a=b c");
});

test("parseAssignment() reads variables that it does not know by their looks", () => {
  assert.deepEqual(read('/odd/x={"a":[1,true,"b"]}'), { a: [1, true, "b"] });
  assert.equal(read("/odd/x=5"), 5);
  assert.equal(read("/odd/x=5.5"), "5.5");
  assert.equal(read("/odd/x=5G"), "5G");
  assert.equal(read('/odd/x={"a":null}'), '{"a":null}');
});

test("parseAssignment() says what is wrong with a value, a URL or the form", () => {
  assert.match(String(read("/physState=ON")), /^\/physState is "ON": expected one of PHYS_UNKNOWN, POWER_OFF/);
  assert.match(String(read("/rack/slot=99")), /^\/rack\/slot is 99: expected an integer from 1 to 48$/);
  assert.match(String(read("/rack/slot=0.5")), /^\/rack\/slot is 0.5: expected an integer from 1 to 48$/);
  assert.match(String(read('/rack/tags=["a",0.5]')), /^\/rack\/tags\/1 is 0.5: expected a string/);
  assert.match(String(read('/rack/tags=["a",null]')), /^\/rack\/tags\/1 is null: expected a string/);
  const limit = parseAssignment(known, '/limits/h={"mutations":["*/power-on"],"perSecond":0.5}');
  assert.match(limit.ok ? "" : limit.problem, /^\/limits\/h\/perSecond is 0.5: expected an integer from 1 to 1000000$/);
  assert.match(String(read("physState=POWER_ON")), /^'physState' is not a state URL/);
  assert.match(String(read("/physState")), /^Cannot read '\/physState': expected \/url=value/);
});

test("parseAssignment() knows what people report from what they wish", () => {
  const kinds = ["/busy=BUSY", "/busy=", "/physState=POWER_ON"].map((text) => {
    const parsed = parseAssignment(schema, text);
    return parsed.ok && parsed.assignment.reported;
  });
  assert.deepEqual(kinds, [true, true, false]);
});

test("toMergePatch() nests URLs and keeps null", () => {
  const assignment = (url: string, value: string | null) => ({ url, value, reported: false });
  assert.deepEqual(
    toMergePatch([
      assignment("/services/a/state", "RUN"),
      assignment("/services/b/state", null),
      assignment("/services/a/config", "x"),
      assignment("/name", "n1"),
    ]),
    { services: { a: { state: "RUN", config: "x" }, b: { state: null } }, name: "n1" },
  );
});

test("toMergePatch() does not reach a prototype", () => {
  toMergePatch([{ url: "/__proto__/bad", value: "x", reported: false }]);
  assert.equal("bad" in {}, false);
});
