import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunBudget } from "../../aggregator/links/run_budget.ts";
import { createChildTerms } from "../../aggregator/links/child_terms.ts";
import { openMemoryStore, type Store } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";
import { MAX_INTEGER, NO_TERM, type Term } from "../../src/state/mod.ts";
import type { Given } from "../../src/evidence/mod.ts";
import type { BirthFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assigned, createSmallTree, idOf } from "./small_tree.ts";
import { makeTerm } from "../support/versions.ts";

const ID = idOf("n");

/** The terms of `n`, which is under assignment 2. Each write to the store is noted. */
function make(before: ReadonlyMap<string, Term> = new Map()) {
  const tree = createSmallTree();
  tree.set("n", { "/parent": "root", "/assignment": assigned(2, "root") });
  const memory = openMemoryStore();
  const commits: (readonly [string, Term][])[] = [];
  const warnings: string[] = [];
  const claims: string[] = [];
  const world = { isFull: false };
  const store: Store = {
    ...memory,
    commit(batch) {
      if (world.isFull) throw new Error("No space left");
      if (batch.terms !== undefined) commits.push([...batch.terms]);
      memory.commit(batch);
    },
  };
  const clock = createVirtualClock();
  const budget = createRunBudget({ clock, changes: tree.changes });
  const terms = createChildTerms({
    ...{ replica: tree.replica, store, terms: before, budget },
    // What a child shows as its term is its text here.
    provenTerm: (_child, { shown, own }) => {
      if (own !== undefined) return makeTerm(9, Number(own.run));
      const [assignment, run] = (shown?.term ?? "").split(".").map(Number);
      return assignment === undefined || run === undefined ? undefined : { assignment, run };
    },
    onClaim: (child, what) => void claims.push(`${child} ${what}`),
    log: createLog((line) => void warnings.push(line), { level: "warn" }),
  });
  return { ...tree, terms, commits, warnings, claims, world, memory, clock };
}

function birth(term: Term, shown?: Given): BirthFrame {
  return {
    ...(shown !== undefined && { shown }),
    ...{ type: "birth", from: "r", term, parent: "", received: 0, epoch: 0, parentTerm: NO_TERM },
    ...{ digest: "", knownDigest: "" },
  };
}

function shown(term: string): Given {
  return { chain: [], run: "x", term };
}

test("a term is above every one before it, and on disk before it is used", () => {
  const { terms, commits, memory } = make();
  assert.deepEqual(terms.of(ID), NO_TERM);
  const first = makeTerm(2, 1);
  assert.deepEqual(terms.next(ID, birth(NO_TERM)), first);
  assert.deepEqual([commits, terms.of(ID), memory.load().terms.get(ID)], [[[[ID, first]]], first, first]);
  assert.deepEqual(terms.next(ID, birth(NO_TERM)), makeTerm(2, 2));
  assert.deepEqual(terms.next(ID, birth(makeTerm(2, 7), shown("2.7"))), makeTerm(2, 8));
});

test("a term goes on above what an earlier run handed out, and above what the node has written", () => {
  assert.deepEqual(make(new Map([[ID, makeTerm(1, 5)]])).terms.next(ID, birth(NO_TERM)), makeTerm(2, 6));
  const { terms, replica } = make();
  replica.write(ID, "self", new Map([["/a", 1]]), makeTerm(1, 9));
  assert.deepEqual(terms.next(ID, birth(NO_TERM)), makeTerm(2, 10));
});

test("a term that can't be written is not used", () => {
  const { terms, world } = make();
  world.isFull = true;
  assert.throws(() => terms.next(ID, birth(NO_TERM)), /No space left/);
  assert.deepEqual([terms.of(ID), terms.isSameRun(ID)], [NO_TERM, undefined]);
});

test("a child that was assigned here later than is known has to wait for its cfg", () => {
  const { terms, commits, set } = make();
  assert.equal(terms.next(ID, birth(makeTerm(3, 1))), undefined);
  assert.deepEqual(commits, []);
  set("n", { "/assignment": assigned(3, "root") });
  assert.deepEqual(terms.next(ID, birth(makeTerm(3, 1))), makeTerm(3, 2));
});

