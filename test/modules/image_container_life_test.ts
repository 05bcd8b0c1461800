import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { cfgOf, type ImageLab, web, webServer, whyNoMounts, withImageLab } from "./image_lab.ts";

const skip = whyNoMounts() ?? false;

/** What containers have said. */
function saidIn({ runDir }: ImageLab): string {
  return readFileSync(join(runDir, "image/container.log"), "utf8");
}

test("an agent that was killed finds its container again, watches it and can stop it", { skip }, async () => {
  await withImageLab(async (lab) => {
    const image = web(lab, "web", "one");
    const first = await lab.startHost();
    await first.set(cfgOf(image, webServer(lab.port)));
    await first.run("fetch");
    await first.run("activate");
    await first.stop("killed");
    assert.equal(await lab.page(), "one", "the container outlives its agent");
    const second = await lab.startHost();
    assert.equal(second.view.get("/image/state"), "ACTIVE");
    assert.deepEqual(second.view.get("/image/active"), [image.digest]);
    assert.equal(lab.containers().length, 1);
    await second.stop("cleanly");
    assert.equal(await lab.page(), "one");
    const third = await lab.startHost();
    await third.order("drain");
    assert.equal(third.view.get("/image/state"), "IDLE");
    await assert.rejects(lab.page());
    assert.deepEqual(lab.containers(), []);
  });
});

test("a container that ends by itself is an error, and is started again without fetching", { skip }, async () => {
  await withImageLab(async (lab) => {
    const image = web(lab, "web", "one");
    const host = await lab.startHost();
    await host.set(cfgOf(image, webServer(lab.port)));
    await host.run("fetch");
    await host.run("activate");
    assert.equal(await lab.page(), "one");
    const [leader] = lab.containers();
    assert.ok(leader !== undefined);
    process.kill(leader, "SIGKILL");
    await until(async () => {
      await host.run("find");
      assert.equal(host.view.get("/image/state"), "ERROR");
    });
    assert.match(String(host.view.get("/image/error")), /of image 'web' was killed by SIGKILL$/);
    await assert.rejects(lab.page(), "what is left of the container is ended with it");
    await host.run("retry");
    assert.equal(host.view.get("/image/state"), "ACTIVE");
    assert.equal(await lab.page(), "one");
    assert.equal(lab.server.requests.length, 1);
    await host.run("stop");
  });
});

test("a drain ends a fetch that is under way, and a stubborn container after its limit", { skip }, async () => {
  await withImageLab(async (lab) => {
    const image = web(lab, "web", "one");
    lab.server.statuses.push(...Array<number>(3).fill(503));
    const host = await lab.startHost();
    await host.set(cfgOf(image, webServer(lab.port)));
    await host.run("fetch");
    const fetching = assert.rejects(host.run("activate"), /It is to be stopped/);
    await host.order("drain");
    await fetching;
    await host.run("find");
    assert.equal(host.view.get("/image/state"), "IDLE");
    lab.server.statuses.length = 0;
    const stubborn = `trap 'echo no' TERM; httpd -p 127.0.0.1:${lab.port} -h /www; while :; do sleep 0.1; done`;
    await host.set({ "/image/command": ["/bin/sh", "-c", stubborn] });
    await host.run("fetch");
    await host.run("activate");
    assert.equal(await lab.page(), "one");
    await host.order("drain");
    assert.match(saidIn(lab), /^no$/m, "it had its time to hear of that");
    assert.deepEqual(lab.containers(), []);
    await assert.rejects(lab.page());
  });
});

test("a container that heeds SIGTERM is not killed", { skip }, async () => {
  await withImageLab(async (lab) => {
    const image = web(lab, "web", "one");
    const polite = `trap 'sleep 0.3; echo bye; exit 0' TERM; while :; do sleep 0.1; done`;
    const host = await lab.startHost();
    await host.set({ ...cfgOf(image, ["/bin/sh", "-c", polite]), "/image/stopTimeout": 30_000 });
    await host.run("fetch");
    await host.run("activate");
    await host.run("stop");
    assert.match(saidIn(lab), /^bye$/m);
    assert.deepEqual(lab.containers(), []);
  });
});
