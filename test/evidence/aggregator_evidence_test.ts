import assert from "node:assert/strict";
import { test } from "node:test";
import { createAssignmentCheck } from "../../aggregator/evidence/assignments.ts";
import { createEvidence } from "../../aggregator/evidence/evidence.ts";
import { createSuspicions } from "../../aggregator/evidence/suspicions.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import type { Given } from "../../src/evidence/mod.ts";
import { createLog } from "../../src/log.ts";
import { NO_TERM, nodeIdOf } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { makeTerm } from "../support/versions.ts";

const [ROOT, ROW, RACK, N] = ["root", "row", "rack", "n"].map((name) => nodeIdOf("demo", name)) as [
  string,
  string,
  string,
  string,
];

function make(ownId: string, store = openMemoryStore(), cluster = "demo", run = "r1") {
  const warnings: string[] = [];
  const evidence = createEvidence({
    ...{ cluster, ownId, run, isRoot: ownId === ROOT, store, facts: store.load().facts },
    log: createLog((line) => void warnings.push(line), { level: "warn" }),
  });
  return { evidence, store, warnings };
}

/** A rack whose key the root has certified. */
function makeRack(root: ReturnType<typeof make>["evidence"], store = openMemoryStore()) {
  const rack = make(RACK, store);
  rack.evidence.take(root.give(RACK, makeTerm(1, 1), 1), root.certify(RACK, rack.evidence.own(1).key));
  return rack;
}

test("a root knows its own runs and terms by what a child shows, also after a restart", () => {
  const { evidence, store } = make(ROOT);
  const shown = evidence.give(N, makeTerm(2, 5), 7);
  for (const each of [evidence, make(ROOT, store, "demo", "r2").evidence]) {
    assert.deepEqual(each.provenRun(N, shown), { run: 7, process: "r1" });
    assert.equal(each.provenRun(RACK, shown), undefined, "another child's");
    assert.deepEqual(each.provenTerm(N, { term: makeTerm(2, 5), shown }), makeTerm(2, 5));
    assert.equal(each.provenTerm(RACK, { term: makeTerm(2, 5), shown }), undefined, "another child's");
  }
});

test("what others have signed, in this cluster or another, and what was changed, proves nothing", () => {
  const { evidence } = make(ROOT);
  const right = evidence.give(N, makeTerm(2, 5), 7);
  const forged: Given = { ...right, run: right.run.replace(" 7 ", " 8 "), term: right.term.replace(" 2 5 ", " 2 9 ") };
  const swapped: Given = { ...right, run: right.term, term: right.run };
  const others = [make(ROOT), make(ROOT, openMemoryStore(), "other"), makeRack(evidence)]
    .map((other) => other.evidence.give(N, makeTerm(2, 5), 7));
  for (const shown of [undefined, forged, swapped, ...others]) {
    assert.equal(evidence.provenRun(N, shown), undefined);
    assert.equal(evidence.provenTerm(N, { term: makeTerm(2, 5), ...(shown !== undefined && { shown }) }), undefined);
  }
});

test("a rack that has lost its disk, and with it its key, knows what its earlier key has signed", () => {
  const { evidence: root } = make(ROOT);
  const shown = makeRack(root).evidence.give(N, makeTerm(1, 4), 9);
  const bare = make(RACK);
  assert.equal(bare.evidence.provenRun(N, shown), undefined, "nobody has told it yet who the root is");
  const again = makeRack(root);
  assert.equal(again.evidence.provenRun(N, shown)?.run, 9);
  assert.deepEqual(again.evidence.provenTerm(N, { term: NO_TERM, shown }), makeTerm(1, 4));
  const other = makeRack(make(ROOT).evidence);
  assert.equal(other.evidence.provenRun(N, shown), undefined, "another root's cluster");
});

test("a rack's own run is proven by its signature, and nobody else's", () => {
  const { evidence: root } = make(ROOT);
  const rack = makeRack(root);
  const term = makeTerm(1, 12);
  assert.deepEqual(root.provenTerm(RACK, { term, own: rack.evidence.own(12) }), term);
  assert.equal(root.provenTerm(RACK, { term, own: rack.evidence.own(11) }), undefined);
  assert.equal(root.provenTerm(N, { term, own: rack.evidence.own(12) }), undefined);
  const ofChild = { ...rack.evidence.own(12), run: rack.evidence.give(N, makeTerm(1, 1), 12).run };
  assert.equal(root.provenTerm(RACK, { term, own: ofChild }), undefined, "it is a child's to show");
  assert.equal(root.provenTerm(RACK, { term, own: make(RACK).evidence.own(12) }), undefined, "it is not certified");
  assert.equal(root.provenTerm(RACK, { term, own: makeRack(make(ROOT).evidence).evidence.own(12) }), undefined);
});