test("a birth that has to wait takes nothing from the term that the child has", () => {
  const { terms } = make(new Map([[ID, makeTerm(2, 5)]]));
  assert.equal(terms.next(ID, birth(makeTerm(3, 1))), undefined);
  assert.deepEqual([terms.of(ID), terms.isSameRun(ID)], [makeTerm(2, 5), undefined]);
});

test("a child can't use up the runs: what it claims and can't show is passed over, and told of", () => {
  const { terms, claims } = make(new Map([[ID, makeTerm(2, 5)]]));
  let run = 5;
  for (const claim of [6, 1_000, 100_000, MAX_INTEGER, MAX_INTEGER]) {
    for (const evidence of [undefined, shown("2.5"), shown("2." + (claim - 1)), shown("1." + claim)]) {
      assert.deepEqual(terms.next(ID, birth(makeTerm(2, claim), evidence)), makeTerm(2, ++run));
    }
    if (claim === 6) run = terms.of(ID).run;
  }
  assert.ok(claims.length >= 15 && claims.every((claim) => claim.includes("has not given")));
  assert.deepEqual(terms.next(ID, birth(NO_TERM)), makeTerm(2, run + 1), "the honest one is served");
});

test("what a child says of an assignment that is over is neither believed nor told of", () => {
  const { terms, claims } = make(new Map([[ID, makeTerm(1, 5)]]));
  assert.deepEqual(terms.next(ID, birth(makeTerm(1, 900))), makeTerm(2, 6));
  assert.deepEqual(claims, []);
});

test("where nothing is known of a child, as the disk was lost, some runs are believed once", () => {
  const { terms, claims } = make();
  assert.deepEqual(terms.next(ID, birth(makeTerm(2, 100_001))), makeTerm(2, 1));
  assert.equal(claims.length, 1);
  const other = make();
  assert.deepEqual(other.terms.next(ID, birth(makeTerm(2, 100_000))), makeTerm(2, 100_001));
  assert.deepEqual(other.terms.next(ID, birth(makeTerm(2, 200_000))), makeTerm(2, 100_002));
});

/** A birth of an aggregator that has signed its run itself. */
function signed(run: number): BirthFrame {
  return { ...birth(makeTerm(2, run)), own: { key: "k", chain: [], run: `${run}` } };
}

test("an aggregator that counts on by itself is believed 100,000 runs, and then one a second", async () => {
  const { terms, claims, clock } = make(new Map([[ID, makeTerm(2, 5)]]));
  assert.deepEqual(terms.next(ID, signed(60_005)), makeTerm(2, 60_006));
  assert.deepEqual([terms.next(ID, signed(120_006)), claims.length], [makeTerm(2, 60_007), 1]);
  assert.deepEqual(terms.next(ID, signed(100_007)), makeTerm(2, 100_008), "what is left is believed");
  for (let claim = 100_010; claim < 100_050; claim += 10) terms.next(ID, signed(claim));
  assert.deepEqual(terms.of(ID), makeTerm(2, 100_012), "it can't climb on");
  await clock.advance(30_000);
  assert.deepEqual(terms.next(ID, signed(100_030)), makeTerm(2, 100_031));
});

test("what a child has climbed is forgotten with a new assignment, a retry and a deletion, and not by its own word", () => {
  const { terms, set, changes } = make(new Map([[ID, makeTerm(2, 5)]]));
  let last = 5;
  const climb = (by: number) => last = terms.next(ID, signed(last + by))?.run ?? 0;
  climb(100_000);
  const isSpent = (): boolean => {
    const before = last;
    return climb(50_000) === before + 1;
  };
  assert.ok(isSpent());
  changes.post({ kind: "Discovered", id: ID, facet: "parent", urls: ["/retry"], from: ID });
  assert.ok(isSpent());
  const resets = [
    () => changes.post({ kind: "Discovered", id: ID, facet: "parent", urls: ["/retry"], from: undefined }),
    () => changes.post({ kind: "CfgChanged", id: ID, urls: ["/retries"] }),
    () => changes.post({ kind: "NodeRemoved", id: ID, via: undefined }),
  ];
  for (const reset of resets) {
    reset();
    climb(100_000);
    assert.ok(isSpent());
  }
  set("n", { "/assignment": assigned(3, "root") });
  const claim = last + 90_000;
  const anew: BirthFrame = { ...signed(claim), term: makeTerm(3, claim) };
  assert.deepEqual(terms.next(ID, anew), makeTerm(3, claim + 1));
});

