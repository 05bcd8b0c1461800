import assert from "node:assert/strict";
import { test } from "node:test";
import { FOREIGN, type Machine, mayAct, type Ownership, type Permission } from "../../aggregator/ownership/mod.ts";
import { holdersAfter } from "../../aggregator/ownership/holders.ts";

const MACHINE: Machine = { power: "on", agent: "SYNC", isWantedOff: false, isAggregator: false, control: "controller" };
const LOCAL = { assignment: 2, link: "down", sameRun: false, grace: "none", machine: MACHINE } as const;

function ask(ownership: Ownership, standing: Parameters<typeof mayAct>[1] = { kind: "acting" }): Permission {
  return mayAct(ownership, standing, (id) => id === "unknown" ? undefined : `rack-${id}`);
}

test("mayAct() lets the owner act", () => {
  assert.deepEqual(ask({ kind: "owned", ...LOCAL }), { may: true });
});

test("mayAct() says why not, and who may have the node", () => {
  const expected = { kind: "expected", ...LOCAL, isJoining: false } as const;
  const cases: readonly (readonly [Ownership, string, RegExp])[] = [
    [FOREIGN, "foreign", /^it does not belong to this aggregator$/],
    [{ kind: "below", via: "a" }, "below", /^it is served below 'rack-a'$/],
    [{ kind: "departing", to: undefined, via: undefined }, "departing", /^it was moved to another aggregator$/],
    [
      { ...expected, holders: ["a", "b"] },
      "expected",
      /^it was moved and has not joined here: .*'rack-a', 'rack-b' may have it$/,
    ],
    [{ ...expected, holders: ["a", "unknown"] }, "expected", /while 'rack-a', another aggregator may have it$/],
    [{ ...expected, holders: [] }, "expected", /while another aggregator may have it$/],
    [
      { kind: "disputed", ...LOCAL, holders: [], claimed: 7 },
      "disputed",
      /under assignment 7, which has not arrived here$/,
    ],
  ];
  for (const [ownership, because, why] of cases) {
    const permission = ask(ownership);
    assert.ok(!permission.may);
    assert.equal(permission.because, because);
    assert.match(permission.why, why);
  }
});

test("mayAct() lets nobody act who may have been replaced, or does not know its nodes", () => {
  const owned = { kind: "owned", ...LOCAL } as const;
  const fenced = ask(owned, { kind: "fenced", standby: "b" });
  assert.ok(!fenced.may && fenced.because === "fenced" && fenced.why.includes("'b' may have taken over"));
  const learning = ask(owned, { kind: "learning" });
  assert.ok(!learning.may && learning.because === "learning");
});

test("mayAct() lets a machine be looked at, switched on from off, and switched off where that is wanted, whoever has its node", () => {
  for (const kind of ["expected", "disputed"] as const) {
    const of = (machine: Partial<Machine>): Ownership => ({
      ...{ kind, ...LOCAL, isJoining: false, holders: ["a"], claimed: 3 },
      machine: { ...MACHINE, ...machine },
    });
    for (const machine of [{ power: "off" }, { power: "unknown" }, { isWantedOff: true }] as const) {
      assert.deepEqual(ask(of(machine)), { may: true }, kind);
    }
    for (const power of ["on", "hung", "faulty"] as const) assert.equal(ask(of({ power })).may, false, power);
  }
});

test("holdersAfter() names the parent until now, and those before where the node never joined it", () => {
  const before = { parent: "b", holders: ["a"], hasJoined: false, isHandedOver: false };
  assert.deepEqual(holdersAfter(before, "c"), ["a", "b"]);
  assert.deepEqual(holdersAfter({ ...before, hasJoined: true }, "c"), ["b"]);
  assert.deepEqual(holdersAfter(before, "a"), ["b"]);
  assert.deepEqual(holdersAfter({ ...before, isHandedOver: true }, "c"), ["a"]);
  assert.deepEqual(holdersAfter({ ...before, parent: undefined, holders: [] }, "c"), []);
});
