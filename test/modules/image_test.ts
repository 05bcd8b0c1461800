import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../support/folder.ts";
import { createCoverage, fc } from "../support/property.ts";
import { containerCommand, overlayCommand, partCommands } from "../../modules/image/commands.ts";
import { imageConfig } from "../../modules/image/config.ts";
import { createImageModule } from "../../modules/image/module.ts";
import { mountsBelow, parseMounts } from "../../modules/image/mounts.ts";
import { readRangeAnswer } from "../../modules/image/range.ts";
import { availableMemory, roomIssue, sizeIssue } from "../../modules/image/room.ts";
import { createDrain } from "../../src/module/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { sha256, startImageServer } from "./image_server.ts";
import { type HostedForTest, hostForTest, testNode } from "./module_fixture.ts";

const digest = "a".repeat(64);
const server = "http://10.77.0.1:8080";

function configOf(cfg: { readonly [url: string]: Value }, at: string | undefined = server) {
  return imageConfig(new Map(Object.entries(cfg)), at);
}

test("imageConfig() takes the image and lays further layers over it, lower to upper", () => {
  const site = { name: "site-7", digest: "b".repeat(64), url: "https://mirror/site-7.squashfs" };
  const config = configOf({ "/image/name": "compute-9.4", "/image/digest": digest, "/image/layers": [site] });
  assert.deepEqual(config?.layers, [
    { name: "compute-9.4", digest, url: "http://10.77.0.1:8080/boot/v1/images/compute-9.4" },
    site,
  ]);
  assert.equal(config?.mode, "container");
  assert.deepEqual(config?.command, ["/sbin/init"]);
  assert.deepEqual(configOf({ "/image/layers": [site] })?.layers, [site]);
  assert.equal(configOf({ "/image/mode": "root" }), undefined);
});

test("imageConfig() names what runs by content, mode and command, and not by where it comes from", () => {
  const cfg = { "/image/name": "a", "/image/digest": digest };
  const key = configOf(cfg)?.key;
  assert.equal(configOf({ ...cfg, "/image/name": "b", "/image/url": "http://x/y" })?.key, key);
  assert.equal(configOf({ ...cfg, "/image/stopTimeout": 5 })?.key, key);
  for (
    const change of [{ "/image/digest": "b".repeat(64) }, { "/image/mode": "root" }, { "/image/command": ["/bin/x"] }]
  ) assert.notEqual(configOf({ ...cfg, ...change })?.key, key);
});

test("imageConfig() says which value is wrong and what was expected", () => {
  const cfg = { "/image/name": "a", "/image/digest": digest };
  assert.throws(() => configOf({ "/image/name": "a" }), /\/image\/digest is missing: expected a SHA-256/);
  assert.throws(() => configOf({ ...cfg, "/image/digest": "A".repeat(64) }), /in lower case$/);
  assert.throws(() => configOf({ ...cfg, "/image/name": "../etc/shadow" }), /\/image\/name is "..\/etc\/shadow"/);
  assert.throws(() => configOf({ ...cfg, "/image/url": "file:///etc/shadow" }), /expected an http or https URL/);
  assert.throws(() => configOf({ ...cfg, "/image/command": ["sshd"] }), /expected a path in the image/);
  assert.throws(() => configOf({ ...cfg, "/image/command": ["/bin/x", "a\nb"] }), /no line breaks/);
  assert.throws(() => imageConfig(new Map(Object.entries(cfg)), undefined), {
    message: "/image/url is missing: expected one, as the node does not know the server that it booted from",
  });
  assert.throws(() => configOf({ "/image/layers": [{ name: "b", digest: "x" }] }), /\/image\/layers\/0\/digest is "x"/);
});

