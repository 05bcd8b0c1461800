import assert from "node:assert/strict";
import { test } from "node:test";
import { createConcurrency } from "../../modules/power/mod.ts";
import { createRedfishClient } from "../../modules/redfish/client.ts";
import { readEventLogs } from "../../modules/redfish/event_log.ts";
import type { Exchange } from "../../modules/redfish/exchange.ts";
import { createOwnNames } from "../../modules/redfish/own_names.ts";
import { createRequests } from "../../modules/redfish/requests.ts";
import { createSessions } from "../../modules/redfish/sessions.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

type Resources = { readonly [uri: string]: object | number };

/** Reads the logs of a BMC with these resources; a number is the status of a refusal. What it plays goes before these. */
function bench(resources: Resources, play: (url: URL) => object | undefined = () => undefined) {
  const clock = createVirtualClock();
  const names = createOwnNames();
  const asked: string[] = [];
  const exchange: Exchange = async (url) => {
    const uri = `${url.pathname}${url.search}`;
    asked.push(uri);
    const found = play(url) ?? resources[uri] ?? 404;
    if (found instanceof Response) return found;
    return typeof found === "number" ? Response.json({}, { status: found }) : Response.json(found);
  };
  const requests = createRequests({ clock, names, patience: 30_000, limit: createConcurrency(32) });
  const sessions = createSessions({ requests, farewells: requests, clock, names });
  const client = createRedfishClient({ requests, sessions, clock, names });
  const root = new URL("http://bmc.test/redfish/v1/");
  const access = { root, exchange, auth: "basic", credentials: () => undefined, identity: () => "" } as const;
  const ended = new AbortController();
  const ask = { signal: ended.signal, urgent: true };
  return {
    asked,
    ended,
    read: (system: object, count = 10) => readEventLogs({ ...system }, count, { access, client, ask }),
  };
}

const link = (uri: string) => ({ "@odata.id": uri });
const list = (...uris: readonly string[]) => ({ Members: uris.map(link) });
const managed = (...uris: readonly string[]) => ({ Links: { ManagedBy: uris.map(link) } });

/** An entry of a second. */
function entry(second: number, more: object = {}): object {
  return { Id: String(second), Message: `Entry ${second}`, Created: new Date(second * 1_000).toISOString(), ...more };
}

/** A log with these entries. */
function log(uri: string, entries: readonly object[], service: object = { Id: uri }): Resources {
  return { [uri]: { Entries: link(`${uri}/e`), ...service }, [`${uri}/e`]: { Members: entries } };
}

const ids = (entries: readonly { readonly id: string }[] | undefined) => entries?.map(({ id }) => id).join(" ");

test("the logs of a machine and of its first two managers are read, each once, as one list by time", async () => {
  const { read } = bench({
    "/ls": list("/sel", "/shared"),
    "/m1": { LogServices: link("/m1/ls") },
    "/m1/ls": list("/shared", "/lc"),
    "/m2": { LogServices: link("/m2/ls") },
    "/m2/ls": list("/last"),
    "/m3": { LogServices: link("/m3/ls") },
    "/m3/ls": list("/never"),
    ...log("/sel", [entry(1), entry(5)]),
    ...log("/shared", [entry(3)]),
    ...log("/lc", [entry(2), entry(6)], { Name: "Lifecycle" }),
    ...log("/last", [entry(4)]),
    ...log("/never", [entry(9)]),
  });
  const found = await read({ LogServices: link("/ls"), ...managed("/m1", "/m2", "/m3") });
  assert.deepEqual(found?.map(({ id, log }) => `${id} ${log}`), [
    ...["6 Lifecycle", "5 /sel", "4 /last", "3 /shared", "2 Lifecycle", "1 /sel"],
  ]);
});

test("no more than eight logs of a machine are read", async () => {
  const uris = Array.from({ length: 9 }, (_, at) => `/log${at}`);
  const logs = uris.map((uri, at) => log(uri, [entry(at)]));
  const { read } = bench(Object.assign({ "/ls": list(...uris) }, ...logs));
  assert.equal(ids(await read({ LogServices: link("/ls") })), "7 6 5 4 3 2 1 0");
});