test("a rack that certifies a key as its parent's, or the root's, proves nothing by it", () => {
  const { evidence: root } = make(ROOT);
  const row = make(ROW);
  row.evidence.take(root.give(ROW, makeTerm(1, 1), 1), root.certify(ROW, row.evidence.own(1).key));
  const rack = make(RACK);
  rack.evidence.take(
    row.evidence.give(RACK, makeTerm(1, 1), 1),
    row.evidence.certify(RACK, rack.evidence.own(1).key),
  );
  for (const [above, id] of [[root, ROOT], [row.evidence, ROW]] as const) {
    const liar = make(id);
    const certified = rack.evidence.certify(id, liar.evidence.own(1).key) ?? assert.fail("it is not certified");
    const shown = { ...liar.evidence.give(RACK, makeTerm(1, 90), 70), chain: certified.chain };
    assert.equal(above.provenRun(RACK, shown), undefined);
    assert.equal(above.provenTerm(RACK, { term: makeTerm(1, 90), shown }), undefined);
    assert.equal(above.provenAssignment(RACK, { shown }), 0);
  }
  assert.equal(row.evidence.provenAssignment(RACK, { shown: rack.evidence.give(RACK, makeTerm(9, 1), 1) }), 0);
});

test("an assignment counts where the root has signed it, or, but at the root, where an aggregator has given a term of it", () => {
  const { evidence: root } = make(ROOT);
  const rack = makeRack(root).evidence;
  const assigned = { number: 7, parent: RACK, proof: root.proofOf(N, 7, RACK) };
  const shown = rack.give(N, makeTerm(6, 1), 1);
  for (const each of [root, rack, makeRack(root).evidence]) {
    assert.equal(each.provenAssignment(N, { assigned }), 7);
    assert.equal(
      each.provenAssignment(N, { shown }),
      each === root ? 0 : 6,
      "the root has signed whatever it assigned",
    );
    assert.equal(each.provenAssignment(N, { assigned, shown }), 7);
    for (
      const forged of [
        { ...assigned, number: 8 },
        { ...assigned, parent: ROOT },
        { ...assigned, proof: rack.proofOf(N, 7, RACK) },
        { ...assigned, proof: make(ROOT).evidence.proofOf(N, 7, RACK) },
        { ...assigned, proof: "x" },
      ]
    ) assert.equal(each.provenAssignment(N, { assigned: forged }), 0);
    assert.equal(each.provenAssignment(RACK, { assigned, shown }), 0, "another node's");
    assert.equal(each.provenAssignment(N, { shown: { ...shown, chain: [] } }), 0);
    assert.equal(each.provenAssignment(N, { shown: make(RACK).evidence.give(N, makeTerm(9, 1), 1) }), 0);
    assert.equal(each.provenAssignment(N, {}), 0);
  }
  assert.equal(make(RACK).evidence.provenAssignment(N, { assigned }), 0, "nobody has told it yet who the root is");
});

test("a child whose claim did not hold is looked at again after a second", async () => {
  const clock = createVirtualClock();
  const claims: string[] = [];
  let proven = 0;
  let checks = 0;
  const check = createAssignmentCheck({
    clock,
    evidence: { provenAssignment: () => (checks++, proven) },
    suspicions: { claimed: (child, what) => void claims.push(`${child} ${what}`) },
  });
  assert.equal(check("n", { number: 3 }), false);
  proven = 3;
  assert.equal(check("n", { number: 3 }), false);
  assert.equal(check("m", { number: 3 }), true);
  await clock.advance(1_000);
  assert.equal(check("n", { number: 3 }), true);
  assert.equal(check("n", { number: 3 }), true);
  assert.deepEqual([claims, checks], [["n assignment 3, which the root has not signed"], 4]);
});

test("what a rack was given is there after a restart, and another's certificate is not taken", () => {
  const { evidence: root } = make(ROOT);
  const { store, evidence } = makeRack(root);
  const again = make(RACK, store);
  assert.deepEqual([again.evidence.given, again.evidence.own(3)], [evidence.given, evidence.own(3)]);
  const foreign = make(RACK);
  foreign.evidence.take(root.give(RACK, makeTerm(1, 1), 1), root.certify(RACK, evidence.own(1).key));
  assert.deepEqual(foreign.evidence.own(1).chain, []);
  assert.match(foreign.warnings.join(), /another key than this aggregator's/);
});

test("a child of which nothing is believed is told of once in ten minutes, and of no more than a hundred", async () => {
  const clock = createVirtualClock();
  const told: string[] = [];
  const { claimed } = createSuspicions({ clock, tell: (child) => void told.push(child) });
  for (let time = 0; time < 1_000; time++) claimed("a", "x");
  assert.deepEqual(told, ["a"]);
  for (let child = 0; child < 500; child++) claimed(`n${child}`, "x");
  assert.equal(told.length, 100);
  await clock.advance(600_000);
  claimed("a", "x");
  assert.equal(told.length, 101);
});