test("imageConfig() gives a container ten seconds to stop where the cfg says nothing, and takes no text for what is none", () => {
  const cfg = { "/image/name": "a", "/image/digest": digest };
  assert.equal(configOf(cfg)?.stopTimeout, 10_000);
  assert.equal(configOf({ ...cfg, "/image/stopTimeout": 0 })?.stopTimeout, 0);
  assert.deepEqual(configOf({ ...cfg, "/image/command": ["/bin/x", 7, "y"] })?.command, ["/bin/x", "y"]);
  assert.throws(() => configOf({ "/image/digest": digest }), /^TypeError: \/image\/name is missing: expected/);
  assert.throws(() => configOf({ ...cfg, "/image/name": 7 }), /\/image\/name is 7: expected/);
  assert.throws(() => configOf({ ...cfg, "/image/digest": 7 }), /\/image\/digest is 7: expected/);
  assert.throws(() => configOf({ ...cfg, "/image/url": 7 }), /\/image\/url is 7: expected/);
  assert.throws(() => configOf({ ...cfg, "/image/layers": ["b"] }), /\/image\/layers\/0\/name is missing: expected/);
});

test("imageConfig() takes no URL with a user or a password in it, and shows none", () => {
  const cfg = { "/image/name": "a", "/image/digest": digest };
  for (const url of ["http://u:pw-4711@x/a", "https://:pw-4711@x/a", "http://pw-4711@x/a", "ftp://u:pw-4711@x/a"]) {
    assert.throws(() => configOf({ ...cfg, "/image/url": url }), {
      name: "TypeError",
      message:
        /^\/image\/url is "[^"]+": expected an http or https URL without a user, as all who read the state see it$/,
    });
    assert.throws(
      () => configOf({ "/image/layers": [{ name: "b", digest, url }] }),
      (error: Error) => /^\/image\/layers\/0\/url is "/.test(error.message) && !/4711/.test(error.message),
    );
  }
  for (const url of ["htp:/u:pw-4711@x/a", "http//u:pw-4711@x", "http://u:pw-4711@[/a"]) {
    assert.throws(
      () => configOf({ ...cfg, "/image/url": url }),
      (error: Error) => /^\/image\/url is ".*": expected an http/.test(error.message) && !/4711/.test(error.message),
    );
  }
});

test("imageConfig() takes any name of letters and digits, and never one that leaves its folder", () => {
  const covered = createCoverage("names of images", ["taken", "refused", "leaves its folder"], 0.02);
  const names = fc.oneof(
    fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/),
    fc.tuple(fc.constantFrom("", "a"), fc.constantFrom("/", "\\", "%2f"), fc.constantFrom("..", "x")).map((parts) =>
      parts.join("")
    ),
    fc.constantFrom("..", ".", "../x", "a/../../x"),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(names, (name) => {
      const leaves = /^\.{1,2}$|[/\\%]/.test(name);
      try {
        const url = configOf({ "/image/name": name, "/image/digest": digest })?.layers[0]?.url ?? "";
        assert.equal(new URL(url).pathname, `/boot/v1/images/${name}`);
        assert.ok(!leaves);
        covered.saw("taken");
      } catch (error) {
        assert.ok(error instanceof TypeError);
        covered.saw(leaves ? "leaves its folder" : "refused");
      }
    }),
    { numRuns: 1_000 },
  );
  covered.check();
});

test("the commands mount the topmost layer over the others, and all but the tmpfs read-only", () => {
  const root = { id: "kraken-1", folder: "/run/r", root: "/run/r/root" };
  const [lower, upper, rw] = partCommands(root, ["/run/l/a", "/run/l/b"]).map(({ program, args }) =>
    [program, ...args].join(" ")
  );
  assert.equal(lower, "mount -t squashfs -o loop,ro,nodev /run/l/a /run/r/layers/0");
  assert.equal(upper, "mount -t squashfs -o loop,ro,nodev /run/l/b /run/r/layers/1");
  assert.equal(rw, "mount -t tmpfs -o mode=0755,size=50% kraken /run/r/rw");
  assert.deepEqual(overlayCommand(root, 2).args.slice(3), [
    "lowerdir=/run/r/layers/1:/run/r/layers/0,upperdir=/run/r/rw/upper,workdir=/run/r/rw/work",
    "kraken-1",
    "/run/r/root",
  ]);
  const { program, args } = containerCommand({
    root: root.root,
    hostname: "n1",
    others: ["/x"],
    command: ["/sbin/init", "a b"],
  });
  assert.equal(program, "unshare");
  assert.deepEqual(args.slice(0, 4), ["-m", "-u", "-i", "-p"]);
  assert.deepEqual(args.slice(-6), ["/run/r/root", "n1", "1", "/x", "/sbin/init", "a b"]);
});

