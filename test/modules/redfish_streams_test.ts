import assert from "node:assert/strict";
import { test } from "node:test";
import { ending, type Scene, withScene } from "./redfish_scene.ts";

const SSE = "/redfish/v1/EventService/SSE";
const MINUTE = 60_000;

/** How often the stream was opened. */
function opened({ asked }: Scene): number {
  return asked.filter((request) => request === `GET ${SSE}`).length;
}

/** Has the controller's streams say something every so many milliseconds; 0: never, nor do they end. */
function streamComments(scene: Scene, interval: number): void {
  const { clock } = scene;
  scene.between = async (path, go) => {
    if (path !== SSE) return await go();
    let cancel = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const say = () => {
          controller.enqueue(new TextEncoder().encode(": here\n\n"));
          if (interval > 0) cancel = clock.after(interval, say);
        };
        say();
      },
      cancel: () => cancel(),
    });
    return new Response(body);
  };
}

test("redfish opens a stream again in which nothing came for ten minutes, and has a look at once", async () => {
  await withScene({}, async (scene) => {
    const { clock, run, machine, node } = scene;
    streamComments(scene, 0);
    await ending(clock, run("power-on"));
    await clock.advance(MINUTE);
    assert.equal(opened(scene), 1);
    machine.exit(); // unheard
    await clock.advance(16 * MINUTE);
    assert.equal(opened(scene), 2);
    assert.equal(node.view.get("/physState"), "POWER_OFF");
  });
});

test("redfish keeps a stream in which only keep-alive comments come", async () => {
  await withScene({}, async (scene) => {
    const { clock, run } = scene;
    streamComments(scene, MINUTE);
    await ending(clock, run("power-on"));
    await clock.advance(45 * MINUTE);
    assert.equal(opened(scene), 1);
  });
});

test("redfish opens its stream anew when a poll fails, as the controller may have been reset without a word", async () => {
  await withScene({}, async (scene) => {
    const { clock, run, machine, node } = scene;
    streamComments(scene, 0);
    const { between } = scene;
    await ending(clock, run("power-on"));
    await clock.advance(MINUTE);
    assert.equal(opened(scene), 1);
    let failed = 0;
    scene.between = async () => {
      failed++;
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    };
    await clock.runUntil(() => failed > 0, 5 * MINUTE);
    scene.between = (path, go, url) => path === SSE ? go() : between(path, go, url);
    await clock.runUntil(() => opened(scene) === 2, MINUTE);
    await clock.advance(MINUTE);
    const from = clock.now();
    machine.exit();
    await clock.runUntil(() => node.view.get("/physState") === "POWER_OFF", 10_000);
    assert.ok(clock.now() - from <= 1_500, `${clock.now() - from} ms: events arrive again`);
  }, { poll: 30_000 });
});

test("redfish keeps its stream while polls answer, and ends it as the module stops", async () => {
  let isCancelled = false;
  await withScene({}, async (scene) => {
    const { clock, run, host } = scene;
    scene.between = async (path, go) =>
      path === SSE ? new Response(new ReadableStream({ cancel: () => void (isCancelled = true) })) : await go();
    await ending(clock, run("power-on"));
    await clock.advance(7 * MINUTE);
    assert.deepEqual([opened(scene), isCancelled], [1, false]);
    await host.stop();
    await clock.advance(0);
    assert.deepEqual([isCancelled, clock.waiting], [true, 0]);
  }, { poll: 30_000 });
});

test("redfish opens its stream anew when another certificate is to be trusted", async () => {
  await withScene({}, async (scene) => {
    const { clock, run, set } = scene;
    await ending(clock, run("power-on"));
    await clock.advance(MINUTE);
    assert.equal(opened(scene), 1);
    set("/bmc/fingerprint", "00".repeat(32));
    await clock.advance(5 * MINUTE);
    assert.equal(opened(scene), 2);
  }, { poll: 30_000 });
});

test("redfish keeps its stream while a BMC refuses a question, and where nobody waits for the answer any more", async () => {
  await withScene({}, async (scene) => {
    const { clock, run } = scene;
    streamComments(scene, 0);
    const { between } = scene;
    await ending(clock, run("find-off"));
    await clock.advance(MINUTE);
    assert.equal(opened(scene), 1);
    const system = /^\/redfish\/v1\/Systems\/n1\/?$/;
    let refused = 0;
    scene.between = async (path, go, url) =>
      system.test(path)
        ? (refused++, Response.json({ error: { message: "No" } }, { status: 403 }))
        : await between(path, go, url);
    await assert.rejects(ending(clock, run("find-off")), /status 403/);
    assert.ok(refused > 0);
    scene.between = (path, go, url) => system.test(path) ? new Promise(() => {}) : between(path, go, url);
    const unwanted = new AbortController();
    clock.after(1_000, () => unwanted.abort(new Error("Not wanted")));
    await assert.rejects(ending(clock, run("find-off", {}, unwanted.signal)), /Not wanted/);
    scene.between = between;
    await clock.advance(5 * MINUTE);
    assert.equal(opened(scene), 1);
  });
});
