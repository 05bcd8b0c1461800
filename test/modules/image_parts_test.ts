import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CONTAINER_MARK } from "../../modules/image/commands.ts";
import { type ImageConfig, readImageConfig } from "../../modules/image/config.ts";
import { realContainers } from "../../modules/image/container.ts";
import { fetchLayer } from "../../modules/image/fetch_layer.ts";
import { describeEnd } from "../../modules/image/launch.ts";
import { openPartial, type PartialFile } from "../../modules/image/partial.ts";
import { shownError, showSeldom, showSituation } from "../../modules/image/situation.ts";
import { openRoots } from "../../modules/image/roots.ts";
import { openLayerStore } from "../../modules/image/store.ts";
import { createRootSwitch } from "../../modules/image/switch_root.ts";
import type { Value } from "../../src/state/mod.ts";
import { systemClock } from "../../src/clock.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { sha256, startImageServer } from "./image_server.ts";

const LAYER = { name: "os", digest: sha256(new Uint8Array(1_000)), url: "http://boot/os" };
const CONFIG: ImageConfig = { layers: [LAYER], mode: "root", command: ["/sbin/init"], stopTimeout: 7, key: "k" };

test("a request to switch root is the root and the command, a line each, and takes an earlier failure back", () =>
  withFolder((folder) => {
    const rootSwitch = createRootSwitch(folder);
    assert.equal(rootSwitch.failure(), undefined);
    writeFileSync(join(folder, "next-root.failed"), "an older one\n");
    rootSwitch.request("/run/kraken/image/roots/a/root", ["/sbin/init", "single user"]);
    const asked = readFileSync(join(folder, "next-root"), "utf8");
    assert.equal(asked, "/run/kraken/image/roots/a/root\n/sbin/init\nsingle user\n");
    assert.deepEqual(readdirSync(folder), ["next-root"]);
    assert.equal(rootSwitch.failure(), "nothing has taken the request up");
    rootSwitch.forget();
    assert.deepEqual(readdirSync(folder), []);
    return Promise.resolve();
  }));

test("why a switch of root failed is what init has left, at most 300 characters of it", () =>
  withFolder((folder) => {
    const rootSwitch = createRootSwitch(folder);
    rootSwitch.request("/root", ["/sbin/init"]);
    for (
      const [text, why] of [
        ["no /sbin/init in it\n", "no /sbin/init in it"],
        ["  \n", "it does not say why"],
        ["x".repeat(400), "x".repeat(300)],
      ] as const
    ) {
      writeFileSync(join(folder, "next-root.failed"), text);
      assert.equal(rootSwitch.failure(), why);
    }
    rootSwitch.forget();
    assert.equal(rootSwitch.failure(), undefined);
    return Promise.resolve();
  }));

test("readImageConfig() takes what this module has written, and nothing else", () => {
  assert.deepEqual(readImageConfig(JSON.parse(JSON.stringify(CONFIG))), CONFIG);
  assert.deepEqual(readImageConfig({ ...CONFIG, mode: "container" })?.mode, "container");
  const odd: unknown[] = [
    ...[null, [], "text", { ...CONFIG, mode: "vm" }, { ...CONFIG, stopTimeout: "7" }, { ...CONFIG, key: 7 }],
    ...[{ ...CONFIG, layers: [] }, { ...CONFIG, layers: {} }, { ...CONFIG, layers: [LAYER, {}] }],
    ...[null, undefined, 7, "text"].map((layer) => ({ ...CONFIG, layers: [LAYER, layer] })),
    ...[{ ...CONFIG, command: [] }, { ...CONFIG, command: ["/sbin/init", 7] }, { ...CONFIG, command: "/sbin/init" }],
    ...(["name", "digest", "url"] as const).map((field) => ({ ...CONFIG, layers: [{ ...LAYER, [field]: 7 }] })),
  ];
  for (const each of odd) assert.equal(readImageConfig(each), undefined, JSON.stringify(each));
});

test("of the roots that are there those of this boot are known, and others are removed", () =>
  withFolder(async (folder) => {
    const roots = openRoots(join(folder, "roots"), systemClock);
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const about: Record<string, string | undefined> = {
      good: JSON.stringify({ boot, config: CONFIG }),
      rebooted: JSON.stringify({ boot: "another", config: CONFIG }),
      odd: JSON.stringify({ boot, config: { ...CONFIG, mode: "vm" } }),
      broken: "{",
      list: "[]",
      half: undefined,
    };
    for (const [id, text] of Object.entries(about)) {
      mkdirSync(join(folder, "roots", id));
      if (text !== undefined) writeFileSync(join(folder, "roots", id, "about.json"), text);
    }
    const own = join(folder, "roots", "good");
    assert.deepEqual(roots.list(), [{ id: "good", folder: own, root: join(own, "root"), config: CONFIG }]);
    await roots.removeOthers(roots.list());
    assert.deepEqual(readdirSync(join(folder, "roots")), ["good"]);
    await roots.remove(own);
    assert.deepEqual(readdirSync(join(folder, "roots")), []);
  }));