test("readAnswer() never throws, and takes a rest only when it begins where it must and goes to the end", () => {
  const header = fc.option(
    fc.oneof(fc.constantFrom("bytes 10-19/20", "bytes 9-19/20", "bytes 10-18/20", "20"), fc.string()),
  );
  const covered = createCoverage("answers of servers", ["rest", "whole", "stale", "later", "refused"], 0.02);
  const ranges = fc.oneof({ weight: 3, arbitrary: fc.constant("bytes 10-19/20") }, { weight: 1, arbitrary: header });
  const statuses = fc.oneof(fc.constantFrom(200, 206, 206, 416, 503), fc.integer({ min: 200, max: 599 }));
  const lengths = fc.oneof({ weight: 1, arbitrary: header }, {
    weight: 3,
    arbitrary: fc.constantFrom(null, "10", "20"),
  });
  fc.assert(
    fc.property(statuses, ranges, lengths, fc.boolean(), (status, range, length, hasPart) => {
      const headers = new Headers();
      for (const [name, value] of [["content-range", range], ["content-length", length]] as const) {
        if (value !== null && /^[\x20-\x7e]*$/.test(value)) headers.set(name, value);
      }
      const size = hasPart ? 10 : 0;
      const answer = readRangeAnswer(status, headers, { size, etag: undefined });
      covered.saw(answer.kind);
      if (answer.kind === "rest") assert.deepEqual([status, range, answer.length], [206, "bytes 10-19/20", 10]);
      if (answer.kind === "whole") assert.ok(Number.isSafeInteger(answer.length) && answer.length >= 0);
      if (status === 206) assert.ok(answer.kind === "rest" || answer.kind === "stale");
      if (!hasPart && status !== 206 && status !== 416) {
        assert.notEqual(answer.kind, "stale", "all of it was asked for");
      }
    }),
    { numRuns: 1_000 },
  );
  covered.check();
});

test("parseMounts() reads the kernel's list, with blanks in its paths", () => {
  const line = "36 35 98:0 / /mnt/a\\040b rw,noatime master:1 - overlay kraken-1 rw,errors=continue";
  assert.deepEqual(parseMounts(`${line}\n`), [{ at: "/mnt/a b", source: "kraken-1" }]);
  const odd = ["36 35 98:0 /", "36 35 98:0 / /mnt rw", "36 35 98:0 / /mnt rw - overlay", "", " - "];
  assert.deepEqual(parseMounts(odd.join("\n")), []);
});

test("mountsBelow() finds a folder's own mount and those in it, and not those of a folder whose name goes on", () => {
  const mounts = ["/", "/run", "/run/a", "/run/a/b", "/run/ab", "/x/run/a"].map((at) => ({ at, source: "tmpfs" }));
  assert.deepEqual(mountsBelow(mounts, "/run/a"), ["/run/a", "/run/a/b"]);
});

