import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { type HttpWorld, KERNEL, MAC, withServer } from "./http_world.ts";
import { get } from "./pxe_client.ts";

const lines = ({ logged }: HttpWorld, message: string) =>
  logged.map((line) => JSON.parse(line)).filter((line) => line.message === message);

test("the time is that of the aggregator's clock, in seconds with three digits", () =>
  withServer(async ({ url, clock }) => {
    await clock.advance(1_234);
    const { body } = await get(`${url}/boot/v1/time`);
    assert.equal(body.toString(), `${(clock.wall() / 1000).toFixed(3)}\n`);
    assert.match(body.toString(), /\.234\n$/);
  }));

test("what is not there is answered with a problem, and logged with 200 characters of its path", () =>
  withServer(async (world) => {
    const path = `/boot/v1/${"x".repeat(300)}`;
    const answer = await get(`${world.url}${path}`);
    assert.deepEqual([answer.status, answer.headers["content-type"]], [404, "application/problem+json"]);
    assert.equal(JSON.parse(answer.body.toString()).detail, "There is no such file");
    const [line] = lines(world, "Answered over HTTP");
    assert.deepEqual([line.path, line.status, line.method], [path.slice(0, 200), 404, "GET"]);
  }));

test("a machine that came over an IPv6 socket has its IPv4 address, and a request without a connection none", () =>
  withServer(async (world) => {
    const socket = { remoteAddress: "::ffff:10.77.0.5", destroy() {} };
    await world.app.request("/boot/v1/time", {}, { incoming: { socket } });
    await world.app.request("/boot/v1/time");
    assert.deepEqual(lines(world, "Answered over HTTP").map(({ address }) => address), ["10.77.0.5", ""]);
  }));

test("who asks for a file that is not there is known by its MAC address, or else by where it asks from", () =>
  withServer(async (world) => {
    const ask = async (query: string, address: string) => {
      const { status } = await get(`${world.url}/boot/v1/files/none${query}`, { address });
      assert.equal(status, 404);
      return [world.told.splice(0), world.noted.splice(0)];
    };
    const known = [["n1: It asked for none, which is not below the boot files"], ["recheck n1"]];
    assert.deepEqual(await ask(`?mac=${MAC}`, "127.0.0.9"), known);
    assert.deepEqual(await ask("", "127.0.0.5"), known);
    assert.deepEqual(await ask("?mac=52:54:00:77:00:99", "127.0.0.5"), known);
    assert.deepEqual(await ask("", "127.0.0.9"), [[], []]);
    assert.equal(world.transfers.counts.refused, 4);
  }));

test("a path is told with 256 characters, whatever it is", () =>
  withServer(async ({ url, told, logged }) => {
    await get(`${url}/boot/v1/files/${"x".repeat(300)}?mac=${MAC}`);
    assert.deepEqual(told, [`n1: It asked for ${"x".repeat(256)}, which is not below the boot files`]);
    const missing = logged.find((line) => line.includes("does not exist")) ?? assert.fail("nothing is logged");
    assert.equal(JSON.parse(missing).path, "x".repeat(256));
  }));

test("images are files in a folder of their own", () =>
  withServer(async ({ url }) => {
    for (const [path, text] of [["images/root.sqfs", "image"], ["files/images/root.sqfs", "image"]]) {
      const answer = await get(`${url}/boot/v1/${path}`);
      assert.deepEqual([answer.status, answer.body.toString()], [200, text]);
    }
    for (const path of ["images/vmlinuz", "images/", "files/", "images/%2e%2e/vmlinuz", "files/%zz"]) {
      assert.equal((await get(`${url}/boot/v1/${path}`)).status, 404, path);
    }
  }));

test("who only looks at a file has had none of it: nothing is counted or told", () =>
  withServer(async ({ url, transfers, noted }) => {
    const answer = await get(`${url}/boot/v1/files/vmlinuz?mac=${MAC}`, { method: "HEAD", address: "127.0.0.5" });
    assert.deepEqual([answer.status, answer.headers["content-length"]], [200, String(KERNEL.length)]);
    assert.deepEqual([transfers.counts.done, noted], [0, []]);
  }));

test("a file counts for the boot of the machine that says its MAC address, and for the node at its address", () =>
  withServer(async ({ url, seen, noted, transfers }) => {
    const address = "127.0.0.5";
    await get(`${url}/boot/v1/script?mac=${MAC}`, { address });
    await get(`${url}/boot/v1/files/vmlinuz`, { address });
    await waitFor("it is told", () => noted.length > 0);
    assert.deepEqual(noted, ["fetched n1 vmlinuz"]);
    assert.equal(seen("n1", "/pxe/progress") ?? 0, 0, "it has not said that it is the machine");
    await get(`${url}/boot/v1/files/vmlinuz?mac=${MAC}`, { address: "127.0.0.9" });
    assert.equal(seen("n1", "/pxe/progress") ?? 0, 0, "it asks from elsewhere");
    await get(`${url}/boot/v1/files/vmlinuz?mac=${MAC}`, { address });
    await waitFor("it is seen", () => seen("n1", "/pxe/progress") === 50);
    assert.equal(transfers.counts.done, 3);
  }));

test("a download that breaks off is told with what was taken of how much, and logged", () =>
  withServer(async (world) => {
    const socket = connect({ port: Number(new URL(world.url).port), host: "127.0.0.1", localAddress: "127.0.0.5" });
    socket.on("error", () => {});
    socket.write(`GET /boot/v1/files/initrd.img HTTP/1.1\r\nhost: x\r\nrange: bytes=0-99\r\n\r\n`);
    await waitFor("it is sent", () => world.transfers.counts.done === 1);
    socket.destroy();
    const [sent] = lines(world, "Sent a file over HTTP");
    assert.deepEqual([sent.taken, sent.length, sent.path, sent.address], [100, 100, "initrd.img", "127.0.0.5"]);
    assert.deepEqual(world.told, []);
  }));
