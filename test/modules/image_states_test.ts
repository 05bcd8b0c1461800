import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ImageConfig, Layer } from "../../modules/image/config.ts";
import type { Container } from "../../modules/image/container.ts";
import { createImage } from "../../modules/image/image.ts";
import type { Mount } from "../../modules/image/mounts.ts";
import type { Root } from "../../modules/image/roots.ts";
import type { Exit } from "../../src/process/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

/** A container that runs until a test, or the image, ends it. */
interface FakeContainer extends Container {
  readonly root: string;
  end(exit: Exit): void;
  stops: number[];
}

/** An image that is in no mount: what it asks for is noted in `log`, in order. */
async function withImage(body: (world: Awaited<ReturnType<typeof makeImage>>) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => await body(await makeImage(folder)));
}

async function makeImage(folder: string) {
  const clock = createVirtualClock();
  const log: string[] = [];
  const view = new Map<string, Value>();
  const states: Value[] = [];
  const containers: FakeContainer[] = [];
  const kept: string[][] = [];
  const ending = new AbortController();
  const world = {
    fetching: undefined as ((signal: AbortSignal) => Promise<void>) | undefined,
    roots: [] as Root[],
    adoptable: new Set<string>(),
    failure: undefined as string | undefined,
    mounts: [] as Mount[],
    canSwitch: true,
    hasInit: true,
    /** Ends a container as soon as it is started: each, or that of one root. */
    fails: undefined as Exit | undefined,
    failing: undefined as string | undefined,
  };
  let made = 0;
  await Promise.resolve();

  function makeContainer(root: string): FakeContainer {
    let end: (exit: Exit) => void = () => {};
    const ended = new Promise<Exit>((resolve) => end = resolve);
    const container: FakeContainer = {
      ...{ root, ended, end, outputFrom: 0, stops: [] },
      stop(stopTimeout) {
        log.push(`stop ${root.split("/").at(-2)}`);
        container.stops.push(stopTimeout);
        end({ code: 0, words: "was stopped" });
        return ended;
      },
    };
    containers.push(container);
    return container;
  }
  const image = createImage({
    ...{ hostname: "n1", clock, signal: ending.signal, output: join(folder, "container.log") },
    store: {
      fileOf: (digest) => `/layers/${digest}`,
      fetch: () => assert.fail("it is fetched otherwise"),
      keep: (digests) => void kept.push([...digests].sort()),
    },
    roots: {
      list: () => [...world.roots],
      othersThan: () => [],
      mount(config, files) {
        log.push(`mount ${files.join("+")}`);
        const own = join(folder, `root-${++made}`);
        const root: Root = { id: `root-${made}`, folder: own, root: join(own, "root"), config };
        mkdirSync(join(root.root, "sbin"), { recursive: true });
        if (world.hasInit) {
          writeFileSync(join(root.root, "sbin/init"), "");
          chmodSync(join(root.root, "sbin/init"), 0o755);
        }
        world.roots.push(root);
        return Promise.resolve(root);
      },
      remove(own) {
        log.push(`remove ${own.split("/").at(-1)}`);
        world.roots = world.roots.filter((root) => root.folder !== own);
        return Promise.resolve();
      },
      removeOthers(rest) {
        world.roots = world.roots.filter((root) => rest.some(({ id }) => id === root.id));
        return Promise.resolve();
      },
    },
    rootSwitch: {
      request: (root, command) => void log.push(`request ${root.split("/").at(-2)} ${command.join(" ")}`),
      failure: () => world.failure,
      forget: () => void log.push("forget"),
    },
    containers: {
      start({ root }) {
        log.push(`start ${root.split("/").at(-2)}`);
        const container = makeContainer(root);
        const isMeant = world.failing === undefined || root.includes(`/${world.failing}/`);
        if (world.fails !== undefined && isMeant) container.end(world.fails);
        return Promise.resolve(container);
      },
      adopt: (root) => Promise.resolve(world.adoptable.has(root) ? makeContainer(root) : undefined),
    },
    mounts: () => world.mounts,
    get onSwitch() {
      return world.canSwitch ? () => void log.push("switch") : undefined;
    },
    async fetch(layers, signal) {
      log.push(`fetch ${layers.map(({ name }) => name).join("+")}`);
      await world.fetching?.(signal);
    },
    discover(field, value) {
      if (value === null) view.delete(field);
      else view.set(field, value);
      if (field === "state" && value !== null) states.push(value);
    },
  });
  return {
    ...{ image, world, clock, log, view, states, containers, kept, ending },
    /** Brings an image to run, on a clock that goes on. */
    async bring(config: ImageConfig, signal = new AbortController().signal): Promise<void> {
      const bringing = image.bring(config, signal);
      bringing.catch(() => {});
      await clock.advance(1_000);
      await bringing;
    },
    /** A root that an earlier run of the program has left. */
    left(config: ImageConfig, id = "root-old"): Root {
      const root: Root = { id, folder: join(folder, id), root: join(folder, id, "root"), config };
      world.roots.push(root);
      return root;
    },
  };
}

