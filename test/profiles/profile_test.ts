import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findCycle,
  inheritedBy,
  type Profile,
  type Profiles,
  profilesOf,
  validateEntries,
} from "../../aggregator/profiles/profile.ts";
import { inherit, ownOf, sourcesOf } from "../../aggregator/cfg/inheritance.ts";
import { INHERITED, type Value } from "../../src/state/mod.ts";
import { createCoverage, fc } from "../support/property.ts";

function profile(name: string, values: Record<string, Value>, inherits: readonly string[] = []): Profile {
  return { name, about: "", inherits, values: new Map(Object.entries(values)) };
}
const named = (...all: Profile[]): Profiles => new Map(all.map((each) => [each.name, each]));

const PROFILES = named(
  profile("base", { "/a": 1, "/b/x": 1, "/b/y": 1 }),
  profile("gpu", { "/b/x": 2, "/c": 2 }, ["base"]),
  profile("site", { "/a": 3, "/d": 3 }),
);

/** What a node has from profiles: URL, value and where it comes from. */
const shown = (...entries: string[]) =>
  [...inheritedBy(entries, PROFILES)].map(([url, { value, from }]) => `${url}=${value} ${from}`).sort();

test("a profile counts after those that it inherits, and a later one of a node after an earlier one", () => {
  assert.deepEqual(shown("gpu"), ["/a=1 base", "/b/x=2 gpu", "/b/y=1 base", "/c=2 gpu"]);
  assert.deepEqual(shown("gpu", "site"), ["/a=3 site", "/b/x=2 gpu", "/b/y=1 base", "/c=2 gpu", "/d=3 site"]);
  assert.deepEqual(shown("site", "gpu"), ["/a=1 base", "/b/x=2 gpu", "/b/y=1 base", "/c=2 gpu", "/d=3 site"]);
});

test("a profile that comes twice counts once, where it comes first", () => {
  assert.deepEqual(shown("gpu", "base"), shown("gpu"));
  assert.deepEqual(profilesOf(["gpu", "site", "base"], PROFILES), ["base", "gpu", "site"]);
});

test("~name leaves a profile out, however it comes in, and ~/url its values and all below it", () => {
  assert.deepEqual(shown("gpu", "~base"), ["/b/x=2 gpu", "/c=2 gpu"]);
  assert.deepEqual(shown("gpu", "~/b"), ["/a=1 base", "/c=2 gpu"]);
  assert.deepEqual(shown("gpu", "~/b/x"), ["/a=1 base", "/b/y=1 base", "/c=2 gpu"]);
  assert.deepEqual(shown("gpu", "~/b/"), shown("gpu"), "that is no URL of a value");
  assert.deepEqual(shown("~gpu", "gpu"), []);
});

test("a name that no profile has is passed over, and is said to be wrong where it is written", () => {
  assert.deepEqual(shown("gone", "site"), shown("site"));
  assert.deepEqual(validateEntries(["gone", "~away", "~/x", "~/y", "site", "site"], PROFILES, (url) => url === "/x"), [
    `"gone": there is no profile 'gone'`,
    `"~away": there is no profile 'away'`,
    `"~/y": there is no state variable of that URL, nor below it`,
    `"site" twice: expected it once`,
  ]);
});

test("findCycle() names the profiles on the way round", () => {
  assert.equal(findCycle(PROFILES), undefined);
  const round = named(profile("a", {}, ["b"]), profile("b", {}, ["c"]), profile("c", {}, ["b"]));
  assert.deepEqual(findCycle(round), ["b", "c", "b"]);
});

const url = fc.constantFrom("/a", "/b/x", "/b/y", "/c", "/d");
const values = fc.dictionary(url, fc.integer({ min: 0, max: 9 }), { noNullPrototype: true });
const NAMES = ["p", "q", "r"];
/** Profiles that inherit only those before them, so that there are no circles. */
const someProfiles = fc.tuple(
  ...NAMES.map((name, index) =>
    fc.tuple(values, fc.subarray(NAMES.slice(0, index))).map(([own, inherits]) => profile(name, own, inherits))
  ),
).map((all) => named(...all));
const entry = fc.constantFrom(...NAMES, ...NAMES.map((name) => `~${name}`), "~/b", "~/a", "~/c", "gone");

test("what is a node's own stays its own whatever profiles say, and is all that is left without them", () => {
  const covered = createCoverage("inheritance", ["overridden", "left out", "inherited"], 0.1);
  fc.assert(fc.property(someProfiles, fc.uniqueArray(entry, { maxLength: 4 }), values, (profiles, entries, own) => {
    const before = new Map<string, Value>([["/profiles", entries], ...Object.entries(own)]);
    const { cfg, noted } = inherit(before, profiles);
    const whole = new Map(cfg);
    if (noted !== undefined) whole.set(INHERITED, noted);
    assert.deepEqual(ownOf(whole), before);
    const sources = sourcesOf(whole);
    const brought = inheritedBy(entries, profiles);
    for (const [at, value] of cfg) {
      if (before.has(at)) {
        assert.equal(sources.has(at), false);
        assert.equal(value, before.get(at));
        if (brought.has(at)) covered.saw("overridden");
      } else {
        covered.saw("inherited");
        assert.equal(sources.get(at), brought.get(at)?.from);
        assert.equal(profiles.get(sources.get(at) ?? "")?.values.get(at), value);
      }
    }
    for (const each of entries.filter((text) => text.startsWith("~/"))) {
      covered.saw("left out");
      for (const at of sources.keys()) assert.ok(at !== each.slice(1) && !at.startsWith(`${each.slice(1)}/`));
    }
    for (const each of entries.filter((text) => /^~[a-z]/.test(text))) {
      assert.ok(![...sources.values()].includes(each.slice(1)));
    }
  }));
  covered.check();
});