test("a machine whose system and managers have no logs has none", async () => {
  const { read, asked } = bench({ "/m1": {}, "/m2": 404, "/ls": 404 });
  assert.equal(await read({ LogServices: link("/ls"), ...managed("/m1", "/m2") }), undefined);
  assert.equal(await read({}), undefined);
  assert.deepEqual(asked, ["/m1", "/m2", "/m2/", "/ls", "/ls/"], "with and without a slash");
});

test("a manager that does not answer is no manager without logs", async () => {
  const { read } = bench({ "/ls": list("/sel"), ...log("/sel", [entry(1)]), "/m1": 500 });
  await assert.rejects(read({ LogServices: link("/ls"), ...managed("/m1") }), /\/m1 failed: status 500/);
});

test("a log that can't be read spoils no other, and is told of where none can be", async () => {
  const both = { "/ls": list("/bad", "/sel"), "/bad": 500 };
  assert.equal(ids(await bench({ ...both, ...log("/sel", [entry(1)]) }).read({ LogServices: link("/ls") })), "1");
  await assert.rejects(bench({ ...both, "/sel": 403 }).read({ LogServices: link("/ls") }), /\/sel failed: status 403/);
  const { read, ended } = bench({ "/ls": list("/sel"), ...log("/sel", [entry(1)]) });
  ended.abort(new Error("Not wanted"));
  await assert.rejects(read({ LogServices: link("/ls") }), /Not wanted/);
});

test("what is not wanted any more ends in the middle of the logs, also after one that was read", async () => {
  const { read, ended } = bench({ "/ls": list("/sel", "/bad"), ...log("/sel", [entry(1)]) }, ({ pathname }) => {
    if (pathname === "/bad") ended.abort(new Error("Not wanted"));
    return undefined;
  });
  await assert.rejects(read({ LogServices: link("/ls") }), /Not wanted/);
});

test("an entry's time and severity have an older name and a newer one", async () => {
  const { read } = bench({
    "/ls": list("/sel"),
    ...log("/sel", [
      { Id: "1", Message: "x", EventTimestamp: "2026-12-01T00:00:00Z", MessageSeverity: "Warning" },
      entry(1, { Id: "2", Severity: "Critical", EventTimestamp: "2030-01-01T00:00:00Z", MessageSeverity: "OK" }),
    ]),
  });
  assert.deepEqual((await read({ LogServices: link("/ls") }))?.map(({ time, severity }) => [time, severity]), [
    ["2026-12-01T00:00:00.000Z", "Warning"],
    ["1970-01-01T00:00:01.000Z", "Critical"],
  ]);
});

test("a log that is switched off, or has no entries to lead to, is empty", async () => {
  for (const service of [{ ServiceEnabled: false }, { Entries: undefined }]) {
    const { read, asked } = bench({ "/ls": list("/sel"), ...log("/sel", [entry(1)], service) });
    assert.deepEqual(await read({ LogServices: link("/ls") }), []);
    assert.deepEqual(asked, ["/ls", "/sel"]);
  }
});

test("an entry of which only a link is listed is asked for, and one with words of its own is not", async () => {
  const { read, asked } = bench({
    "/ls": list("/sel"),
    ...log("/sel", [link("/1"), entry(2, link("/2")), { ...link("/3"), Id: "3", MessageId: "Base.1.0.Success" }, {
      Id: "4",
    }]),
    "/1": entry(1),
  });
  const found = await read({ LogServices: link("/ls") });
  assert.deepEqual(found?.map(({ id, message }) => `${id} ${message}`).sort(), [
    ...["1 Entry 1", "2 Entry 2", "3 Base.1.0.Success"],
  ]);
  assert.deepEqual(asked.filter((uri) => /^\/\d$/.test(uri)), ["/1"]);
});