function configOf(name: string, more: Partial<ImageConfig> = {}): ImageConfig {
  const layers: Layer[] = [{ name, digest: `${name}-digest`, url: `http://boot/${name}` }];
  return { layers, mode: "container", command: ["/sbin/init"], stopTimeout: 700, key: `key of ${name}`, ...more };
}

const [ONE, TWO] = [configOf("one"), configOf("two")];
const CRASH: Exit = { code: 3, words: "exited with code 3" };

test("an image is fetched, mounted and started, and active when it was up for a second", () =>
  withImage(async ({ image, log, view, kept, clock, states }) => {
    await image.adopt();
    assert.deepEqual(states, ["IDLE"]);
    const bringing = image.bring(ONE, new AbortController().signal);
    await clock.advance(999);
    assert.deepEqual(states, ["IDLE"]);
    await clock.advance(1);
    await bringing;
    assert.deepEqual(log, ["forget", "fetch one", "mount /layers/one-digest", "start root-1"]);
    assert.deepEqual([view.get("state"), view.get("active"), view.get("error")], ["ACTIVE", ["one-digest"], undefined]);
    assert.deepEqual(kept, [["one-digest"], ["one-digest"]]);
  }));

test("an image that is active already is not brought again", () =>
  withImage(async ({ image, bring, log, view }) => {
    await bring(ONE);
    const before = log.length;
    view.clear();
    await image.bring({ ...ONE, stopTimeout: 5 }, new AbortController().signal);
    assert.equal(log.length, before);
    assert.equal(view.get("state"), "ACTIVE");
  }));

test("an update takes the place of the image before it, whose files are kept until then", () =>
  withImage(async ({ image, bring, log, view, kept, world, containers }) => {
    await bring(ONE);
    image.compare(TWO);
    assert.equal(view.get("state"), "UPDATE");
    image.compare(ONE);
    assert.equal(view.get("state"), "ACTIVE");
    image.compare(TWO);
    log.length = kept.length = 0;
    await bring(TWO);
    assert.deepEqual(log, ["fetch two", "mount /layers/two-digest", "stop root-1", "start root-2"]);
    assert.deepEqual(containers[0]?.stops, [700]);
    assert.deepEqual(kept, [["one-digest", "two-digest"], ["two-digest"]]);
    assert.deepEqual(world.roots.map(({ id }) => id), ["root-2"]);
    assert.deepEqual([view.get("state"), view.get("active")], ["ACTIVE", ["two-digest"]]);
  }));

test("an update that does not stay up makes room for the image before it, and says why", () =>
  withImage(async ({ image, bring, log, view, world, containers }) => {
    await bring(ONE);
    image.compare(TWO);
    log.length = 0;
    world.fails = CRASH;
    world.failing = "root-2";
    await assert.rejects(bring(TWO), /'\/sbin\/init' of image 'two' exited with code 3/);
    assert.deepEqual(log, [
      ...["fetch two", "mount /layers/two-digest", "stop root-1", "start root-2", "start root-1", "remove root-2"],
    ]);
    assert.equal(view.get("state"), "UPDATE");
    assert.deepEqual([view.get("active"), containers.length], [["one-digest"], 3]);
    assert.match(String(view.get("error")), /of image 'two' exited with code 3$/);
    image.compare(ONE);
    assert.equal(view.get("state"), "ACTIVE", "what runs is what was asked for before");
  }));

test("an image that fails alone is a failure, and nothing is left of it", () =>
  withImage(async ({ image, view, world, log }) => {
    world.fails = CRASH;
    await assert.rejects(
      image.bring(ONE, new AbortController().signal),
      /'\/sbin\/init' of image 'one' exited with code 3/,
    );
    assert.match(String(view.get("error")), /exited with code 3/);
    assert.equal(view.get("state"), undefined, "its state is the engine's to say");
    assert.deepEqual(log.slice(-2), ["start root-1", "remove root-1"]);
    assert.deepEqual(world.roots, []);
  }));

