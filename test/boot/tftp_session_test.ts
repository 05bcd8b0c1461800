import assert from "node:assert/strict";
import { test } from "node:test";
import { createMailbox } from "../../aggregator/boot/tftp/mailbox.ts";
import { decodeTftp, type TftpPacket } from "../../aggregator/boot/tftp/packet.ts";
import { runSession, type SessionEnd } from "../../aggregator/boot/tftp/session.ts";
import { bytesSource } from "../../aggregator/boot/tftp/sources.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

/** A transfer of a file of so many bytes, in blocks of 512, on a clock that stands still. */
function start(size: number, options: { readonly negotiated?: boolean; readonly window?: number } = {}) {
  const { negotiated = false, window = 1 } = options;
  const clock = createVirtualClock();
  const mailbox = createMailbox<TftpPacket>(clock);
  const sent: TftpPacket[] = [];
  const reads: number[] = [];
  const source = bytesSource(new Uint8Array(size));
  let answered = 0;
  let end: SessionEnd | undefined;
  const running = runSession({
    plan: { size, blockSize: 512, window, timeout: 1_000, negotiated },
    options: negotiated ? new Map([["tsize", String(size)]]) : undefined,
    source: {
      ...source,
      read(offset, length) {
        reads.push(length);
        return source.read(offset, length);
      },
    },
    mailbox,
    send(bytes) {
      const decoded = decodeTftp(bytes);
      if (decoded.ok) sent.push(decoded.packet);
      return Promise.resolve();
    },
    answered: () => ++answered > 0,
    progress() {},
    clock,
  }).then((how) => end = how);
  return {
    ...{ clock, running, reads },
    answered: () => answered,
    end: () => end,
    /** What was sent since this was called last: block numbers, and other packets by their kind. */
    sent: () => sent.splice(0).map((packet) => packet.op === "data" ? packet.block : packet.op),
    async say(packet: TftpPacket) {
      mailbox.put(packet);
      await clock.advance(0);
    },
  };
}
const ack = (block: number): TftpPacket => ({ op: "ack", block });

test("what is no acknowledgement is passed over: nothing is sent for it", async () => {
  const { clock, say, sent, end } = start(1_000);
  await clock.advance(0);
  assert.deepEqual(sent(), [1]);
  for (
    const packet of [
      { op: "data", block: 1, data: new Uint8Array(3) },
      { op: "oack", options: new Map() },
      { op: "write", file: "x", mode: "octet", options: new Map() },
      ack(7),
    ] as const
  ) await say(packet);
  assert.deepEqual([sent(), end()], [[], undefined]);
  await say(ack(1));
  assert.deepEqual(sent(), [2]);
  await say({ op: "read", file: "x", mode: "octet", options: new Map() });
  assert.deepEqual(sent(), [], "it has answered: what it asks for now is another transfer");
  await say(ack(2));
  assert.deepEqual(end(), { kind: "done", sent: 1_000 });
});

