import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { buildImage } from "../../scripts/build-image/build.ts";
import { whyNoMounts, withImageLab } from "../modules/image_lab.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

function whyNoPackages(): string | undefined {
  try {
    return execFileSync("apt-cache", ["show", "dropbear-bin"], { encoding: "utf8" }) === "" ? "no lists" : undefined;
  } catch {
    return "Debian's packages can't be had here";
  }
}

/** What a server says first. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("data", (chunk) => {
      resolve(chunk.toString().split("\n")[0] ?? "");
      socket.destroy();
    });
    socket.once("error", reject);
    socket.setTimeout(5_000, () => socket.destroy(new Error("it says nothing")));
  });
}

test("buildImage() makes the same image of the same packages, from which a real SSH server runs and is updated", {
  skip: whyNoMounts() ?? whyNoPackages() ?? false,
}, async () => {
  await withImageLab(async (lab) => {
    const build = async (name: string, label: string) => {
      const image = await buildImage({ name, label, output: join(lab.runDir, "built") });
      lab.server.files.set(name, readFileSync(image.file));
      return image;
    };
    const [one, again, two] = [await build("one", "1"), await build("again", "1"), await build("two", "2")];
    assert.equal(one.digest, again.digest);
    assert.notEqual(one.digest, two.digest);
    const ssh = ["/usr/sbin/dropbear", "-F", "-E", "-R", "-s", "-p", `127.0.0.1:${lab.port}`];
    const host = await lab.startHost();
    for (const { name, digest } of [one, two]) {
      await host.set({
        "/image/name": name,
        "/image/digest": digest,
        "/image/command": ssh,
        "/image/stopTimeout": 500,
      });
      if (name === "one") await host.run("fetch");
      await host.run(name === "one" ? "activate" : "update");
      assert.match(await greeting(lab.port), /^SSH-2\.0-dropbear_/);
    }
    const [root] = lab.inside("sh", "-c", `cat ${lab.runDir}/image/roots/*/root/etc/image`).split("\n");
    assert.equal(root, "2");
    await host.run("stop");
    await until(() => assert.rejects(greeting(lab.port)));
  });
});

test("buildImage() makes a layer of a folder, whatever the times and owners of its files", async () => {
  await withFolder(async (folder) => {
    mkdirSync(join(folder, "site/etc"), { recursive: true });
    writeFileSync(join(folder, "site/etc/motd"), "hello\n");
    const options = { label: "", tree: join(folder, "site"), output: folder };
    const first = await buildImage({ ...options, name: "a" });
    writeFileSync(join(folder, "site/etc/motd"), "hello\n");
    const second = await buildImage({ ...options, name: "b" });
    assert.equal(first.digest, second.digest);
    await assert.rejects(buildImage({ ...options, name: "../a" }), /'--name' is '..\/a': expected letters/);
    await assert.rejects(buildImage({ ...options, name: "a", tree: "/no/such" }), /'--tree' is '\/no\/such'/);
  });
});