test("when neither an update nor the image before it starts, the state says that nothing runs", () =>
  withImage(async ({ image, bring, view, world }) => {
    await bring(ONE);
    world.fails = CRASH;
    await assert.rejects(image.bring(TWO, new AbortController().signal), /exited with code 3/);
    assert.equal(view.get("state"), "ERROR");
    assert.equal(view.get("active"), undefined);
  }));

test("an image without the program that is to run in it stops nothing", () =>
  withImage(async ({ image, bring, view, world, log }) => {
    await bring(ONE);
    world.hasInit = false;
    log.length = 0;
    await assert.rejects(image.bring(TWO, new AbortController().signal), {
      name: "PermanentError",
      message: "Cannot start image 'two': there is no '/sbin/init' in it ('/image/command')",
    });
    assert.deepEqual(log, ["fetch two", "mount /layers/two-digest", "remove root-2"]);
    assert.equal(view.get("state"), "ACTIVE");
    assert.equal(view.get("error"), "Cannot start image 'two': there is no '/sbin/init' in it ('/image/command')");
  }));

test("a container that ends by itself is a failure with its last words, and its root is removed", () =>
  withImage(async ({ bring, view, containers, world, clock }) => {
    await bring(ONE);
    containers[0]?.end(CRASH);
    await clock.advance(1);
    assert.equal(view.get("state"), "ERROR");
    assert.equal(view.get("error"), "'/sbin/init' of image 'one' exited with code 3");
    assert.equal(view.get("active"), undefined);
    assert.deepEqual(world.roots, []);
  }));

test("a stop ends the container, removes everything and forgets failures", () =>
  withImage(async ({ image, bring, view, containers, kept, world, clock }) => {
    await bring(ONE);
    await image.stop();
    assert.deepEqual(containers[0]?.stops, [700]);
    assert.deepEqual([view.get("state"), view.get("active"), kept.at(-1)], ["IDLE", undefined, []]);
    assert.deepEqual(world.roots, []);
    world.fails = CRASH;
    await assert.rejects(image.bring(ONE, new AbortController().signal));
    await image.stop();
    await clock.advance(1);
    assert.deepEqual([view.get("state"), view.get("error")], ["IDLE", undefined]);
  }));

