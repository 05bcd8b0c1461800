import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPolicy, type EngineNode, type Policy, readPolicy } from "../../src/engine/mod.ts";
import type { NodeRecord } from "../../src/engine/record.ts";
import { createRuleBook } from "../../src/engine/rule_book.ts";
import type { PlaceRequest } from "../../src/engine/rules.ts";
import type { Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { DARK, LIT, nodeOf, OFF, recordOf, UP } from "./decisions.ts";
import { planner } from "./lab.ts";

type Cfg = { readonly [url: string]: { readonly [field: string]: Value } };

/** A rule book of these nodes, which are all at their goals, and who was to be looked at. */
function make(...ids: readonly string[]) {
  const clock = createVirtualClock();
  const woken: string[] = [];
  const nodes = new Map<string, EngineNode>(ids.map((id) => [id, nodeOf(OFF, UP, { name: id })]));
  const records = new Map<string, NodeRecord>(ids.map((id) => [id, recordOf({ id, name: id })]));
  const source = { nodes: () => nodes.keys(), read: (id: string) => nodes.get(id) };
  const book = createRuleBook(source, clock, records, (id) => void woken.push(id));
  for (const [id, record] of records) book.join(record, nodes.get(id) ?? assert.fail());
  const request = (id: string, cfg = OFF as Parameters<typeof nodeOf>[0], seen = UP as typeof cfg): PlaceRequest => {
    const node = nodeOf(cfg, seen, { name: id });
    const plan = planner.plan(node);
    const [step] = plan.ok ? plan.steps : [];
    assert.ok(step !== undefined);
    return { id, node, step, out: "NO", unhealthy: false, taken: [] };
  };
  return { book, clock, woken, nodes, records, request };
}
const policyOf = (cfg: Cfg): Policy => readPolicy(new Map(Object.entries(cfg)));
const BRAKE = policyOf({ "/invariants/brake": { kind: "brake", unhealthyAbove: "50%" } });
const ONE = policyOf({ "/limits/one": { mutations: ["machine/off"], atMost: 1 } });

test("a rule book without rules refuses nothing", () => {
  const { book, request } = make("n1");
  assert.equal(book.policy, defaultPolicy);
  assert.equal(book.refusalOf({ ...request("n1"), unhealthy: true }), undefined);
  assert.deepEqual([book.limits(), book.invariants()], [[], []]);
});

test("every node has to be looked at when there is a brake, before any is repaired, and none where there is none", () => {
  const { book, woken, request } = make("n1", "n2", "n3");
  book.setPolicy(ONE);
  assert.deepEqual(woken, []);
  book.setPolicy(BRAKE);
  assert.deepEqual(woken, ["n1", "n2", "n3"]);
  const repair = { ...request("n1", LIT, DARK), unhealthy: true };
  const refusal = book.refusalOf(repair);
  assert.deepEqual(refusal, { kind: "invariant", invariant: "brake", because: "2 nodes have to be looked at first" });
  book.seen("n2");
  book.seen("n3");
  assert.equal(book.refusalOf(repair), undefined);
  woken.length = 0;
  book.setPolicy(policyOf({ "/invariants/brake": { kind: "brake", unhealthyAbove: "50%" } }));
  assert.deepEqual(woken, [], "it is the same policy");
});

test("a node that has changed has to be looked at where there is a brake, by its name also before it was seen", () => {
  const { book, nodes, request } = make("n1", "n2");
  book.setPolicy(BRAKE);
  for (const id of ["n1", "n2"]) book.seen(id);
  const refused = () => book.refusalOf({ ...request("n1", LIT, DARK), unhealthy: true })?.kind;
  assert.equal(refused(), undefined);
  nodes.set("n3", nodeOf(OFF, UP, { name: "n3" }));
  book.changed("n3");
  assert.equal(refused(), "invariant");
  book.seen("n3");
  assert.equal(refused(), undefined);
  book.changed("never there");
  assert.equal(refused(), undefined);
});

test("a brake refuses repairs and not discoveries, of unhealthy nodes alone, and wakes who it refused when it lets go", () => {
  const { book, woken, nodes, records, request } = make("n1", "n2");
  book.setPolicy(BRAKE);
  for (const id of ["n1", "n2"]) book.assess(id, nodes.get(id) ?? assert.fail(), "NO", true);
  const repair = { ...request("n1", LIT, DARK), unhealthy: true };
  const because = "2 of 2 nodes are unhealthy, more than 50%";
  const refusal = book.refusalOf(repair);
  assert.deepEqual(refusal, { kind: "invariant", invariant: "brake", because });
  assert.equal(book.refusalOf({ ...repair, unhealthy: false }), undefined, "it is on its way to another goal");
  const sensing = { ...request("n1", { "/physState": "POWER_OFF" }, {}), unhealthy: true };
  assert.equal(book.refusalOf(sensing), undefined);
  book.wait(
    "n1",
    repair.node,
    [{ step: repair.step, refusal: { kind: "invariant", invariant: "brake", because } }],
    "NO",
  );
  woken.length = 0;
  book.assess("n2", nodes.get("n2") ?? assert.fail(), "NO", false);
  assert.deepEqual(woken, ["n1"]);
  assert.equal(book.refusalOf(repair), undefined);
  book.leave(records.get("n2") ?? assert.fail());
  assert.equal(book.refusalOf(repair)?.kind, "invariant", "one of one");
});

test("a limit gives its place to the first, then to who waits for it, who is woken", () => {
  const { book, woken, request } = make("n1", "n2");
  book.setPolicy(ONE);
  const [first, second] = [request("n1"), request("n2")];
  assert.equal(book.refusalOf(first), undefined);
  book.acquire("n1", first.node, first.step, "NO");
  assert.deepEqual(book.limits().map(({ name, inFlight }) => [name, inFlight]), [["one", 1]]);
  assert.deepEqual(book.refusalOf(second), { kind: "queued" });
  const blocker = book.blockerOf(second, { kind: "queued" });
  assert.deepEqual(blocker.kind === "limit" && [blocker.limit, blocker.holders], ["one", ["n1"]]);
  assert.deepEqual(book.placesOf(second).map(({ atMost }) => atMost), [1]);
  book.wait("n2", second.node, [{ step: second.step, refusal: { kind: "queued" } }], "NO");
  woken.length = 0;
  book.release("n1", first.step.key);
  assert.deepEqual(woken, ["n2"]);
  assert.equal(book.refusalOf(second), undefined);
});

test("a policy counts what runs and what was approved, and not what an agent runs", () => {
  const { book, records, request } = make("n1", "n2", "n3");
  const { step } = request("n1");
  const execution = { step, id: "x", since: 0, disruptive: true, hasReturned: false, seen: undefined };
  const running = (isOurs: boolean) => new Map([[step.key, { ...execution, isOurs }]]);
  records.set("n1", recordOf({ id: "n1", name: "n1", executions: running(true) }));
  records.set("n2", recordOf({ id: "n2", name: "n2", approved: step }));
  records.set("n3", recordOf({ id: "n3", name: "n3", executions: running(false) }));
  book.setPolicy(policyOf({ "/limits/cuts": { mutations: ["machine/off"], atMost: 9 } }));
  assert.deepEqual(book.limits().map(({ inFlight }) => inFlight), [2]);
});

test("a value under which nothing may be disrupted goes before limits", () => {
  const { book, request } = make("n1");
  book.setPolicy(policyOf({ "/invariants/sync": { kind: "never", when: { "/runState": "SYNC" } } }));
  const objection = { invariant: "sync", because: "'/runState' is 'SYNC'" };
  assert.deepEqual(book.refusalOf(request("n1")), { kind: "invariant", ...objection });
  assert.equal(book.refusalOf(request("n1", LIT, { ...UP, ...DARK })), undefined, "the lamp disrupts nothing");
  assert.deepEqual(book.forbids(request("n1").node), objection);
  assert.deepEqual(book.blockerOf(request("n1"), { kind: "store" }), { kind: "store" });
});

test("nodes that a brake is not about change nothing of its share", () => {
  const { book, nodes, records, request } = make("n1", "n2", "m3");
  book.setPolicy(policyOf({ "/invariants/brake": { kind: "brake", nodes: "n[1-2]", unhealthyAbove: "50%" } }));
  for (const id of ["n1", "n2", "m3"]) book.seen(id);
  book.assess("m3", nodes.get("m3") ?? assert.fail(), "NO", true);
  book.leave(records.get("m3") ?? assert.fail());
  assert.equal(book.refusalOf({ ...request("n1", LIT, DARK), unhealthy: true }), undefined, "one of two");
  assert.equal(book.refusalOf({ ...request("m3", LIT, DARK), unhealthy: true }), undefined);
});

test("who waits keeps its turn under a new policy, and is looked at where it needs no place any more", () => {
  const { book, woken, request, records } = make("n1", "n2", "n3");
  const requests = ["n1", "n2", "n3"].map((id) => request(id));
  const [first, second, third] = requests;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  book.setPolicy(ONE);
  book.acquire("n1", first.node, first.step, "NO");
  const { step } = first;
  const execution = { step, id: "x", since: 0, isOurs: true, disruptive: true, hasReturned: false, seen: undefined };
  records.set("n1", recordOf({ id: "n1", name: "n1", executions: new Map([[step.key, execution]]) }));
  for (const { id, node, step } of [second, third]) book.wait(id, node, [{ step, refusal: { kind: "queued" } }], "NO");
  woken.length = 0;
  book.setPolicy(policyOf({ "/limits/other": { mutations: ["machine/*"], atMost: 1 } }));
  assert.deepEqual(woken, [], "there is no room");
  const placeOf = (of: PlaceRequest) => {
    const blocker = book.blockerOf(of, { kind: "queued" });
    return blocker.kind === "limit" ? [blocker.limit, blocker.place] : blocker.kind;
  };
  assert.deepEqual([placeOf(second), placeOf(third)], [["other", 1], ["other", 2]]);
  book.release("n1", first.step.key);
  assert.deepEqual(woken, ["n2"]);
  book.acquire("n2", second.node, second.step, "NO");
  assert.deepEqual([book.limits().map(({ inFlight }) => inFlight), placeOf(third)], [[1], ["other", 1]]);
  woken.length = 0;
  book.setPolicy(defaultPolicy);
  assert.deepEqual(woken, ["n3"]);
});
