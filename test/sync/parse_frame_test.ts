import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "cborg";
import { decodeFrame, type Frame, MAX_DOCUMENTS, MAX_PARTS, MAX_VALUES, wireFrame } from "../../src/sync/mod.ts";
import { NODE } from "./node.ts";

const RUN = "11111111-1111-4111-8111-111111111111";
const DIGEST = "0123456789abcdef".repeat(2);
const PART = "0123456789abcdef01234567";

const birth: Frame = {
  ...{
    type: "birth",
    from: RUN,
    term: { assignment: 1, run: 2 },
    parent: RUN,
    received: 2,
    epoch: 3,
    parentTerm: { assignment: 3, run: 4 },
  },
  ...{ digest: DIGEST, knownDigest: DIGEST, holdings: { cfg: [PART, ""], parent: PART } },
};
const welcome: Frame = {
  ...{
    type: "welcome",
    from: RUN,
    to: RUN,
    term: { assignment: 1, run: 2 },
    received: 2,
    newest: 3,
    epoch: 4,
    keepalive: 10,
  },
  ...{ digest: DIGEST, unchanged: { cfg: [PART], parent: "" } },
};
const data: Frame = { type: "data", from: RUN, to: RUN, since: 1, upTo: 2, newest: 3, documents: [] };

/** A frame as decodeFrame() takes it in, of which some fields are others. */
function decoded(frame: Frame, fields: object) {
  return decodeFrame(encode({ ...wireFrame(frame), ...fields }));
}

/** What is wrong with a frame of which some fields are others. */
function problemOf(frame: Frame, fields: object): string {
  const result = decoded(frame, fields);
  return result.ok ? "nothing" : result.problem;
}

/** Fields of frames, with a value that they may not have and what the answer to it begins with. */
const REFUSED: readonly (readonly [Frame, { readonly [field: string]: unknown }, string])[] = [
  ...[birth, welcome].flatMap((frame) =>
    [DIGEST.slice(1), `${DIGEST}0`, DIGEST.toUpperCase(), "", 7].map((digest) =>
      [frame, { digest }, `digest is ${JSON.stringify(digest)}: expected 32 hexadecimal digits`] as const
    )
  ),
  [birth, { digest: [DIGEST] }, `digest is ["${DIGEST}"]: expected 32 hexadecimal digits`],
  [
    birth,
    { holdings: { cfg: [[PART]], parent: "" } },
    `holdings.cfg is ["${PART}"]: expected 24 hexadecimal digits, or none`,
  ],
  [birth, { knownDigest: "x" }, 'knownDigest is "x": expected 32 hexadecimal digits'],
  [birth, { knownDigest: 7 }, "knownDigest is 7: expected 32 hexadecimal digits"],
  [birth, { parent: 7 }, "parent is 7: expected the name of a run"],
  [birth, { blank: 1 }, "blank is 1: expected true or false"],
  [birth, { modules: 1 }, "modules: "],
  [birth, { holdings: [] }, "holdings is []: expected a map of cfg and parent"],
  [birth, { holdings: "x" }, 'holdings is "x": expected a map of cfg and parent'],
  [birth, { holdings: { cfg: PART, parent: "" } }, `holdings.cfg is "${PART}": expected 1 to 1024 digests`],
  [birth, { holdings: { cfg: {}, parent: "" } }, "holdings.cfg is {}: expected 1 to 1024 digests"],
  [birth, { holdings: { parent: "" } }, "holdings.cfg is missing: expected 1 to 1024 digests"],
  [birth, { holdings: { cfg: [], parent: "" } }, "holdings.cfg is []: expected 1 to 1024 digests"],
  [birth, { holdings: { cfg: Array(MAX_PARTS + 1).fill(""), parent: "" } }, "holdings.cfg is "],
  [birth, { holdings: { cfg: ["", "0"], parent: "" } }, 'holdings.cfg is "0": expected 24 hexadecimal digits, or none'],
  [birth, { holdings: { cfg: [7], parent: "" } }, "holdings.cfg is 7: expected 24 hexadecimal digits, or none"],
  [birth, { holdings: { cfg: [""] } }, "holdings.parent is missing: expected 24 hexadecimal digits, or none"],
  [birth, { term: 7 }, "term is 7: expected a map of assignment and run"],
  [birth, { parentTerm: { assignment: 1 } }, "parentTerm is "],
  [birth, { term: { assignment: -1, run: 1 } }, "term is "],
  [welcome, { to: "" }, 'to is "": expected the name of a run'],
  [welcome, { keepalive: 3_601 }, "keepalive is 3601: expected at most 3600 seconds"],
  [welcome, { keepalive: -1 }, "keepalive is -1: expected an integer from 0"],
  [welcome, { unchanged: 1 }, "unchanged is 1: expected a map of cfg and parent"],
  [data, { since: 3 }, "upTo is 2: expected at least since, which is 3"],
  [data, { newest: 1 }, "newest is 1: expected at least upTo, which is 2"],
  [data, { epoch: -1 }, "epoch is -1: expected an integer from 0"],
  [data, { documents: {} }, "documents is {}: expected a list of at most 1000"],
  [data, { documents: "" }, 'documents is "": expected a list of at most 1000'],
  [data, { documents: ["x"] }, 'documents/0 is "x": expected a map or a row'],
  [data, { documents: [7] }, "documents/0 is 7: expected a map or a row"],
  [data, { documents: [{}] }, "documents/0/id is missing: expected a UUID in lower case"],
  [data, { documents: [{ id: [NODE] }] }, `documents/0/id is ["${NODE}"]: expected a UUID in lower case`],
  [data, { documents: [{ id: NODE.toUpperCase() }] }, "documents/0/id is "],
  [data, { documents: [{ id: NODE, cfg: { "/a": "abc" } }] }, 'documents/0/cfg/a is "abc": expected a value with its'],
  [data, { documents: [{ id: NODE, cfg: { "/a": {} } }] }, "documents/0/cfg/a is {}: expected a value with its"],
  [
    data,
    { documents: [{ id: NODE, cfg: { "/a": [1, 1, 1] } }] },
    "documents/0/cfg/a is [1,1,1]: expected a value",
  ],
  [data, { documents: [{ id: NODE, cfg: 1 }] }, "documents/0/cfg is 1: expected a map"],
  [{ type: "where", from: RUN, to: RUN, child: NODE }, { child: [NODE] }, `child is ["${NODE}"]: expected a UUID`],
  [{ type: "left", from: RUN, number: 2 }, { number: -1 }, "number is -1: expected an integer from 0"],
  [{ type: "dead", from: RUN, why: "lost" }, { why: "" }, 'why is "": expected lost or stopped'],
  [{ type: "resync", from: RUN, to: RUN, received: 1 }, { to: 1 }, "to is 1: expected the name of a run"],
];