test("a root that can't be mounted leaves nothing", () =>
  withFolder(async (folder) => {
    const roots = openRoots(join(folder, "roots"), systemClock);
    await assert.rejects(roots.mount(CONFIG, [join(folder, "no-such-file")]), /^Error: Cannot run 'mount -t squashfs/);
    assert.deepEqual(readdirSync(join(folder, "roots")), []);
  }));

test("the store fetches what is missing, tells the share of all layers, and keeps what is named", () =>
  withFolder(async (folder) => {
    const images = await startImageServer();
    try {
      const layers = ["a", "b", "c", "d"].map((name, index) => {
        const bytes = new Uint8Array(1_000).fill(index);
        images.files.set(name, bytes);
        return { name, digest: sha256(bytes), url: `${images.url}/boot/v1/images/${name}` };
      });
      const store = openLayerStore(join(folder, "layers"));
      const [first, second] = layers;
      assert.ok(first && second);
      writeFileSync(store.fileOf(first.digest), "there already");
      const percents: number[] = [];
      const parts = {
        ...{ fetch, clock: createVirtualClock(), random: () => 0.5, issue: () => undefined },
        signal: new AbortController().signal,
      };
      await store.fetch(layers, parts, (percent) => void percents.push(percent));
      assert.deepEqual([...new Set(percents)], [25, 50, 75, 100]);
      assert.equal(images.requests.length, 3);
      assert.equal(readFileSync(store.fileOf(second.digest)).length, 1_000);
      for (const digest of ["e", "f"]) writeFileSync(`${store.fileOf(digest.repeat(64))}.part`, "half");
      store.keep(new Set([first.digest, second.digest, "f".repeat(64)]));
      const kept = [first.digest, second.digest, `${"f".repeat(64)}.part`];
      assert.deepEqual(readdirSync(join(folder, "layers")).sort(), kept.sort());
      store.keep(new Set());
      assert.deepEqual(readdirSync(join(folder, "layers")), []);
    } finally {
      await images.close();
    }
  }));

test("the store tells the share of a layer as it comes, and all of one that is empty", () =>
  withFolder(async (folder) => {
    for (const [sizes, shares] of [[[500, 250, 250], [50, 75, 100, 100]], [[0], [100, 100]]] as const) {
      const whole = new Uint8Array(sizes.reduce<number>((sum, size) => sum + size, 0));
      const layer = { name: "os", digest: sha256(whole), url: "http://boot/os" };
      const percents: number[] = [];
      await openLayerStore(join(folder, "layers")).fetch([layer], {
        ...{ clock: createVirtualClock(), random: () => 0.5, issue: () => undefined },
        signal: new AbortController().signal,
        fetch() {
          const body = new ReadableStream<Uint8Array>({
            start(controller) {
              for (const size of sizes) controller.enqueue(new Uint8Array(size));
              controller.close();
            },
          });
          return Promise.resolve(new Response(body, { headers: { "content-length": String(whole.length) } }));
        },
      }, (percent) => void percents.push(percent));
      assert.deepEqual(percents, shares);
    }
  }));

test("a fetch for which there is no space is refused at once, and others are tried again", async () => {
  for (const code of ["ENOSPC", "EDQUOT", "EIO"]) {
    const clock = createVirtualClock();
    const partial: PartialFile = {
      ...{
        size: 0,
        etag: undefined,
        digest: () => "",
        finish: () => Promise.resolve(),
        close: () => Promise.resolve(),
      },
      append: () => Promise.reject(Object.assign(new Error(code), { code })),
      reset: () => Promise.resolve(),
    };
    let requests = 0;
    let error: Error | undefined;
    fetchLayer(LAYER, partial, {
      fetch: () => Promise.resolve(new Response(`${++requests}`, { headers: { "content-length": "1" } })),
      ...{ clock, random: () => 0.5, issue: () => undefined, onProgress() {} },
      signal: new AbortController().signal,
    }).catch((caught: Error) => error = caught);
    await clock.runUntil(() => error !== undefined, 3_600_000);
    const isFull = code !== "EIO";
    assert.equal(
      error?.message,
      `Cannot fetch image 'os' from http://boot/os: ${isFull ? "there is no space left for it" : code}`,
    );
    assert.equal(requests, isFull ? 1 : 6, code);
  }
});

test("the progress of a fetch is shown once a second at most, and its end at once", async () => {
  const clock = createVirtualClock();
  const shown: number[] = [];
  const progress = showSeldom(clock, (percent) => shown.push(percent));
  for (const percent of [10, 10, 20]) progress(percent);
  await clock.advance(999);
  progress(30);
  await clock.advance(1);
  for (const percent of [40, 50, 100, 100]) progress(percent);
  assert.deepEqual(shown, [10, 40, 100]);
});

test("an answer whose body nobody wants is left at once", async () => {
  for (
    const [status, length, issue] of [[404, 1_000, undefined], [503, 1_000, undefined], [200, 1_000, "full"]] as const
  ) {
    const clock = createVirtualClock();
    let left = 0;
    let asked = 0;
    const fetching = withFolder(async (folder) => {
      const parts = {
        ...{ clock, random: () => 0.5, issue: () => issue, signal: new AbortController().signal },
        fetch() {
          asked++;
          const body = new ReadableStream({ cancel: () => void left++ });
          return Promise.resolve(new Response(body, { status, headers: { "content-length": String(length) } }));
        },
      };
      await openLayerStore(join(folder, "layers")).fetch([LAYER], parts, () => {});
    });
    let isOver = false;
    const over = assert.rejects(fetching).then(() => isOver = true);
    while (!isOver) {
      await clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await over;
    assert.deepEqual([left, asked], status === 503 ? [6, 6] : [1, 1]);
  }
});

test("the reason that is shown of an image has 512 characters at most", () => {
  assert.equal(shownError(new Error("x".repeat(513))), "x".repeat(512));
  assert.equal(shownError("odd"), "odd");
});

test("what is shown of an image that runs no more, and of one that changes, is what is known", () => {
  const shownOf = (kind: "idle" | "failed" | "changing") => {
    const shown: [string, Value | null][] = [];
    showSituation({ kind }, (field, value) => void shown.push([field, value]));
    return shown;
  };
  assert.deepEqual(shownOf("changing"), []);
  assert.deepEqual(shownOf("failed"), [["active", null], ["progress", null], ["state", "ERROR"]]);
  assert.deepEqual(shownOf("idle"), [["active", null], ["progress", null], ["error", null], ["state", "IDLE"]]);
});

test("what is shown of an image says whether it is the one that is asked for", () => {
  const root = { id: "a", folder: "/a", root: "/a/root", config: CONFIG };
  const shown: [string, Value | null][] = [];
  const show = (outdated: boolean) => {
    shown.length = 0;
    showSituation(
      { kind: "active", root, container: undefined, outdated },
      (field, value) => void shown.push([field, value]),
    );
    return shown;
  };
  assert.deepEqual(show(false), [["active", [LAYER.digest]], ["error", null], ["state", "ACTIVE"]]);
  assert.deepEqual(show(true), [["active", [LAYER.digest]], ["state", "UPDATE"]]);
});

test("how a container ended is told with the last line that it said since it was started, and its command cut", () =>
  withFolder((folder) => {
    const output = join(folder, "container.log");
    writeFileSync(output, "of an earlier run\nstarting\nno disk\n");
    const root = { id: "a", folder: "/a", root: "/a/root", config: { ...CONFIG, command: ["/sbin/init", "single"] } };
    const container = {
      ...{ outputFrom: "of an earlier run\n".length, ended: new Promise<never>(() => {}) },
      stop: () => new Promise<never>(() => {}),
    };
    const ended = (of = root, from = container) => describeEnd("exited with code 3", of, from, output);
    assert.equal(ended(), "'/sbin/init single' of image 'os' exited with code 3: no disk");
    const silent = { ...container, outputFrom: readFileSync(output).length };
    assert.equal(ended(root, silent), "'/sbin/init single' of image 'os' exited with code 3");
    const long = { ...root, config: { ...CONFIG, command: ["/" + "x".repeat(300)] } };
    assert.equal(ended(long, silent), `'/${"x".repeat(199)}' of image 'os' exited with code 3`);
    return Promise.resolve();
  }));

test("a partial file that can't be read is left closed", () =>
  withFolder(async (folder) => {
    const file = join(folder, "layer");
    symlinkSync("/proc/self/mem", `${file}.part`); // it can be opened, and gives an error where it is read
    const open = () =>
      readdirSync("/proc/self/fd").filter((each) => {
        try {
          return /^\/proc\/\w+\/mem$/.test(readlinkSync(`/proc/self/fd/${each}`));
        } catch {
          return false; // it was the listing itself
        }
      }).length;
    await assert.rejects(openPartial(file));
    await until(() => assert.equal(open(), 0));
  }));

test("a container that never reaches its first process is ended when it is found, and is none", async () => {
  const clock = createVirtualClock();
  const root = `/nowhere/${crypto.randomUUID()}`;
  const leader = spawn("sh", ["-c", "read line", CONTAINER_MARK, root], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = new Promise<string | null>((resolve) => leader.once("exit", (_code, signal) => resolve(signal)));
  await until(() => assert.match(readFileSync(`/proc/${leader.pid}/cmdline`, "utf8"), /kraken-container/));
  let found: unknown = "nothing yet";
  const adopting = realContainers.adopt(root, { clock, signal: new AbortController().signal }).then((container) => {
    found = container;
  });
  await clock.advance(1_999);
  assert.equal(found, "nothing yet");
  await clock.advance(1);
  await adopting;
  assert.deepEqual([found, await ended], [undefined, "SIGKILL"]);
  assert.equal(await realContainers.adopt(root, { clock, signal: new AbortController().signal }), undefined);
});
