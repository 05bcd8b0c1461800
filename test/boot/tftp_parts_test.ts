import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openFile } from "../../aggregator/boot/open_file.ts";
import { createMailbox } from "../../aggregator/boot/tftp/mailbox.ts";
import { negotiate } from "../../aggregator/boot/tftp/negotiate.ts";
import { decodeTftp, encodeTftp, TFTP_ERROR } from "../../aggregator/boot/tftp/packet.ts";
import { errorPacketOf, runSession, type SessionEnd } from "../../aggregator/boot/tftp/session.ts";
import { bytesSource, fileSource } from "../../aggregator/boot/tftp/sources.ts";
import { bytesAcked, inFlight, lastBlock, pauseOf, startTransfer } from "../../aggregator/boot/tftp/transfer.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("a mailbox hands on what comes in its order, at once where something waits", async () => {
  const clock = createVirtualClock();
  const mailbox = createMailbox<number>(clock);
  for (const n of [1, 2]) mailbox.put(n);
  assert.deepEqual([await mailbox.next(1_000), await mailbox.next(0), await mailbox.next(0)], [1, 2, undefined]);
  const waiting = mailbox.next(1_000);
  await clock.advance(999);
  mailbox.put(3);
  assert.equal(await waiting, 3);
  assert.equal(clock.waiting, 0, "no timer is left behind");
  const late = mailbox.next(1_000);
  await clock.advance(1_000);
  assert.equal(await late, undefined);
  assert.equal(await mailbox.next(-1), undefined);
});

test("a mailbox takes 64 and drops what comes beyond", async () => {
  const mailbox = createMailbox<number>(createVirtualClock());
  for (let n = 1; n <= 70; n++) mailbox.put(n);
  const taken: (number | undefined)[] = [];
  for (let n = 1; n <= 65; n++) taken.push(await mailbox.next(0));
  assert.deepEqual(taken, [...Array.from({ length: 64 }, (_, n) => n + 1), undefined]);
});

test("a mailbox that is closed ends what waits, for the first reason, and takes nothing more", async () => {
  const clock = createVirtualClock();
  const mailbox = createMailbox<number>(clock);
  assert.equal(mailbox.closed(), undefined);
  const waiting = mailbox.next(1_000);
  mailbox.close("first");
  mailbox.close("second");
  assert.equal(await waiting, undefined);
  mailbox.put(1);
  assert.equal(await mailbox.next(1_000), undefined);
  assert.deepEqual([mailbox.closed(), clock.waiting], ["first", 0]);
  const full = createMailbox<number>(clock);
  full.put(1);
  full.close();
  assert.deepEqual([await full.next(0), full.closed()], [undefined, "It was closed"]);
});

test("the least and the largest of each option are agreed to, and what is beyond is passed over", () => {
  const agreed = (name: string, value: string) => negotiate(new Map([[name, value]]), 100, 70_000).accepted?.get(name);
  const cases: (readonly [name: string, value: string, agreed: string | undefined])[] = [
    ...[["blksize", "7", undefined], ["blksize", "8", "8"]] as const,
    ...[["blksize", "65464", "65464"], ["blksize", "65465", undefined]] as const,
    ...[["timeout", "0", undefined], ["timeout", "1", "1"], ["timeout", "10", "10"], [
      "timeout",
      "11",
      undefined,
    ]] as const,
    ...[["windowsize", "0", undefined], ["windowsize", "1", "1"], ["windowsize", "16", "16"]] as const,
    ...[["windowsize", "17", "16"], ["windowsize", "65535", "16"], ["windowsize", "65536", undefined]] as const,
    ...[["tsize", "0", "100"], ["tsize", "9007199254740991", "100"], ["tsize", "9007199254740993", undefined]] as const,
    ...[["tsize", "12345678901234567", undefined], ["blksize", " 512", undefined], ["blksize", "", undefined]] as const,
  ];
  for (const [name, value, expected] of cases) assert.equal(agreed(name, value), expected, `${name} ${value}`);
  const plain = negotiate(new Map(), 100, 256);
  assert.deepEqual([plain.blockSize, plain.window, plain.timeout, plain.accepted], [256, 1, 1_000, undefined]);
});

