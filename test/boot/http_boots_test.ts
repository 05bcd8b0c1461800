import assert from "node:assert/strict";
import { test } from "node:test";
import { createBoots } from "../../aggregator/boot/http/boots.ts";
import type { PxeHost } from "../../modules/pxe/registry.ts";
import type { BootSight } from "../../src/boot/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { MAC, withServer } from "./http_world.ts";
import { get } from "./pxe_client.ts";

const HOST: PxeHost = {
  ...{ id: "id", name: "n1", mac: MAC, method: "pxe", kernel: "vmlinuz", initrd: "initrd.img" },
  ...{ arguments: [], images: [] },
};

function makeBoots() {
  const clock = createVirtualClock();
  const sights: BootSight[] = [];
  const boots = createBoots({
    host: (mac) => mac === MAC ? HOST : undefined,
    ...{ hosts: () => [HOST], bystander: () => undefined, hostAt: () => undefined },
    ...{ isUp: () => false, isRunning: () => false, saw: (_id, sight) => void sights.push(sight) },
  }, clock);
  return { clock, sights, boots };
}

test("one machine has a token a second at most, and all of them a bounded number", async () => {
  const { clock, boots } = makeBoots();
  assert.equal(boots.admit("a"), "yes");
  await clock.advance(999);
  assert.equal(boots.admit("a"), "just-now");
  await clock.advance(1);
  assert.equal(boots.admit("a"), "yes");
  boots.end("a");
  assert.equal(boots.admit("a"), "yes", "its boot is over");
  const many = Array.from({ length: 300 }, (_, n) => boots.admit(`m${n}`));
  assert.deepEqual([many.filter((each) => each === "yes").length, many.at(-1)], [198, "many"]);
  await clock.advance(500);
  assert.equal(boots.admit("m299"), "yes", "who had none is not held to have had one");
});

test("a transfer counts for the boot of its machine, from the address that had the script, and while it boots", () => {
  const { boots, sights } = makeBoots();
  const took = (mac: string, address: string) => boots.took(mac, address, "vmlinuz", 0, 10, 10);
  took(MAC, "10.0.0.1");
  assert.deepEqual(sights, [], "it has not begun");
  boots.begin(HOST, "10.0.0.1");
  took(MAC, "10.0.0.2");
  took("52:54:00:77:00:02", "10.0.0.1");
  assert.deepEqual(sights, [{ kind: "script" }]);
  took(MAC, "10.0.0.1");
  boots.took(MAC, "10.0.0.1", "initrd.img", 0, 20, 20);
  assert.deepEqual(sights.slice(1), [{ kind: "progress", percent: 50 }, { kind: "loaded" }]);
  took(MAC, "10.0.0.1");
  assert.equal(sights.length, 3, "it is over");
  boots.begin(HOST, "10.0.0.1");
  boots.end("id");
  took(MAC, "10.0.0.1");
  assert.equal(sights.length, 4);
});

test("what fails in the boot server is answered with a problem, and is in the log", () =>
  withServer(async ({ url, logged, unknownMachines }) => {
    unknownMachines.saw = () => {
      throw new Error("no memory");
    };
    const answer = await get(`${url}/boot/v1/script?mac=52:54:00:77:00:99`);
    assert.deepEqual([answer.status, answer.headers["content-type"]], [500, "application/problem+json"]);
    assert.match(answer.body.toString(), /The boot server failed to answer: its log says why/);
    const line = logged.find((text) => text.includes("Cannot answer a machine")) ?? assert.fail(logged.join(""));
    assert.match(line, /"error".*"path":"\/boot\/v1\/script","problem":"no memory"/);
  }));

test("each answer is a line of the log at level debug, and each file another one when it was sent", () =>
  withServer(async ({ url, logged }) => {
    const lines = () => logged.filter((line) => line.includes('"debug"')).map((line) => JSON.parse(line));
    await get(`${url}/boot/v1/files/vmlinuz?mac=${MAC}`, { address: "127.0.0.5" });
    const [answered, sent] = lines().sort((a, b) => a.message < b.message ? -1 : 1);
    const { time: _, ...rest } = answered;
    assert.deepEqual(rest, {
      ...{ level: "debug", message: "Answered over HTTP", address: "127.0.0.5", method: "GET" },
      ...{ path: "/boot/v1/files/vmlinuz", status: 200 },
    });
    assert.deepEqual([sent.message, sent.node, sent.path, sent.taken, sent.length, sent.why], [
      ...["Sent a file over HTTP", "n1", "vmlinuz", 300_001, 300_001, undefined],
    ]);
  }));
