import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSel } from "../../modules/ipmi/sel.ts";
import { cleanEntry, createBmcLogs, newestFirst } from "../../modules/power/mod.ts";
import { readLogEntry } from "../../modules/redfish/event_log.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { createCoverage, fc } from "../support/property.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { withPlayed } from "./ipmi_bench.ts";
import { ending, type Scene, withScene } from "./redfish_scene.ts";

const never = new AbortController().signal;
const about = (platform: string, id = "1") => ({ id, name: "n1", platform });

test("an entry is one line without control characters, cut to a length, with its time in UTC", () => {
  const entry = cleanEntry({
    ...{ id: "7\u001b[2J", log: "S\nEL", time: "2026-12-01T04:05:06+01:00", severity: " Warning\r\n" },
    message: `Fan\u0007 1\u202e failed\n${"x".repeat(1_000_000)}`,
  });
  assert.deepEqual({ ...entry, message: "" }, {
    ...{ id: "7 [2J", log: "S EL", time: "2026-12-01T03:05:06.000Z", severity: "Warning", message: "" },
  });
  assert.match(entry?.message ?? "", /^Fan {1} 1 {1} failed x{400,}\.\.\.$/);
  assert.equal(entry?.message.length, 512);
  const bare = cleanEntry({ id: 7, log: null, time: "12/01/26", severity: {}, message: "x" });
  assert.deepEqual(bare, { id: "", log: "", time: "12/01/26", message: "x" });
  for (const message of [undefined, null, 7, "", " \n\u0000", []]) {
    assert.equal(cleanEntry({ id: "1", log: "", time: "", severity: "", message }), undefined);
  }
});

test("the newest entries come first, those without a time last and of the same time in the reverse of their order", () => {
  const entry = (id: string, time?: string) => ({ id, log: "", message: "x", ...(time !== undefined && { time }) });
  const entries = [
    entry("a", "2026-01-01T00:00:00Z"),
    entry("b"),
    entry("c", "2026-01-03T00:00:00Z"),
    entry("d", "2026-01-03T00:00:00Z"),
    entry("e"),
    entry("f", "2026-01-02T00:00:00Z"),
  ];
  assert.deepEqual(newestFirst(entries, 10).map(({ id }) => id), ["d", "c", "f", "a", "e", "b"]);
  assert.deepEqual(newestFirst(entries, 2).map(({ id }) => id), ["d", "c"]);
});