test("packets of the largest size are read, and larger ones are not", () => {
  const request = (length: number) => {
    const bytes = encodeTftp({ op: "read", file: "f", mode: "octet", options: new Map() });
    return Uint8Array.from({ length }, (_, at) => bytes[at] ?? 0);
  };
  assert.deepEqual([512, 513].map((length) => decodeTftp(request(length)).ok), [true, false]);
  const data = (length: number) => Uint8Array.from({ length }, (_, at) => at === 1 ? 3 : 0);
  assert.deepEqual([3, 4, 4 + 65_464, 5 + 65_464].map((length) => decodeTftp(data(length)).ok), [
    ...[false, true, true, false],
  ]);
  const error = (length: number) => Uint8Array.from({ length }, (_, at) => at === 1 ? 5 : at < 4 ? 0 : 97);
  assert.deepEqual([3, 4, 512, 513].map((length) => decodeTftp(error(length)).ok), [false, true, true, false]);
  const oack = (length: number) => Uint8Array.from({ length }, (_, at) => at === 1 ? 6 : 0);
  assert.deepEqual([2, 512, 513].map((length) => decodeTftp(oack(length)).ok), [true, true, false]);
  assert.deepEqual([3, 4, 5].map((length) => decodeTftp(Uint8Array.of(0, 4, 0, 1, 0).slice(0, length)).ok), [
    ...[false, true, true],
  ]);
});

test("numbers of packets have two bytes, the higher first, and errors their codes", () => {
  assert.deepEqual([...encodeTftp({ op: "ack", block: 0x1234 })], [0, 4, 0x12, 0x34]);
  const data = encodeTftp({ op: "data", block: 0xffff, data: Uint8Array.of(7, 8) });
  assert.deepEqual([...data], [0, 3, 255, 255, 7, 8]);
  assert.deepEqual([...errorPacketOf("unknownId", "x")], [0, 5, 0, 5, 120, 0]);
  assert.deepEqual(TFTP_ERROR, { undefined: 0, notFound: 1, access: 2, illegal: 4, unknownId: 5, options: 8 });
  assert.deepEqual([...encodeTftp({ op: "oack", options: new Map([["a", "1"]]) })], [0, 6, 97, 0, 49, 0]);
  for (const file of ["a\0b", "\0"]) {
    assert.throws(() => encodeTftp({ op: "read", file, mode: "octet", options: new Map() }), RangeError);
  }
});

test("the last block is the one that is not full, if need be an empty one", () => {
  const plan = (size: number) => ({ size, blockSize: 512, window: 2, timeout: 1_000, negotiated: false });
  assert.deepEqual([0, 1, 511, 512, 513, 1_024].map((size) => lastBlock(plan(size))), [1, 1, 1, 2, 2, 3]);
  assert.deepEqual(inFlight(startTransfer(plan(0))), { from: 1, to: 1 });
  assert.deepEqual(inFlight(startTransfer(plan(5_000))), { from: 1, to: 2 });
  assert.equal(inFlight(startTransfer({ ...plan(5_000), negotiated: true })), "options");
  const bytes = (acked: number) => bytesAcked(plan(1_000), { acked, sent: 2, attempts: 1 });
  assert.deepEqual([-1, 0, 1, 2].map(bytes), [0, 0, 512, 1_000]);
});

test("who asked for longer pauses than 8 s has them, and they grow no further", () => {
  const plan = (timeout: number) => ({ size: 10, blockSize: 512, window: 1, timeout, negotiated: true });
  const pauses = (timeout: number) =>
    [1, 2, 3, 4, 5].map((attempts) => pauseOf(plan(timeout), { acked: 0, sent: 1, attempts }));
  assert.deepEqual(pauses(10_000), [10_000, 10_000, 10_000, 10_000, 10_000]);
  assert.deepEqual(pauses(3_000), [3_000, 6_000, 8_000, 8_000, 8_000]);
});

