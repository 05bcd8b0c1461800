import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { withServer } from "./http_world.ts";

test("iPXE that asks for autoexec.ipxe gets a chain to its script, with no warning and no event; one that is there comes first", () =>
  withServer(async ({ url, folder, told, logged, noted }) => {
    for (const path of ["autoexec.ipxe", "arm64/autoexec.ipxe"]) {
      const answer = await fetch(`${url}/boot/v1/files/${path}`);
      assert.equal(answer.status, 200);
      const text = await answer.text();
      assert.match(text, /^#!ipxe\n/);
      assert.ok(text.includes(`chain --replace --autofree ${url}/boot/v1/script?mac=\${netX/mac}`), text);
    }
    assert.deepEqual([told, logged.filter((line) => line.includes('"warn"')), noted], [[], [], []]);
    writeFileSync(join(folder, "files", "autoexec.ipxe"), "#!ipxe\nshell\n");
    assert.equal(await (await fetch(`${url}/boot/v1/files/autoexec.ipxe`)).text(), "#!ipxe\nshell\n");
  }));

test("a file that is refused to a machine has its boot looked at anew, and one that it has wholly is told by its path", () =>
  withServer(async ({ url, folder, noted }) => {
    const of = "?mac=52:54:00:77:00:01";
    assert.equal((await fetch(`${url}/boot/v1/files/none${of}`)).status, 404);
    assert.deepEqual(noted.splice(0), ["recheck n1"]);
    await (await fetch(`${url}/boot/v1/files/vmlinuz${of}`)).arrayBuffer();
    await waitFor("it has the file", () => noted.length > 0);
    assert.deepEqual(noted.splice(0), ["fetched n1 vmlinuz"]);
    rmSync(join(folder, "files", "vmlinuz"));
    assert.match(await (await fetch(`${url}/boot/v1/script${of}`)).text(), /there is no file vmlinuz/);
    assert.equal(noted.filter((note) => note === "recheck n1").length, noted.length);
  }));
