import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { probeTls } from "../../modules/redfish/tls_probe.ts";
import { serverHello } from "./tls_fixture.ts";

/** What {@link probeTls} finds out of a server that does this with who connects. */
async function probe(play: (socket: Socket) => void, signal = new AbortController().signal) {
  const server = createServer((socket) => {
    socket.on("error", () => {}).resume();
    play(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const first = await probeTls(new URL(`https://127.0.0.1:${port}/`), signal);
  await new Promise((resolve) => server.close(resolve)); // it would wait for a connection that is left open
  return first;
}

test("probeTls() greets and reads a server's first words, in whatever pieces they come", async () => {
  const bytes = serverHello({ cipher: 0x1234 });
  const said: Uint8Array[] = [];
  const first = await probe((socket) => {
    socket.on("data", (piece: Uint8Array) => said.push(piece));
    socket.write(bytes.subarray(0, 30), () => setTimeout(() => socket.write(bytes.subarray(30)), 20));
  });
  assert.ok(first?.kind === "hello");
  assert.equal(first.cipher, 0x1234);
  assert.equal(said[0]?.[0], 22);
});

test("probeTls() finds nothing out of a server that hangs up, is not there, or says too much", async () => {
  assert.equal(await probe((socket) => void socket.end()), undefined);
  assert.equal(await probe((socket) => void socket.destroy()), undefined);
  const record = [22, 3, 3, 0x40, 0, ...new Uint8Array(0x4000)]; // messages of a kind that says nothing
  const endless = new Uint8Array(Array.from({ length: 5 }, () => record).flat());
  const from = performance.now();
  assert.equal(await probe((socket) => void socket.write(endless)), undefined);
  assert.ok(performance.now() - from < 8_000, "without waiting for more");
  assert.equal(await probeTls(new URL("https://127.0.0.1:1/"), new AbortController().signal), undefined);
});

test("probeTls() leaves a silent server with what is not wanted any more", async () => {
  const unwanted = new AbortController();
  assert.equal(await probe(() => unwanted.abort(new Error("Not wanted")), unwanted.signal), undefined);
});