test("the newest entries of a log are told by their times or, without these, by the numbers of their links", async () => {
  const numbered = (number: number) => ({ ...link(`/sel/e/${number}/`), Id: String(number), Message: "x" });
  const same = (number: number) => ({ ...numbered(number), Created: "2026-12-01T00:00:00Z" });
  const cases: [entries: object[], newest: string][] = [
    [[entry(1), entry(2), entry(3)], "3 2"],
    [[entry(3), entry(2), entry(1)], "3 2"],
    [[numbered(9), numbered(10), numbered(11)], "11 10"],
    [[numbered(11), numbered(10), numbered(9)], "11 10"],
    [[same(1), same(2), same(3)], "3 2"],
    [[same(3), same(2), same(1)], "3 2"],
    [[1, 2, 3].map((each) => ({ ...numbered(each), Created: 4 - each })), "3 2"], // a number is no time
    [[numbered(3), same(2), same(1)], "2 3"], // those without a time come last
    [[{ Id: "a", Message: "x" }, { Id: "b", Message: "x" }, { Id: "c", Message: "x" }], "c b"],
    [[], ""],
  ];
  for (const [entries, newest] of cases) {
    const { read } = bench({ "/ls": list("/sel"), ...log("/sel", entries) });
    const found = await read({ LogServices: link("/ls") }, 2);
    assert.equal(ids(found), newest, JSON.stringify(entries));
  }
});

test("what is listed in place of entries is no entry, and spoils none", async () => {
  const { read } = bench({
    "/ls": list("/sel", "/odd"),
    "/sel": { Entries: link("/sel/e") },
    "/sel/e": { Members: [null, 7, "x", [], entry(1)] },
    "/odd": { Entries: link("/odd/e") },
    "/odd/e": { Members: "none" },
  });
  assert.equal(ids(await read({ LogServices: link("/ls") })), "1");
  const odd = bench({ "/ls": list("/odd"), "/odd": { Entries: link("/odd/e") }, "/odd/e": { Members: "none" } });
  assert.deepEqual(await odd.read({ LogServices: link("/ls") }), []);
});

test("pages of a log are followed by either name of the link, and not past the entries that were asked for", async () => {
  const page = (from: number) => [entry(from), entry(from + 1)];
  const cases: [next: (uri: string) => object, asked: string[]][] = [
    [(uri) => ({ "Members@odata.nextLink": uri }), ["/sel/e", "/p?$skip=2", "/p?$skip=4"]],
    [(uri) => ({ "@odata.nextLink": uri }), ["/sel/e", "/p?$skip=2", "/p?$skip=4"]],
    [() => ({ "Members@odata.nextLink": 7 }), ["/sel/e"]],
    [(uri) => ({ "Members@odata.nextLink": uri, "Members@odata.count": 6 }), ["/sel/e", "/p?$skip=4"]],
    [(uri) => ({ "Members@odata.nextLink": uri, "Members@odata.count": 6.5 }), ["/sel/e", "/p?$skip=2", "/p?$skip=4"]],
    [(uri) => ({ "Members@odata.nextLink": uri, "Members@odata.count": 3 }), ["/sel/e", "/p?$skip=2", "/p?$skip=4"]],
  ];
  for (const [next, expected] of cases) {
    const { read, asked } = bench({
      "/ls": list("/sel"),
      "/sel": { Entries: link("/sel/e") },
      "/sel/e": { Members: page(0), ...next("/p?$skip=2") },
      "/p?$skip=2": { Members: page(2), ...next("/p?$skip=4") },
      "/p?$skip=4": { Members: page(4) },
    });
    const found = await read({ LogServices: link("/ls") }, 2);
    assert.deepEqual(asked.filter((uri) => /^\/sel\/e|^\/p/.test(uri)), expected);
    assert.equal(ids(found), expected.length > 1 ? "5 4" : "1 0");
  }
});