test("parseSel() reads both forms of dates, entries of before the time was known, and takes whatever comes", () => {
  const stdout = [
    "   1 |  Pre-Init  |0000000010| Temperature #0x30 | Upper Non-critical going high | Asserted",
    "   2 | 12/01/2026 | 03:05:00 | Power Supply #0x51 | Failure detected | Asserted",
    "   a | 12/01/26 | 03:06:00 UTC | Fan FAN 1 | Lower Critical going low  | Asserted | Reading 0 < Threshold 300 RPM",
    "SEL has no entries",
    "   zz | x | y | z",
    "",
  ].join("\r\n");
  assert.deepEqual(parseSel(stdout), [
    {
      ...{ id: "a", log: "SEL", time: "2026-12-01T03:06:00.000Z" },
      message: "Fan FAN 1 | Lower Critical going low | Asserted | Reading 0 < Threshold 300 RPM",
    },
    {
      ...{ id: "2", log: "SEL", time: "2026-12-01T03:05:00" },
      message: "Power Supply #0x51 | Failure detected | Asserted",
    },
    { id: "1", log: "SEL", message: "Temperature #0x30 | Upper Non-critical going high | Asserted" },
  ]);
  assert.deepEqual(parseSel("SEL has no entries\n"), []);
  assert.equal(parseSel("1 | 12/01/2026 | 03:05:00 | x\n".repeat(500)).length, 100);
  const covered = createCoverage("System Event Logs", ["no entry", "an entry", "a time"], 0.03);
  const word = fc.oneof(fc.string(), fc.constantFrom("12/01/2026", "03:05:00", "03:05:00 UTC", "Pre-Init"));
  const dated = fc.array(word).map((words) => ["12/01/2026", "03:05:00", ...words]);
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.array(word), dated), (text, parts) => {
      parseSel(text);
      const found = parseSel(`1 | ${parts.join(" | ")}`);
      covered.saw(
        found.length > 0 ? "an entry" : "no entry",
        ...(found.some(({ time }) => time !== undefined) ? ["a time" as const] : []),
      );
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("readLogEntry() takes whatever a BMC makes of an entry", () => {
  assert.deepEqual(readLogEntry({ Id: "1", MessageId: "Base.1.8.Success", Message: " ", Created: null }, "SEL"), {
    ...{ id: "1", log: "SEL", message: "Base.1.8.Success" },
  });
  const covered = createCoverage("entries of BMCs", ["an entry", "none"], 0.05);
  const message = fc.oneof(fc.string(), fc.anything());
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.anything()), message, (entry, log) => {
      const found = readLogEntry({ ...entry, Message: log }, log);
      covered.saw(found === undefined ? "none" : "an entry");
      assert.ok(found === undefined || found.message.length > 0);
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("redfish reads the event log of the machine, the newest entry first, and no more than was asked for", async () => {
  await withScene({}, async ({ run, clock, logs, node }) => {
    assert.deepEqual(await logs.read(about("redfish", node.id), 5, never), { ok: true, entries: [] });
    await ending(clock, run("power-on"));
    await ending(clock, run("power-off"));
    const read = await logs.read(about("redfish", node.id), 3, never);
    assert.ok(read.ok);
    assert.equal(read.entries.length, 3);
    const ids = read.entries.map(({ id }) => Number(id));
    assert.deepEqual(ids, [...ids].sort((a, b) => b - a));
    const [newest] = read.entries;
    assert.deepEqual({ ...newest, id: "", time: "" }, {
      ...{ id: "", log: "SEL", time: "", severity: "OK", message: "The power of the system has changed" },
    });
    assert.match(newest?.time ?? "", /^\d{4}-\d\d-\d\dT.*Z$/);
  });
});

/** Plays a log of so many entries, in pages of 50. */
function playPages(scene: Scene, total: number, options: { readonly newest?: boolean; readonly links?: boolean } = {}) {
  const entry = (number: number) => ({
    ...{ "@odata.id": `/redfish/v1/Systems/n1/LogServices/SEL/Entries/${number}`, Id: String(number) },
    ...{ Created: new Date(1_700_000_000_000 + number * 1_000).toISOString(), Message: `Entry ${number}` },
  });
  const base = "/redfish/v1/Systems/n1/LogServices/SEL/Entries";
  return ({ pathname, searchParams }: URL): Response | undefined => {
    const single = /\/Entries\/(\d+)$/.exec(pathname)?.[1];
    if (single !== undefined) return Response.json(entry(Number(single)));
    if (pathname !== base) return undefined;
    scene.asked.push(`PAGE ${searchParams.get("$skip") ?? "0"}`);
    const from = Number(searchParams.get("$skip") ?? 0);
    const numbers = Array.from({ length: total }, (_, at) => options.newest === true ? total - at : at + 1);
    const shown = numbers.slice(from, from + 50).map(entry);
    const members = options.links === true ? shown.map((each) => ({ "@odata.id": each["@odata.id"] })) : shown;
    const next = from + 50 < total ? { "Members@odata.nextLink": `${base}?$skip=${from + 50}` } : {};
    return Response.json({ "Members@odata.count": total, Members: members, ...next });
  };
}

test("redfish follows the pages of a log to its newest entries, past those in between, and no further than needed", async () => {
  const cases = [
    { total: 500, options: {}, pages: ["PAGE 0", "PAGE 490"] },
    { total: 500, options: { newest: true }, pages: ["PAGE 0"] },
    { total: 60, options: {}, pages: ["PAGE 0", "PAGE 50"] },
    { total: 40, options: { links: true }, pages: ["PAGE 0"] },
    { total: 40, options: { links: true, newest: true }, pages: ["PAGE 0"] },
  ];
  for (const { total, options, pages } of cases) {
    await withScene({}, async (scene) => {
      const { logs, node, asked } = scene;
      const play = playPages(scene, total, options);
      scene.between = async (_path, go, url) => play(url) ?? await go();
      const read = await logs.read(about("redfish", node.id), 10, never);
      assert.ok(read.ok);
      const wanted = Array.from({ length: 10 }, (_, at) => `Entry ${total - at}`);
      assert.deepEqual(read.entries.map(({ message }) => message), wanted, JSON.stringify({ total, options }));
      assert.deepEqual(asked.filter((each) => each.startsWith("PAGE")), pages);
    });
  }
});

/** Plays a log of 300 entries of so many characters that gives what `$skip` and `$top` ask for, as far as it heeds these. */
function playPieces(
  scene: Scene,
  size: number,
  { newest = false, top = true, skip = true, total = 300 as unknown, huge = 0, empty = false } = {},
): (url: URL) => Response | undefined {
  const base = "/redfish/v1/Systems/n1/LogServices/SEL/Entries";
  return ({ pathname, searchParams }) => {
    if (pathname !== base) return undefined;
    const from = skip ? Number(searchParams.get("$skip") ?? 0) : 0;
    const most = top ? Number(searchParams.get("$top") ?? 300) : 300;
    scene.asked.push(`PIECE ${searchParams.get("$skip")} ${searchParams.get("$top")}`);
    const numbers = Array.from({ length: 300 }, (_, at) => newest ? 300 - at : at + 1);
    const enough = empty && most > 1 && most < 300 ? 0 : Math.min(most, Math.ceil(400_000 / size)); // what is too large anyhow
    const Members = numbers.slice(from, from + enough).map((number) => ({
      ...{
        "@odata.id": `${base}/${number}`,
        Id: String(number),
        Message: `Entry ${number} ${"x".repeat(number === huge ? 300_000 : size)}`,
      },
      Created: new Date(1_700_000_000_000 + number * 1_000).toISOString(),
    }));
    return Response.json({ "Members@odata.count": total, Members });
  };
}

test("redfish asks for the newest entries a few at a time where a log's pages are too large to be read", async () => {
  const cases = [
    { size: 1_000, newest: false, pieces: ["null null", "0 1", "299 1", "250 50", "220 30"] },
    { size: 1_000, newest: true, pieces: ["null null", "0 1", "299 1", "0 50", "50 30"] },
    { size: 15_000, newest: true, pieces: ["null null", "0 1", "299 1", "0 50", "0 13", "13 13", "26 13", "39 13"] },
    { size: 15_000, newest: false, pieces: ["null null", "0 1", "299 1", "250 50", "287 13", "274 13", "261 13"] },
  ];
  for (const { size, newest, pieces } of cases) {
    await withScene({}, async (scene) => {
      const { logs, node, asked } = scene;
      const play = playPieces(scene, size, { newest });
      scene.between = async (_path, go, url) => play(url) ?? await go();
      const read = await logs.read(about("redfish", node.id), 80, never);
      assert.ok(read.ok, JSON.stringify(read));
      assert.deepEqual(read.entries.map(({ id }) => id), Array.from({ length: 80 }, (_, at) => String(300 - at)));
      const found = asked.filter((each) => each.startsWith("PIECE")).map((each) => each.slice(6));
      assert.deepEqual(found.slice(0, pieces.length), pieces);
    });
  }
});

test("redfish says that a log is too large where its BMC gives no part of it that can be read", async () => {
  const cases = [
    { size: 1_000, top: false },
    { size: 1_000, skip: false },
    { size: 1_000, total: "300" },
    { size: 300_000 },
    { size: 1_000, huge: 299 },
  ];
  for (const { size, ...options } of cases) {
    await withScene({}, async (scene) => {
      const { logs, node, asked } = scene;
      const play = playPieces(scene, size, options);
      scene.between = async (_path, go, url) => play(url) ?? await go();
      const read = await logs.read(about("redfish", node.id), 80, never);
      assert.ok(!read.ok && read.kind === "silent", JSON.stringify(options));
      assert.match(read.why, /SEL\/Entries.* failed: the answer is larger than 262144 bytes/);
      assert.ok(asked.filter((each) => each.startsWith("PIECE")).length <= 8, JSON.stringify(asked));
    });
  }
});

test("redfish reads no more than twenty pieces of a log", async () => {
  await withScene({}, async (scene) => {
    const { logs, node, asked } = scene;
    const play = playPieces(scene, 200_000);
    scene.between = async (_path, go, url) => play(url) ?? await go();
    const read = await logs.read(about("redfish", node.id), 80, never);
    assert.ok(read.ok);
    assert.equal(read.entries[0]?.id, "300", "the newest of all");
    assert.equal(read.entries.length, 17, "one at a time, after three pieces that were too large");
    assert.equal(asked.filter((each) => each.startsWith("PIECE")).length, 23);
  });
});

test("redfish leaves a log of endless pages, follows none to another host, and tells of a controller that does not answer", async () => {
  await withScene({}, async (scene) => {
    const { logs, node } = scene;
    const entries = "/redfish/v1/Systems/n1/LogServices/SEL/Entries";
    let [pages, next] = [0, entries];
    scene.between = async (path, go) => {
      if (path !== entries) return await go();
      const Members = [{ Id: String(++pages), Message: "x", Created: new Date(pages * 1_000).toISOString() }];
      return Response.json({ Members, "Members@odata.nextLink": next });
    };
    const read = await logs.read(about("redfish", node.id), 5, never);
    assert.ok(read.ok);
    assert.deepEqual([pages, read.entries.map(({ id }) => id)], [20, ["20", "19", "18", "17", "16"]]);
    next = "http://elsewhere.test/redfish/v1";
    const foreign = await logs.read(about("redfish", node.id), 5, never);
    assert.ok(!foreign.ok && foreign.kind === "silent");
    assert.match(foreign.why, /Cannot read the event log of 'n1': .*elsewhere.test.*which is not on it/);
    scene.between = () => Promise.reject(new UnavailableError("connection refused"));
    const silent = await logs.read(about("redfish", node.id), 5, never);
    assert.ok(!silent.ok && silent.kind === "silent");
    assert.match(silent.why, /Cannot read the event log of 'n1': .*connection refused/);
  });
});

test("redfish says so where a machine has no log, and of an address that is none", async () => {
  await withScene({}, async (scene) => {
    const { logs, node, set } = scene;
    scene.between = async (path, go) =>
      /\/LogServices\/?$/.test(path) ? new Response("{}", { status: 404 }) : await go();
    assert.deepEqual(await logs.read(about("redfish", node.id), 5, never), {
      ...{ ok: false, kind: "none", why: "The controller of 'n1' has no event log" },
    });
    set("/bmc/address", "not an address");
    const mistaken = await logs.read(about("redfish", node.id), 5, never);
    assert.ok(!mistaken.ok && mistaken.kind === "mistake", JSON.stringify(mistaken));
  });
});

test("ipmi reads the System Event Log with the names of sensors where there are any, and without where these take too long", async () => {
  const asked: string[] = [];
  let [isSlow, records] = [false, "Record Count : 3\n"];
  await withPlayed((args, _secrets, signal) => {
    const words = args.slice(args.findIndex((each) => each === "sel" || each === "sdr")).join(" ");
    asked.push(`${args.includes("-v") ? "-v " : ""}${words}`);
    if (words === "sdr info") return Promise.resolve({ code: 0, stdout: records, stderr: "" });
    if (isSlow && words.startsWith("sel elist")) {
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    return Promise.resolve({ code: 0, stdout: " 1 | 12/01/2026 | 03:05:00 UTC | Fan | Failed\n", stderr: "" });
  }, async ({ logs, node, clock }) => {
    const entries = [{ id: "1", log: "SEL", time: "2026-12-01T03:05:00.000Z", message: "Fan | Failed" }];
    assert.deepEqual(await logs.read(about("ipmi", node.id), 5, never), { ok: true, entries });
    assert.deepEqual(asked.splice(0), ["-v sdr info", "sel elist last 5"]);
    for (records of ["Record Count : 0\n", "", "Record Count : many\n"]) {
      assert.deepEqual(await logs.read(about("ipmi", node.id), 5, never), { ok: true, entries });
      assert.deepEqual(
        asked.splice(0),
        ["-v sdr info", "sel list last 5"],
        "elist clears a repository without records",
      );
    }
    [isSlow, records] = [true, "Record Count : 3\n"];
    let slow: unknown;
    const reading = logs.read(about("ipmi", node.id), 500, never).then((answer) => void (slow = answer));
    await ending(clock, reading);
    assert.deepEqual(slow, { ok: true, entries });
    assert.deepEqual(asked.filter((each) => each.startsWith("sel")), ["sel elist last 100", "sel list last 100"]);
  });
});

test("ipmi tells of a controller whose log can't be read, in its words", async () => {
  await withPlayed(async (args) => {
    return args.includes("sdr")
      ? { code: 0, stdout: "Record Count : 3\n", stderr: "" }
      : { code: 1, stdout: "", stderr: "Get SEL Info command failed: Invalid command\n" };
  }, async ({ logs, node }) => {
    const read = await logs.read(about("ipmi", node.id), 5, never);
    assert.ok(!read.ok && read.kind === "silent");
    assert.match(read.why, /'sel elist last 5' at 10\.0\.0\.7 failed: Get SEL Info command failed: Invalid command/);
  });
});

test("logs of platforms without one, and of nodes without a platform, are refused in words; a stopped module reads none", async () => {
  const logs = createBmcLogs(createVirtualClock());
  const withdraw = logs.offer("ipmi", async () => []);
  const powerman = await logs.read(about("powerman"), 5, never);
  assert.deepEqual(powerman, {
    ...{ ok: false, kind: "none" },
    why: "'n1' has no event log that can be read: its /platform is 'powerman', and only those of ipmi have one here",
  });
  const none = await logs.read({ id: "1", name: "n1", platform: undefined }, 5, never);
  assert.ok(!none.ok && none.kind === "none");
  assert.deepEqual(await logs.read(about("ipmi"), 5, never), { ok: true, entries: [] });
  const again = logs.offer("ipmi", async () => []);
  withdraw();
  assert.equal((await logs.read(about("ipmi"), 5, never)).ok, true, "another module reads them since");
  again();
  assert.equal((await logs.read(about("ipmi"), 5, never)).ok, false);
});

test("the log of a node that is another module's by now is not read", async () => {
  await withPlayed(() => assert.fail("it is asked"), async ({ logs, node }) => {
    node.cfg.set("/platform", "redfish");
    const gone = {
      ok: false,
      kind: "silent",
      why: "Cannot read the event log of 'n1': this aggregator no longer manages it",
    };
    assert.deepEqual(await logs.read(about("ipmi", node.id), 5, never), gone);
    assert.deepEqual(await logs.read(about("ipmi", "another"), 5, never), gone);
  });
});

test("eight logs are read at a time, and what went wrong is told in one line of 400 characters", async () => {
  const logs = createBmcLogs(createVirtualClock());
  const ends: (() => void)[] = [];
  logs.offer("ipmi", () => new Promise((_, reject) => ends.push(() => reject(new Error(`odd\n${"x".repeat(900)}`)))));
  const reads = Array.from({ length: 10 }, () => logs.read(about("ipmi"), 5, never));
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(ends.length, 8);
  ends.forEach((end) => end());
  await Promise.all(reads.slice(0, 8));
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(ends.length, 10);
  ends.forEach((end) => end());
  for (const answer of await Promise.all(reads)) {
    assert.ok(!answer.ok);
    assert.equal(answer.why, `Cannot read the event log of 'n1': odd ${"x".repeat(393)}...`);
  }
});

test("a log that is not read in time, or that nobody waits for any more, is given up", async () => {
  const clock = createVirtualClock();
  const logs = createBmcLogs(clock);
  logs.offer(
    "ipmi",
    (_id, _count, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  let answer: Awaited<ReturnType<typeof logs.read>> | undefined;
  const reading = logs.read(about("ipmi"), 5, never).then((read) => void (answer = read));
  await ending(clock, reading);
  assert.ok(answer?.ok === false && answer.kind === "silent");
  assert.match(answer.why, /not read within 55 s/);
  const controller = new AbortController();
  const given = logs.read(about("ipmi"), 5, controller.signal);
  controller.abort(new Error("Nobody waits"));
  assert.equal((await given).ok, false);
  assert.equal(clock.waiting, 0);
});

test("redfish takes a log whose pieces are empty for one without entries, and does not ask for them over and over", async () => {
  for (const newest of [true, false]) {
    await withScene({}, async (scene) => {
      const { logs, node, asked } = scene;
      const play = playPieces(scene, 1_000, { newest, empty: true });
      scene.between = async (_path, go, url) => play(url) ?? await go();
      assert.deepEqual(await logs.read(about("redfish", node.id), 80, never), { ok: true, entries: [] });
      assert.equal(asked.filter((each) => each.startsWith("PIECE")).length, 4);
    });
  }
});
