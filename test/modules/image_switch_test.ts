import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Value } from "../../src/state/mod.ts";
import { cfgOf, type HostProcess, type ImageLab, web, webServer, whyNoMounts, withImageLab } from "./image_lab.ts";

const skip = whyNoMounts() ?? false;

test("in mode root the agent asks for a switch, and the next one finds that the machine runs from the image", {
  skip,
}, async () => {
  await withImageLab(async (lab) => {
    const image = lab.makeImage("web", { "www/version": "one", "sbin/init": "#!/bin/sh\n" });
    const first = await lab.startHost();
    await first.set({ ...cfgOf(image, ["/sbin/init", "auto"]), "/image/mode": "root" });
    await first.run("fetch");
    assert.equal(await Promise.race([first.ended, first.run("activate")]), 99);
    const request = readFileSync(join(lab.runDir, "next-root"), "utf8").split("\n");
    const [root = "", ...command] = request;
    assert.deepEqual(command, ["/sbin/init", "auto", ""]);
    assert.equal(lab.inside("cat", `${root}/www/version`), "one");
    const second = await lab.startHost(root);
    assert.equal(second.view.get("/image/state"), "ACTIVE");
    assert.deepEqual(second.view.get("/image/active"), [image.digest]);
    assert.deepEqual(readdirSync(lab.runDir).filter((name) => name.startsWith("next-root")), []);
    await assert.rejects(second.run("stop"), { name: "PermanentError", message: /power the node off$/ });
    await second.set({ ...cfgOf({ name: "web", digest: "0".repeat(64) }, ["/sbin/init"]), "/image/mode": "root" });
    assert.equal(second.view.get("/image/state"), "UPDATE");
    await assert.rejects(second.run("update"), { name: "PermanentError", message: /power-cycle it/ });
    await second.order("drain");
  });
});

/** A machine whose image `one` runs as a container, and is to switch to the image `two`. */
async function withContainerBeforeSwitch(
  command: string[],
  run: (
    lab: ImageLab,
    host: HostProcess,
    cfg: { one: Record<string, Value>; two: Record<string, Value> },
  ) => Promise<void>,
): Promise<void> {
  await withImageLab(async (lab) => {
    const one = { ...cfgOf(web(lab, "one", "1"), webServer(lab.port)), "/image/mode": "container" };
    const two = { ...cfgOf(web(lab, "two", "2"), command), "/image/mode": "root" };
    const host = await lab.startHost();
    await host.set(one);
    await host.run("fetch");
    await host.run("activate");
    await host.set(two);
    assert.equal(host.view.get("/image/state"), "UPDATE");
    await run(lab, host, { one, two });
  });
}

test(
  "a container that makes room for a switch of root has not failed, and comes back when the machine does not switch",
  {
    skip,
  },
  async () => {
    await withContainerBeforeSwitch(["/bin/sh"], async (lab, first, { one, two }) => {
      first.run("update").catch(() => {});
      assert.equal(await first.ended, 99);
      assert.equal(first.view.get("/image/state"), "UPDATE");
      assert.equal(first.view.get("/image/error"), undefined);
      assert.deepEqual(lab.containers(), []);
      writeFileSync(join(lab.runDir, "next-root.failed"), "its root can't be moved\n");
      const second = await lab.startHost();
      assert.equal(second.view.get("/image/state"), "UPDATE");
      assert.equal(second.view.get("/image/error"), "its root can't be moved");
      assert.equal(await lab.page(), "1");
      assert.equal(readdirSync(join(lab.runDir, "image/roots")).length, 1);
      await second.set(two);
      await assert.rejects(second.run("update"), {
        name: "PermanentError",
        message: "The machine did not switch to image 'two': its root can't be moved",
      });
      assert.equal(await lab.page(), "1");
      await second.set(one);
      assert.equal(second.view.get("/image/state"), "ACTIVE");
      assert.equal(second.view.get("/image/error"), undefined);
      await second.run("stop");
    });
  },
);

test("nothing is stopped for an image whose program is not in it", { skip }, async () => {
  await withContainerBeforeSwitch(["/no/such/init"], async (lab, host, { one }) => {
    const containers = lab.containers();
    const refusal = {
      name: "PermanentError",
      message: /^Cannot start image 'two': there is no '\/no\/such\/init' in it/,
    };
    await assert.rejects(host.run("update"), refusal);
    await host.set({ "/image/mode": "container" });
    await assert.rejects(host.run("update"), refusal);
    assert.equal(host.view.get("/image/state"), "UPDATE");
    assert.match(String(host.view.get("/image/error")), /there is no '\/no\/such\/init' in it/);
    assert.deepEqual(lab.containers(), containers);
    assert.equal(await lab.page(), "1");
    assert.equal(readdirSync(join(lab.runDir, "image/roots")).length, 1);
    await host.set(one);
    await host.run("stop");
  });
});