test("pages of a log that begins with its newest entries are read until there are as many as were asked for", async () => {
  for (const [count, pages] of [[1, 1], [2, 1], [3, 2], [4, 2], [5, 3]] as const) {
    const { read, asked } = bench({
      "/ls": list("/sel"),
      "/sel": { Entries: link("/p0") },
      "/p0": { Members: [entry(6), entry(5)], "@odata.nextLink": "/p1" },
      "/p1": { Members: [entry(4), entry(3)], "@odata.nextLink": "/p2" },
      "/p2": { Members: [entry(2), entry(1)], "@odata.nextLink": "/p3" },
    });
    assert.equal(ids(await read({ LogServices: link("/ls") }, count)), "6 5 4 3 2 1".slice(0, 2 * count - 1));
    assert.equal(asked.filter((uri) => uri.startsWith("/p")).length, pages, `${count} entries`);
  }
});

test("of a list of links only the newest entries are asked for, at whichever end they are", async () => {
  for (const uris of [["/e/1", "/e/2", "/e/3"], ["/e/3", "/e/2", "/e/1"]]) {
    const { read, asked } = bench({
      "/ls": list("/sel"),
      ...log("/sel", uris.map(link)),
      ...Object.fromEntries([1, 2, 3].map((each) => [`/e/${each}`, entry(each)])),
    });
    assert.equal(ids(await read({ LogServices: link("/ls") }, 2)), "3 2");
    assert.deepEqual(asked.filter((uri) => uri.startsWith("/e/")).sort(), ["/e/2", "/e/3"]);
  }
});

test("no page is read after five thousand entries", async () => {
  const many = (from: number) => Array.from({ length: 2_500 }, (_, at) => ({ Id: String(from + at) }));
  const { read, asked } = bench({
    "/ls": list("/sel"),
    "/sel": { Entries: link("/sel/e") },
    "/sel/e": { Members: many(0), "@odata.nextLink": "/p1" },
    "/p1": { Members: many(2_500), "@odata.nextLink": "/p2" },
    "/p2": { Members: [entry(1)] },
  });
  assert.deepEqual(await read({ LogServices: link("/ls") }), []);
  assert.ok(asked.includes("/p1") && !asked.includes("/p2"));
});

test("no more than twenty pages of a log are read", async () => {
  let pages = 0;
  const { read } = bench(
    { "/ls": list("/sel"), "/sel": { Entries: link("/sel/e") } },
    ({ pathname }) => pathname === "/sel/e" ? { Members: [entry(++pages)], "@odata.nextLink": "/sel/e" } : undefined,
  );
  assert.equal(ids(await read({ LogServices: link("/ls") }, 3)), "20 19 18");
});

/** How a BMC gives a log in pieces. */
interface Pieces {
  /** Whether the log begins with its newest entry. */
  readonly newest?: boolean;
  /** How many entries it says that there are. */
  readonly said?: unknown;
  /** How many entries are not too large to be read at a time. */
  readonly most?: number;
  /** Whether it gives no entries where several are asked for. */
  readonly empty?: boolean;
  /** Whether it refuses to give several entries at a time. */
  readonly refuses?: boolean;
  /** Whether it heeds `$skip`. */
  readonly skips?: boolean;
  /** How many entries it gives beyond those that are asked for. */
  readonly extra?: number;
}

/** A log of so many entries without times whose pages are too large, in pieces of `$skip` and `$top`; and what was asked. */
function tooLarge(total: number, how: Pieces = {}) {
  const { newest = false, said = total, most = Infinity, empty = false, refuses = false, skips = true, extra = 0 } =
    how;
  const numbers = Array.from({ length: total }, (_, at) => newest ? total - at : at + 1);
  const pieces: string[] = [];
  const { read } = bench(
    { "/ls": list("/sel"), "/sel": { Entries: link("/sel/e") } },
    ({ pathname, searchParams }) => {
      if (pathname !== "/sel/e") return undefined;
      const [skip, top] = [searchParams.get("$skip"), searchParams.get("$top")];
      pieces.push(`${skip}+${top}`);
      const shown = numbers.slice(skips ? Number(skip) : 0).slice(0, Number(top ?? total) + extra);
      if (top === null || Number(top) > most) return { Members: ["x".repeat(300_000)] };
      if (refuses && shown.length > 1) return Response.json({}, { status: 403 });
      if (empty && shown.length > 1) return { Members: [] };
      const Members = shown.map((each) => ({ ...link(`/sel/e/${each}`), Id: String(each), Message: "x" }));
      return { "Members@odata.count": said, Members };
    },
  );
  return { pieces, read: (count: number) => read({ LogServices: link("/ls") }, count) };
}