test("of a file no more is read at a time than a window has, and nothing again that is sent again", async () => {
  const { clock, say, sent, reads } = start(512 * 9 + 100, { window: 4, negotiated: true });
  await clock.advance(0);
  await say(ack(0));
  await clock.advance(1_000);
  for (const block of [4, 8, 10]) await say(ack(block));
  assert.deepEqual(reads, [512 * 4, 512 * 4, 512 + 100]);
  assert.deepEqual(sent(), ["oack", 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("a request that is repeated before an answer has what was lost sent again at once, and keeps nothing alive", async () => {
  const { clock, say, sent, end } = start(1_000, { negotiated: true });
  await clock.advance(0);
  assert.deepEqual(sent(), ["oack"]);
  for (let second = 0; second < 12; second++) {
    await say({ op: "read", file: "x", mode: "octet", options: new Map() });
    if (second < 10) assert.ok(sent().includes("oack"));
    await clock.advance(1_000);
  }
  assert.deepEqual(end(), { kind: "failed", sent: 0, reason: "The client has not answered" });
});

test("a client that is slow and alive has its file after more than the time in which it has to answer first", async () => {
  const { clock, say, sent, end, answered } = start(512 * 20 - 1);
  await clock.advance(0);
  for (let block = 1; block <= 20; block++) {
    assert.equal(end(), undefined, `after ${block} s`);
    await clock.advance(900);
    await say(ack(block));
  }
  assert.equal(end()?.kind, "done");
  assert.equal(answered(), 1);
  assert.deepEqual(sent(), Array.from({ length: 20 }, (_, n) => n + 1));
});

test("a transfer ends after 15 minutes, however alive its client is", async () => {
  const { clock, say, end } = start(512 * 2_000);
  await clock.advance(0);
  for (let block = 1; block <= 899; block++) {
    await clock.advance(1_000);
    await say(ack(block));
  }
  assert.equal(end(), undefined);
  await clock.advance(1_000);
  assert.deepEqual(end(), { kind: "failed", sent: 899 * 512, reason: "It took too long" });
});

test("a client that was sent the end of its file and is gone then has it; one that goes before has not", async () => {
  const last = "Its last acknowledgement is missing";
  for (const window of [1, 4]) {
    for (
      const [acked, kind] of [[512 * 4, "done"], [512 * 2, window === 1 ? "failed" : "done"], [0, "failed"]] as const
    ) {
      const { clock, say, end } = start(512 * 4 + 10, { window, negotiated: true });
      await clock.advance(0);
      await say(ack(0));
      for (let block = 1; block <= acked / 512; block++) await say(ack(block));
      await clock.advance(60_000);
      assert.equal(end()?.kind, kind, `${acked} of it, ${window} at a time`);
      assert.equal(end()?.sent, acked);
      assert.equal(end()?.reason, kind === "done" ? last : "The client does not answer");
    }
  }
  const never = start(10);
  await never.clock.advance(60_000);
  assert.equal(never.end()?.kind, "failed", "whoever has not answered may be nobody");
});

test("a client that knows nothing of the transfer any more had the end of its file; any other error is a failure", async () => {
  for (
    const [code, acks, kind] of [[5, 2, "done"], [5, 1, "failed"], [0, 2, "failed"], [3, 2, "failed"]] as const
  ) {
    const { clock, say, end } = start(512 * 2 + 10);
    await clock.advance(0);
    for (let block = 1; block <= acks; block++) await say(ack(block));
    await say({ op: "error", code, message: "" });
    assert.equal(end()?.kind, kind, `error ${code} after ${acks}`);
  }
});

test("a client that leaves has its file only where it has answered, and was sent the end of it", async () => {
  const gone: TftpPacket = { op: "error", code: 5, message: "Unknown transfer" };
  const lost = "The client ended it: Unknown transfer";
  const cases: [size: number, acks: number[], end: SessionEnd][] = [
    [100, [], { kind: "failed", sent: 0, reason: lost }],
    [1_000, [], { kind: "failed", sent: 0, reason: lost }],
    [2_000, [1], { kind: "failed", sent: 512, reason: lost }],
    [1_000, [1], { kind: "done", sent: 512, reason: "Its last acknowledgement is missing" }],
  ];
  for (const [size, acks, expected] of cases) {
    const { clock, say, end } = start(size);
    await clock.advance(0);
    for (const block of acks) await say(ack(block));
    await say(gone);
    assert.deepEqual(end(), expected, `${size} bytes, ${acks}`);
  }
});

test("a client that ends a transfer otherwise has no file, and one that only asked for its size has probed", async () => {
  const refusal = (message: string): TftpPacket => ({ op: "error", code: 0, message });
  const probing = start(100, { negotiated: true });
  await probing.clock.advance(0);
  await probing.say(refusal("User aborted"));
  assert.deepEqual(probing.end(), { kind: "probed", sent: 0, reason: "The client ended it: User aborted" });
  const ending = start(1_000);
  await ending.clock.advance(0);
  await ending.say(ack(1));
  await ending.say(refusal(""));
  assert.deepEqual(ending.end(), { kind: "failed", sent: 512, reason: "The client ended it: error 0" });
});

test("a client that falls silent has its file where only the last acknowledgement is missing", async () => {
  for (
    const [size, expected] of [
      [1_000, { kind: "done", sent: 512, reason: "Its last acknowledgement is missing" }],
      [2_000, { kind: "failed", sent: 512, reason: "The client does not answer" }],
    ] as const
  ) {
    const { clock, say, end } = start(size);
    await clock.advance(0);
    await say(ack(1));
    for (let second = 0; second < 120 && end() === undefined; second++) await clock.advance(1_000);
    assert.deepEqual(end(), expected, `${size} bytes`);
  }
});