test("runs that are used up are refused, until the node is assigned anew", () => {
  const { terms, set } = make(new Map([[ID, makeTerm(2, MAX_INTEGER - 1)]]));
  assert.deepEqual(terms.next(ID, birth(NO_TERM)), makeTerm(2, MAX_INTEGER));
  assert.equal(terms.next(ID, birth(NO_TERM)), undefined);
  set("n", { "/assignment": assigned(3, "root") });
  assert.deepEqual(terms.next(ID, birth(NO_TERM)), makeTerm(3, 1));
});

test("an agent that brings the last term is the same run as before, and every other one is not", () => {
  const { terms, set } = make();
  assert.equal(terms.isSameRun(ID), undefined);
  terms.next(ID, birth(NO_TERM));
  assert.equal(terms.isSameRun(ID), false);
  terms.next(ID, birth(makeTerm(2, 1)));
  assert.equal(terms.isSameRun(ID), true);
  set("n", { "/assignment": assigned(3, "root") });
  terms.next(ID, birth(makeTerm(2, 2)));
  assert.equal(terms.isSameRun(ID), true, "another assignment is no other run");
  terms.next(ID, birth(makeTerm(2, 1)));
  assert.equal(terms.isSameRun(ID), false);
});

test("the terms of births that are taken in together are written in one go", () => {
  const { terms, commits } = make();
  const [m, term] = [idOf("m"), makeTerm(2, 1)];
  terms.prepare([[ID, birth(NO_TERM)], [m, birth(NO_TERM)]]);
  assert.deepEqual(commits, [[[ID, term], [m, makeTerm(1, 1)]]]);
  assert.deepEqual(terms.of(ID), NO_TERM, "nobody was taken in yet");
  assert.deepEqual([terms.next(ID, birth(NO_TERM)), terms.next(m, birth(NO_TERM))], [term, makeTerm(1, 1)]);
  assert.equal(commits.length, 1);
  terms.prepared();
  assert.deepEqual(terms.next(ID, birth(NO_TERM)), makeTerm(2, 2));
  assert.equal(commits.length, 2);
});

test("a term that was prepared for one birth is not given to another", () => {
  const { terms, commits } = make();
  terms.prepare([[ID, birth(NO_TERM)]]);
  assert.deepEqual(terms.next(ID, birth(makeTerm(2, 5), shown("2.5"))), makeTerm(2, 6));
  assert.equal(commits.length, 2);
});

test("a birth that was not prepared gets what it is due, whatever was prepared for others", () => {
  const { terms, set } = make();
  terms.prepare([[idOf("m"), birth(NO_TERM)]]);
  assert.equal(terms.next(ID, birth(makeTerm(9, 1))), undefined);
  assert.deepEqual(terms.of(ID), NO_TERM);
  set("n", { "/assignment": assigned(9, "root") });
  assert.deepEqual(terms.next(ID, birth(makeTerm(9, 1))), makeTerm(9, 2));
});

test("nothing is written where nobody gets a term", () => {
  const { terms, commits } = make();
  terms.prepare([[ID, birth(makeTerm(9, 1))]]);
  assert.deepEqual(commits, []);
});

test("a child whose term was not prepared, as the disk was full, gets one once there is room", () => {
  const { terms, world, commits } = make();
  world.isFull = true;
  terms.prepare([[ID, birth(NO_TERM)]]);
  assert.throws(() => terms.next(ID, birth(NO_TERM)), /No space left/);
  world.isFull = false;
  assert.deepEqual(terms.next(ID, birth(NO_TERM)), makeTerm(2, 1));
  assert.equal(commits.length, 1);
});