test("sizeIssue() says how much is free when a file does not fit", async () => {
  await withFolder((folder) => {
    assert.equal(sizeIssue(folder, 1), undefined);
    assert.match(sizeIssue(folder, 2 ** 50) ?? "", /^\d+ MiB are free in /);
    return Promise.resolve();
  });
  const MIB = 2 ** 20;
  const disk = { bavail: 1_024, bsize: 4_096, blocks: 9_999 };
  const memory = (mib: number) => `MemAvailable: ${mib * 1024} kB\n`;
  const issueOf = (bytes: number, of = disk, mib = 900) => roomIssue("/run", bytes, of, memory(mib));
  assert.equal(issueOf(4 * MIB), undefined);
  assert.equal(issueOf(4 * MIB + 1), "4 MiB are free in /run");
  const ramfs = { bavail: 0, bsize: 4_096, blocks: 0 };
  assert.equal(issueOf(868 * MIB, ramfs), undefined);
  assert.equal(issueOf(868 * MIB + 1, ramfs), "900 MiB of memory are available, of which 32 MiB are kept free");
  assert.equal(issueOf(MIB, disk, 33), undefined);
  assert.equal(issueOf(MIB, disk, 32), "32 MiB of memory are available, of which 32 MiB are kept free");
  assert.equal(roomIssue("/run", 2 ** 50, ramfs, ""), undefined, "nothing is known of the memory");
  assert.equal(availableMemory("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), 2 ** 21);
  assert.equal(availableMemory(""), undefined);
});

/** Gives a test the module with a server; nothing is mounted in it. */
async function withModule(run: (hosted: HostedForTest, folder: string, url: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const node = testNode("n1", { "/image/name": "os", "/image/digest": digest });
    const images = await startImageServer();
    images.files.set("os", new Uint8Array(1000));
    const hosted = await hostForTest(
      createImageModule({ runDir: folder, drain: createDrain(), server: images.url }),
      [node],
    );
    try {
      await run(hosted, folder, images.url);
    } finally {
      await hosted.host.stop();
      await images.close();
    }
  });
}

test("image shows IDLE, FETCHING and ERROR with the reason, and forgets a failure when it is cleared", async () => {
  await withModule(async ({ run, until, history }, folder) => {
    await until("/image/state", "IDLE");
    await run("fetch");
    assert.deepEqual(history.slice(-2), ["n1/image/progress=0", "n1/image/state=FETCHING"]);
    const message = new RegExp(
      `^Image 'os' from http.* has the SHA-256 ${sha256(new Uint8Array(1000))}: expected a{64}$`,
    );
    await assert.rejects(run("activate"), { name: "Error", message });
    await until("/image/state", "ERROR");
    assert.ok(history.some((entry) => /^n1\/image\/error=Image 'os' from/.test(entry)));
    await assert.rejects(run("retry"), { name: "Error", message });
    assert.ok(!existsSync(join(folder, "image/layers", digest)), "a file that is wrong never gets its name");
    await run("clear");
    await until("/image/state", "IDLE");
    await until("/image/error", undefined);
  });
});

test("image gives up for good on a cfg that can't be used, naming what to set", async () => {
  await withModule(async ({ run, set, until }) => {
    set("/image/mode", "root");
    await run("fetch");
    await assert.rejects(run("activate"), { name: "PermanentError", message: /set '\/image\/mode' to container$/ });
    set("/image/digest", "short");
    await assert.rejects(run("retry"), { name: "PermanentError", message: /\/image\/digest is "short": expected/ });
    await until(
      "/image/error",
      'Cannot use the image: /image/digest is "short": expected a SHA-256, 64 hexadecimal digits in lower case',
    );
    set("/image/name", undefined);
    set("/image/digest", undefined);
    await assert.rejects(run("retry"), {
      name: "PermanentError",
      message: /set '\/image\/name' and '\/image\/digest'$/,
    });
  });
});

test("image does not start in a folder whose name can't be part of mount options", async () => {
  const node = testNode("n1");
  const { host } = await hostForTest(createImageModule({ runDir: "/run/a,b", drain: createDrain() }), [node]);
  assert.equal(node.view.get("/services/image/state"), "ERROR");
  assert.match(String(node.view.get("/services/image/error")), /Cannot keep images in '\/run\/a,b'/);
  await host.stop();
});

test("image shows why the machine did not switch root, and does not ask again by itself", async () => {
  await withFolder(async (folder) => {
    const node = testNode("n1", { "/image/name": "os", "/image/digest": digest, "/image/mode": "root" });
    const root = join(folder, "image/roots/kraken-1");
    const options = { runDir: folder, drain: createDrain(), server, onSwitch: () => assert.fail("it asks again") };
    await hostForTest(createImageModule(options), [node]).then(({ host }) => host.stop());
    const config = configOf(Object.fromEntries(node.cfg));
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    mkdirSync(root);
    writeFileSync(join(root, "about.json"), JSON.stringify({ boot, config }));
    writeFileSync(join(folder, "next-root.failed"), "no /sbin/init in it\n");
    const { host, run, until } = await hostForTest(createImageModule(options), [node]);
    await until("/image/state", "ERROR");
    await until("/image/error", "no /sbin/init in it");
    await assert.rejects(run("retry"), {
      name: "PermanentError",
      message: "The machine did not switch to image 'os': no /sbin/init in it",
    });
    await host.stop();
  });
});

/** What an answer to a request for bytes 10 to 19 of a file with the entity tag "a" comes to. */
function answerTo(status: number, headers: Record<string, string>, asked = { size: 10, etag: '"a"' }) {
  return readRangeAnswer(status, new Headers(headers), asked);
}

test("readAnswer() takes a rest only in the length, encoding and version that were asked for", () => {
  const rest = { "content-range": "bytes 10-19/20", "content-length": "10", etag: '"a"' };
  assert.deepEqual(answerTo(206, rest), { kind: "rest", length: 10 });
  assert.deepEqual(answerTo(206, { "content-range": "bytes 10-19/20" }), { kind: "rest", length: 10 });
  assert.deepEqual(answerTo(206, { ...rest, "content-encoding": "identity" }), { kind: "rest", length: 10 });
  assert.deepEqual(answerTo(206, { ...rest, etag: '"b"' }, { size: 10, etag: "" }).kind, "stale");
  for (
    const odd of [
      { etag: '"b"' },
      { "content-length": "9" },
      { "content-length": "x" },
      { "content-encoding": "gzip" },
      { "content-range": "bytes 9-19/20" },
      { "content-range": "bytes 10-18/20" },
      { "content-range": "bytes 10-19/*" },
      { "content-range": "x bytes 10-19/20" },
      { "content-range": "bytes 10-19/20 x" },
      { "content-range": "bytes 10-19/20, bytes 1-2/20" },
      { "content-range": "bytes 10-99999999999999999998/99999999999999999999" },
    ]
  ) assert.deepEqual(answerTo(206, { ...rest, ...odd }), { kind: "stale" }, JSON.stringify(odd));
  assert.deepEqual(answerTo(206, { ...rest, etag: 'W/"b"' }), { kind: "rest", length: 10 }, "a weak tag says nothing");
});

test("readAnswer() takes all of a file with its strong entity tag, and not in an encoding that was not asked for", () => {
  const length = { "content-length": "20" };
  assert.deepEqual(answerTo(200, { ...length, etag: '"b"' }), { kind: "whole", length: 20, etag: '"b"' });
  for (const etag of ['W/"b"', "b", '"', `"${"x".repeat(257)}"`, '"a"b"']) {
    assert.deepEqual(answerTo(200, { ...length, etag }), { kind: "whole", length: 20, etag: undefined }, etag);
  }
  assert.deepEqual(answerTo(200, { ...length, "content-encoding": "gzip" }), {
    kind: "refused",
    why: 'the server sends it in the encoding "gzip", which was not asked for',
  });
  for (const odd of ["", "-1", "1.5", "0x10", "99999999999999999999"]) {
    assert.equal(answerTo(200, { "content-length": odd }).kind, "refused", odd);
  }
});

test("readAnswer() tells what may pass from what is refused", () => {
  const whole = { size: 0, etag: "" };
  for (const status of [408, 429, 500, 502, 503, 504]) {
    for (const asked of [whole, undefined]) {
      assert.deepEqual(answerTo(status, {}, asked), { kind: "later", why: `status ${status}` });
    }
  }
  for (const status of [401, 403, 404, 410]) {
    for (const asked of [whole, undefined]) {
      assert.deepEqual(answerTo(status, {}, asked), { kind: "refused", why: `status ${status}` });
    }
  }
  for (const status of [204, 304, 400, 412, 417]) {
    assert.deepEqual(answerTo(status, {}, whole), { kind: "refused", why: `status ${status}` });
    assert.deepEqual(answerTo(status, {}), { kind: "stale" });
  }
  for (const status of [501, 505]) {
    assert.deepEqual(answerTo(status, {}, whole), { kind: "later", why: `status ${status}` });
  }
  assert.equal(answerTo(499, {}, whole).kind, "refused");
  assert.equal(answerTo(500, {}, whole).kind, "later");
  assert.deepEqual(answerTo(501, {}), { kind: "stale" });
});