for (const [frame, fields, problem] of REFUSED) {
  test(`a ${frame.type} frame with ${JSON.stringify(fields).slice(0, 60)} is refused`, () => {
    assert.equal(decoded(frame, {}).ok, true);
    assert.equal(problemOf(frame, fields).slice(0, problem.length), problem);
  });
}

test("a frame may be as large as its limits say", () => {
  const parts = { cfg: Array<string>(MAX_PARTS).fill(""), parent: "" };
  assert.deepEqual(decoded(birth, { holdings: parts }), { ok: true, frame: { ...birth, holdings: parts } });
  for (const keepalive of [0, 3_600]) {
    assert.deepEqual(decoded(welcome, { keepalive }), { ok: true, frame: { ...welcome, keepalive } });
  }
  const indexes = { since: 5, upTo: 5, newest: 5 };
  assert.deepEqual(decoded(data, indexes), { ok: true, frame: { ...data, ...indexes } });
  const many = Array.from({ length: MAX_DOCUMENTS }, (_, n) => ({
    id: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
  }));
  assert.equal(problemOf(data, { documents: many }), "nothing");
  assert.match(problemOf(data, { documents: [...many, { id: NODE }] }), /^documents is .*: expected a list of at most/);
});

test("a document may have as many values as its limit says, in all facets together", () => {
  const facet = (length: number) => Object.fromEntries(Array.from({ length }, (_, n) => [`/v${n}`, [n, 1, 1, 1]]));
  const half = MAX_VALUES / 2;
  const documents = (self: number) => [{ id: NODE, cfg: facet(half), self: facet(self) }];
  assert.equal(problemOf(data, { documents: documents(half) }), "nothing");
  assert.equal(
    problemOf(data, { documents: documents(half + 1) }),
    `documents/0 is ${MAX_VALUES + 1}: expected at most ${MAX_VALUES} values`,
  );
});

test("a child that says that it is not blank is not", () => {
  assert.deepEqual(decoded(birth, { blank: false }), { ok: true, frame: birth });
  assert.deepEqual(decoded(birth, { blank: true }), { ok: true, frame: { ...birth, blank: true } });
});

test("frames that are no map, of another version, of no type and from nobody are refused", () => {
  for (const what of [[], "x", 1, null, true]) {
    const result = decodeFrame(encode(what));
    assert.match(result.ok ? "nothing" : result.problem, /^frame is .*: expected a map$/);
  }
  assert.equal(problemOf(data, { v: 2 }), "v is 2: expected 1");
  assert.equal(problemOf(data, { v: "1" }), 'v is "1": expected 1');
  assert.match(problemOf(data, { type: 1 }), /^type is 1: expected birth, welcome,/);
  for (const from of ["", "a b", "x".repeat(65), 1, null]) {
    assert.match(problemOf(data, { from }), /^from is .*: expected the name of a run$/);
  }
  assert.equal(problemOf(data, { from: "x".repeat(64) }), "nothing");
});
