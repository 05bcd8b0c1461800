import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { cfgOf, HASTY, web, webServer, whyNoMounts, withImageLab } from "./image_lab.ts";

const skip = whyNoMounts() ?? false;

test(
  "an image is fetched, runs as a container with its own host name and process ids, and answers",
  { skip },
  async () => {
    await withImageLab(async (lab) => {
      const init = `#!/bin/sh
hostname >/www/hostname; echo $$ >/www/pid; echo "$KRAKEN_SECRET" >/www/secret
cat /etc/resolv.conf >/www/resolv.conf
exec httpd -f -p 127.0.0.1:${lab.port} -h /www
`;
      const image = lab.makeImage("compute-9.4", { "www/version": "one", "sbin/init": init });
      lab.inside("sh", "-c", `echo 'nameserver 10.0.0.1' >${lab.runDir}/dns`);
      lab.inside("mount", "--bind", `${lab.runDir}/dns`, "/etc/resolv.conf");
      const host = await lab.startHost();
      assert.equal(host.view.get("/image/state"), "IDLE");
      await host.set({ "/image/name": image.name, "/image/digest": image.digest, ...HASTY });
      await host.run("fetch");
      assert.equal(host.view.get("/image/state"), "FETCHING");
      await host.run("activate");
      assert.equal(host.view.get("/image/state"), "ACTIVE");
      assert.equal(host.view.get("/image/progress"), 100);
      assert.deepEqual(host.view.get("/image/active"), [image.digest]);
      assert.equal(await lab.page(), "one");
      assert.equal(await lab.page("hostname"), "n1");
      assert.equal(await lab.page("pid"), "1");
      assert.equal(await lab.page("resolv.conf"), "nameserver 10.0.0.1", "it has the machine's name servers");
      await host.run("stop");
      assert.equal(host.view.get("/image/state"), "IDLE");
      assert.equal(host.view.get("/image/active"), undefined);
      await assert.rejects(lab.page());
      assert.deepEqual(readdirSync(join(lab.runDir, "image/layers")), [], "an image that is not used is removed");
      assert.deepEqual(lab.containers(), []);
    });
  },
);

test("a fetch that is cut goes on where it was, and what the agent fetched before it was killed is not fetched again", {
  skip,
}, async () => {
  await withImageLab(async (lab) => {
    const image = web(lab, "web", "one");
    const size = lab.server.files.get("web")?.length ?? 0;
    lab.server.cuts.push(100_000, 150_000, 0, 50_000);
    lab.server.statuses.push(200, 200, 200, 200, ...Array<number>(5).fill(503));
    const first = await lab.startHost();
    await first.set(cfgOf(image, webServer(lab.port)));
    await first.run("fetch");
    first.run("activate").catch(() => {});
    await until(() => assert.ok(lab.received(image.digest) >= 300_000));
    await first.stop("killed");
    lab.server.statuses.length = 0;
    const second = await lab.startHost();
    assert.equal(second.view.get("/image/state"), "IDLE");
    await second.set(cfgOf(image, webServer(lab.port)));
    await second.run("fetch");
    await second.run("activate");
    assert.equal(await lab.page(), "one");
    const sent = lab.server.requests.reduce((sum, request) => sum + request.sent, 0);
    assert.equal(sent, size, `${sent} bytes were served for an image of ${size}`);
    assert.equal(lab.server.requests.at(-1)?.range, "bytes=300000-");
    await second.run("stop");
  });
});

test(
  "an update is fetched beside the image that runs, takes its place, and is not fetched twice",
  { skip },
  async () => {
    await withImageLab(async (lab) => {
      const [one, two] = [web(lab, "one", "1"), web(lab, "two", "2")];
      const host = await lab.startHost();
      await host.set(cfgOf(one, webServer(lab.port)));
      await host.run("fetch");
      await host.run("activate");
      await host.set(cfgOf(two, webServer(lab.port)));
      assert.equal(host.view.get("/image/state"), "UPDATE");
      assert.equal(await lab.page(), "1", "the older one goes on until the newer one is there");
      await host.run("update");
      assert.equal(host.view.get("/image/state"), "ACTIVE");
      assert.deepEqual(host.view.get("/image/active"), [two.digest]);
      assert.equal(await lab.page(), "2");
      assert.deepEqual(readdirSync(join(lab.runDir, "image/layers")), [two.digest]);
      assert.equal(readdirSync(join(lab.runDir, "image/roots")).length, 1);
      await host.set({ "/image/command": [...webServer(lab.port), "-v"] });
      await host.run("update");
      assert.equal(lab.server.requests.length, 2, "another command needs no other image");
      await host.run("stop");
    });
  },
);

test("an update that does not start leaves the image before it running, and says why", { skip }, async () => {
  await withImageLab(async (lab) => {
    const [one, two] = [web(lab, "one", "1"), web(lab, "two", "2")];
    const host = await lab.startHost();
    await host.set(cfgOf(one, webServer(lab.port)));
    await host.run("fetch");
    await host.run("activate");
    await host.set(cfgOf(two, ["/bin/sh", "-c", "echo no disk; exit 3"]));
    await assert.rejects(host.run("update"), /of image 'two' exited with code 3: no disk$/);
    assert.equal(host.view.get("/image/state"), "UPDATE");
    assert.match(String(host.view.get("/image/error")), /exited with code 3: no disk/);
    assert.equal(await lab.page(), "1");
    await host.set(cfgOf({ name: "two", digest: "0".repeat(64) }, webServer(lab.port)));
    await assert.rejects(host.run("update"), /has the SHA-256 [0-9a-f]{64}: expected 0{64}/);
    assert.equal(await lab.page(), "1");
    await host.set(cfgOf(one, webServer(lab.port)));
    assert.equal(host.view.get("/image/state"), "ACTIVE");
    assert.equal(host.view.get("/image/error"), undefined);
    await host.run("stop");
  });
});

test("layers lie over each other, and what is written goes into memory", { skip }, async () => {
  await withImageLab(async (lab) => {
    const base = lab.makeImage("base", { "www/version": "base", "www/only": "below" });
    const site = lab.makeImage("site", { "www/version": "site", "etc/resolv.conf": "nameserver 10.0.0.9\n" });
    const host = await lab.startHost();
    await host.set({ ...cfgOf(base, webServer(lab.port)), "/image/layers": [site] });
    await host.run("fetch");
    await host.run("activate");
    assert.deepEqual(host.view.get("/image/active"), [base.digest, site.digest]);
    assert.equal(await lab.page(), "site");
    assert.equal(await lab.page("only"), "below");
    const resolv = lab.inside("sh", "-c", `cat ${lab.runDir}/image/roots/*/root/etc/resolv.conf`);
    assert.equal(resolv, "nameserver 10.0.0.9", "its own name servers are left as they are");
    await host.run("stop");
  });
});