test("bytes are sent from where they are asked for", async () => {
  const source = bytesSource(Uint8Array.of(1, 2, 3, 4, 5));
  assert.equal(source.size, 5);
  assert.deepEqual([...await source.read(1, 3)], [2, 3, 4]);
  assert.deepEqual([...await source.read(4, 3)], [5]);
  await source.close();
});

test("a file is sent from where it is asked for, ends the transfer when it became shorter, and is closed", () =>
  withFolder(async (folder) => {
    const path = join(folder, "file");
    writeFileSync(path, "0123456789");
    const file = await openFile(folder, "file") ?? assert.fail("there is none");
    const source = fileSource(file);
    const read = async (offset: number, length: number) => new TextDecoder().decode(await source.read(offset, length));
    assert.deepEqual([await read(0, 4), await read(4, 4), await read(8, 4), await read(10, 4)], [
      "0123",
      "4567",
      "89",
      "",
    ]);
    truncateSync(path, 6);
    assert.equal(await read(2, 4), "2345");
    await assert.rejects(source.read(4, 4), { message: `Cannot read "${path}" to its end: it had 10 bytes, now 6` });
    await source.close();
    await assert.rejects(file.handle.stat());
  }));

/** Ends a session of a file of 1,000 bytes by what its client says, after so many acknowledgements. */
async function endOf(acks: readonly number[], last: Parameters<typeof encodeTftp>[0] | undefined, room = true) {
  const clock = createVirtualClock();
  const mailbox = createMailbox<Parameters<typeof encodeTftp>[0]>(clock);
  const sent: Uint8Array[] = [];
  const progress: number[] = [];
  let end: SessionEnd | undefined;
  const running = runSession({
    plan: { size: 1_000, blockSize: 512, window: 1, timeout: 1_000, negotiated: false },
    options: undefined,
    source: bytesSource(new Uint8Array(1_000)),
    mailbox,
    send: (bytes) => Promise.resolve(void sent.push(bytes)),
    answered: () => room,
    progress: (bytes) => progress.push(bytes),
    clock,
  }).then((how) => end = how);
  for (const block of acks) {
    mailbox.put({ op: "ack", block });
    await clock.advance(0);
  }
  if (last !== undefined) mailbox.put(last);
  await clock.advance(last === undefined ? 60_000 : 0);
  assert.ok(end !== undefined, "it goes on");
  await running;
  assert.equal(clock.waiting, 0, "no timer is left behind");
  return { end, progress, sent };
}

test("a transfer whose every block is acknowledged is done, and its progress is told", async () => {
  const { end, progress } = await endOf([1], { op: "ack", block: 2 });
  assert.deepEqual([end, progress], [{ kind: "done", sent: 1_000 }, [512]]);
});

test("a client that ends it is quoted, in 80 characters, or else its code", async () => {
  const said = async (message: string) => (await endOf([], { op: "error", code: 3, message })).end;
  assert.deepEqual(await said("x".repeat(100)), {
    ...{ kind: "failed", sent: 0, reason: `The client ended it: ${"x".repeat(80)}` },
  });
  assert.deepEqual(await said(""), { kind: "failed", sent: 0, reason: "The client ended it: error 3" });
});

test("where there is no room for a client that answers it is told so", async () => {
  const { end, sent } = await endOf([], { op: "ack", block: 1 }, false);
  assert.deepEqual(end, { kind: "failed", sent: 0, reason: "There are too many transfers" });
  assert.deepEqual(decodeTftp(sent.at(-1) ?? new Uint8Array()), {
    ok: true,
    packet: { op: "error", code: 0, message: "Too many transfers, ask again" },
  });
});

test("a client that goes silent in the middle has failed, with what it had", async () => {
  const clock = createVirtualClock();
  assert.equal(clock.now(), 0);
  const { end } = await endOf([1], undefined);
  assert.deepEqual([end.kind, end.sent, end.reason], ["done", 512, "Its last acknowledgement is missing"]);
  const first = await endOf([], undefined);
  assert.deepEqual([first.end.kind, first.end.sent, first.end.reason], ["failed", 0, "The client has not answered"]);
});