test("a log whose pages are too large is read in pieces of fifty from its newest end, whichever that is", async () => {
  for (const newest of [false, true]) {
    const { pieces, read } = tooLarge(120, { newest });
    const found = await read(60);
    assert.equal(ids(found), Array.from({ length: 60 }, (_, at) => 120 - at).join(" "), JSON.stringify({ newest }));
    assert.deepEqual(pieces.slice(1), newest ? ["0+1", "119+1", "0+50", "50+10"] : ["0+1", "119+1", "70+50", "60+10"]);
  }
});

test("a log of fewer entries than are asked for is read whole in pieces, and one of a single entry too", async () => {
  const few = tooLarge(3);
  assert.equal(ids(await few.read(10)), "3 2 1");
  assert.deepEqual(few.pieces.slice(1), ["0+1", "2+1", "0+3"]);
  const single = tooLarge(1);
  assert.equal(ids(await single.read(10)), "1");
});

test("pieces of a log that are too large are a quarter as long, down to single entries", async () => {
  const { pieces, read } = tooLarge(60, { most: 1 });
  assert.equal(ids(await read(2)), "60 59");
  assert.deepEqual(pieces.slice(3), ["58+2", "59+1", "58+1"]);
  const larger = tooLarge(60, { most: 13 });
  assert.equal(ids(await larger.read(15)), Array.from({ length: 15 }, (_, at) => 60 - at).join(" "));
  assert.deepEqual(larger.pieces.slice(3), ["45+15", "56+4", "52+4", "48+4", "45+3"]);
});

test("no more than twenty pieces of a log are read", async () => {
  const { pieces, read } = tooLarge(60, { most: 1 });
  assert.equal(ids(await read(60)), Array.from({ length: 17 }, (_, at) => 60 - at).join(" "));
  assert.deepEqual(pieces.slice(3, 6), ["10+50", "47+13", "56+4"]);
  assert.equal(pieces.length, 23);
});

test("a log is too large where single entries are, its BMC does not say how many there are, or does not heed which are asked for", async () => {
  const cases: [how: Pieces, pieces: number][] = [
    [{ most: 0 }, 2],
    [{ said: "60" }, 2],
    [{ said: 60.5 }, 2],
    [{ said: null }, 2],
    [{ skips: false }, 3],
  ];
  for (const [how, count] of cases) {
    const { pieces, read } = tooLarge(60, how);
    await assert.rejects(read(2), /\/sel\/e.* failed: the answer is larger than 262144 bytes/, JSON.stringify(how));
    assert.equal(pieces.length, count, JSON.stringify(how));
  }
});

test("pieces end where a BMC gives none of the entries that it says it has", async () => {
  const { pieces, read } = tooLarge(60, { empty: true });
  assert.deepEqual(await read(10), []);
  assert.deepEqual(pieces.slice(3), ["50+10"]);
});

test("a log is asked for in pieces only where it is too large, and not on where one of them is refused", async () => {
  const { read, asked } = bench({ "/ls": list("/sel"), ...log("/sel", []), "/sel/e": 500 });
  await assert.rejects(read({ LogServices: link("/ls") }), /\/sel\/e failed: status 500/);
  assert.deepEqual(asked, ["/ls", "/sel", "/sel/e"]);
  const { pieces, ...large } = tooLarge(60, { refuses: true });
  await assert.rejects(large.read(10), /failed: status 403/);
  assert.deepEqual(pieces.slice(1), ["0+1", "59+1", "50+10"]);
});

test("an entry that a BMC gives beyond those that were asked for is not there twice", async () => {
  const { read } = tooLarge(120, { extra: 1 });
  assert.equal(ids(await read(60)), Array.from({ length: 60 }, (_, at) => 120 - at).join(" "));
});