test("a stop ends a fetch that is under way, which did not go wrong by that", () =>
  withImage(async ({ image, view, world, clock }) => {
    world.fetching = (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    const bringing = assert.rejects(image.bring(ONE, new AbortController().signal), /It is to be stopped/);
    await clock.advance(1);
    await image.stop();
    await bringing;
    assert.deepEqual([view.get("state"), view.get("error")], ["IDLE", undefined]);
  }));

test("what is not wanted any more before its turn comes is not begun", () =>
  withImage(async ({ image, log }) => {
    await assert.rejects(image.bring(ONE, AbortSignal.abort(new Error("not wanted"))), /not wanted/);
    assert.deepEqual(log, []);
  }));

test("an image that is given up while it starts is ended", () =>
  withImage(async ({ image, log, clock, view }) => {
    const controller = new AbortController();
    const bringing = assert.rejects(image.bring(ONE, controller.signal), /Gave up starting image 'one'/);
    await clock.advance(500);
    controller.abort(new Error("not wanted"));
    await bringing;
    assert.deepEqual(log.slice(-2), ["stop root-1", "remove root-1"]);
    assert.equal(view.get("error"), undefined);
  }));

test("a fetch that fails leaves the image that runs as it is, and says why", () =>
  withImage(async ({ image, bring, world, view, log }) => {
    await bring(ONE);
    world.fetching = () => Promise.reject(new Error("the server is away"));
    log.length = 0;
    await assert.rejects(image.bring(TWO, new AbortController().signal), /the server is away/);
    assert.deepEqual(log, ["fetch two"]);
    assert.deepEqual([view.get("state"), view.get("error")], ["ACTIVE", "the server is away"]);
  }));

test("a container of an earlier run is taken over, and a second one is stopped", () =>
  withImage(async ({ image, left, world, view, log }) => {
    for (const [config, id] of [[ONE, "a"], [TWO, "b"]] as const) world.adoptable.add(left(config, id).root);
    left(configOf("three"), "c");
    await image.adopt();
    assert.deepEqual(log, ["stop b", "forget"]);
    assert.deepEqual([view.get("state"), view.get("active")], ["ACTIVE", ["one-digest"]]);
    assert.deepEqual(world.roots.map(({ id }) => id), ["a"]);
    assert.equal(image.isMachine, false);
  }));

test("a container of an earlier run that is gone is a failure", () =>
  withImage(async ({ image, left, view, world }) => {
    left(ONE);
    await image.adopt();
    assert.equal(view.get("state"), "ERROR");
    assert.equal(view.get("error"), "The image did not run any more when the agent started");
    assert.deepEqual(world.roots, []);
  }));

test("a switch of root stops the container, asks for the switch, and ends with this program", () =>
  withImage(async ({ image, bring, log, world }) => {
    await bring(ONE);
    log.length = 0;
    const root = configOf("os", { mode: "root", command: ["/sbin/init", "single"] });
    const ending = new AbortController();
    const bringing = image.bring(root, ending.signal);
    while (!log.includes("switch")) await Promise.resolve();
    assert.deepEqual(log, [
      ...["fetch os", "mount /layers/os-digest", "stop root-1", "request root-2 /sbin/init single", "switch"],
    ]);
    ending.abort(new Error("the program ends"));
    await bringing;
    assert.deepEqual(world.roots.map(({ id }) => id), ["root-1", "root-2"], "the next run of the program needs both");
  }));

test("where nothing would switch root that is said before anything is stopped", () =>
  withImage(async ({ image, bring, world, log, view }) => {
    await bring(ONE);
    world.canSwitch = false;
    log.length = 0;
    await assert.rejects(image.bring(configOf("os", { mode: "root" }), new AbortController().signal), {
      name: "PermanentError",
      message: "Cannot switch root as this agent was not started by Kraken's init: set '/image/mode' to container",
    });
    assert.deepEqual(log, []);
    assert.equal(view.get("state"), "ACTIVE");
  }));

test("what the machine has switched to is active, and can neither be replaced nor stopped", () =>
  withImage(async ({ image, left, world, view, log }) => {
    const root = left(configOf("os", { mode: "root" }));
    world.mounts = [{ at: "/", source: "rootfs" }, { at: "/", source: root.id }, { at: "/run", source: "other" }];
    await image.adopt();
    assert.equal(image.isMachine, true);
    assert.deepEqual([view.get("state"), view.get("active"), log], ["ACTIVE", ["os-digest"], ["forget"]]);
    await assert.rejects(image.bring(ONE, new AbortController().signal), {
      name: "PermanentError",
      message: /^Cannot replace the image that the machine has switched to while it is on: power-cycle it/,
    });
    await image.stop();
    assert.equal(view.get("state"), "ACTIVE");
    assert.deepEqual(world.roots.map(({ id }) => id), [root.id]);
  }));

test("a switch that was refused brings the container back, says why, and is not asked for again by itself", () =>
  withImage(async ({ image, left, world, view, clock, log }) => {
    const os = configOf("os", { mode: "root" });
    left(ONE, "a");
    left(os, "b");
    world.failure = "no /sbin/init in it";
    const adopting = image.adopt();
    await clock.advance(1_000);
    await adopting;
    assert.deepEqual(log, ["forget", "start a"]);
    assert.deepEqual([view.get("state"), view.get("error")], ["UPDATE", "no /sbin/init in it"]);
    const bring = (config: ImageConfig) => image.bring(config, new AbortController().signal);
    await assert.rejects(bring(os), {
      name: "PermanentError",
      message: "The machine did not switch to image 'os': no /sbin/init in it",
    });
    world.fetching = () => Promise.reject(new Error("it is tried again"));
    await assert.rejects(bring(os), /it is tried again/, "a person has asked again");
  }));

test("a switch to another image than the one that was refused is asked for", () =>
  withImage(async ({ image, left, world }) => {
    left(configOf("os", { mode: "root" }));
    world.failure = "no /sbin/init in it";
    await image.adopt();
    world.fetching = () => Promise.reject(new Error("it is tried"));
    await assert.rejects(image.bring(configOf("os-2", { mode: "root" }), new AbortController().signal), /it is tried/);
  }));

test("a switch that was refused, of which no image is left, holds every one", () =>
  withImage(async ({ image, world, view }) => {
    world.failure = "nothing has taken the request up";
    await image.adopt();
    assert.equal(view.get("state"), "ERROR");
    await assert.rejects(image.bring(configOf("os", { mode: "root" }), new AbortController().signal), {
      name: "PermanentError",
      message: "The machine did not switch to image 'os': nothing has taken the request up",
    });
  }));

test("a cfg that says nothing of an image is no other image", () =>
  withImage(async ({ image, bring, view }) => {
    image.compare(ONE);
    assert.equal(view.get("state"), undefined);
    await bring(ONE);
    image.compare(undefined);
    assert.equal(view.get("state"), "ACTIVE");
  }));
