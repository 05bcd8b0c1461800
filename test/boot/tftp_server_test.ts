import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openFile } from "../../aggregator/boot/open_file.ts";
import {
  bytesSource,
  fileSource,
  startTftpServer,
  type TftpEvent,
  type TftpServer,
  type TftpServerOptions,
} from "../../aggregator/boot/tftp/mod.ts";
import type { TftpPacket } from "../../aggregator/boot/tftp/packet.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { until } from "../support/until.ts";
import type { UdpPeer } from "../../aggregator/boot/udp.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { lossyFate, openLossyLink } from "./lossy_link.ts";
import { type Heard, openTftpClient, readRequest, type TftpTestClient } from "./tftp_client.ts";

const run = promisify(execFile);

/** Bytes that show where a block is missing or in the wrong place. */
function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, n) => (n * 31 + (n >> 8)) & 255);
}

interface Served {
  readonly server: TftpServer;
  readonly at: { readonly address: string; readonly port: number };
  readonly events: TftpEvent[];
  readonly client: TftpTestClient;
}

async function serve(
  options: Partial<TftpServerOptions>,
  use: (served: Served) => Promise<void>,
): Promise<void> {
  const events: TftpEvent[] = [];
  const server = await startTftpServer({
    address: "127.0.0.1",
    port: 0,
    read: () => undefined,
    onEvent: (event) => events.push(event),
    log: createLog(() => {}),
    clock: systemClock,
    ...options,
  });
  const client = await openTftpClient();
  try {
    await use({ server, at: { address: "127.0.0.1", port: server.port }, events, client });
  } finally {
    await client.close();
    await server.stop();
  }
}

/** Fetches a file as a client without windows would: what it said last it says again, when nothing comes. */
async function fetchFile(client: TftpTestClient, file: string, at: Served["at"], blockSize = 512): Promise<Uint8Array> {
  const request = readRequest(file, blockSize === 512 ? {} : { blksize: String(blockSize) });
  let last: [TftpPacket, UdpPeer] = [request, at];
  await client.say(...last);
  const blocks: Uint8Array[] = [];
  for (let silences = 0; silences < 20;) {
    const heard = await client.hear(1500);
    if (heard?.packet.op === "error") throw new Error(heard.packet.message);
    if (heard === undefined) silences++;
    else if (heard.packet.op === "oack") last = [{ op: "ack", block: 0 }, heard.from];
    else if (heard.packet.op === "data") {
      if (heard.packet.block === blocks.length + 1) blocks.push(heard.packet.data);
      last = [{ op: "ack", block: heard.packet.block }, heard.from];
    }
    await client.say(...last);
    const end = blocks.at(-1);
    if (end !== undefined && end.length < blockSize) return Uint8Array.from(blocks.flatMap((block) => [...block]));
  }
  throw new Error("The server says nothing");
}

test("files of all sizes around a block arrive as they are, and the transfer is told of", async () => {
  const sizes = [0, 1, 511, 512, 513, 1024, 5000];
  await serve({ read: (path) => bytesSource(pattern(Number(path))) }, async ({ client, at, events, server }) => {
    for (const size of sizes) {
      assert.deepEqual(await fetchFile(client, String(size), at), pattern(size));
      await until(() => server.transfers() === 0);
      assert.deepEqual(events.at(-1), {
        client: { address: "127.0.0.1", port: client.port },
        path: String(size),
        kind: "done",
        sent: size,
        size,
      });
    }
    const progress = events.filter(({ path, kind }) => path === "5000" && kind === "progress").map(({ sent }) => sent);
    assert.deepEqual(progress, [512, 1024, 1536, 2048, 2560, 3072, 3584, 4096, 4608]);
  });
});

test("what nobody may have is refused, and the server goes on", async () => {
  await serve({
    read(path) {
      if (path === "broken") throw new Error("Cannot read it");
      return path === "good" ? bytesSource(pattern(10)) : undefined;
    },
  }, async ({ client, at, events }) => {
    const write: TftpPacket = { op: "write", file: "good", mode: "octet", options: new Map() };
    const text: TftpPacket = { op: "read", file: "good", mode: "netascii", options: new Map() };
    const cases: [TftpPacket, number, RegExp][] = [
      [write, 2, /read-only/],
      [text, 4, /mode octet/],
      [readRequest("missing"), 1, /No such file/],
      [readRequest("../good"), 1, /No such file/],
      [readRequest("a\\good"), 1, /No such file/],
      [readRequest("broken"), 0, /can't send it/],
    ];
    for (const [request, code, message] of cases) {
      await client.say(request, at);
      const heard = await client.hear();
      assert.ok(heard?.packet.op === "error", JSON.stringify(request));
      assert.equal(heard.packet.code, code);
      assert.match(heard.packet.message, message);
    }
    assert.deepEqual(events.filter(({ kind }) => kind === "refused").length, 5);
    for (const junk of [[], [0], [0, 9], [0, 4, 0, 0], [0, 3, 0, 1, 2]]) await client.say(Uint8Array.from(junk), at);
    for (const request of [[0, 1], [0, 1, 255, 0], [0, 2, 97, 0], [0, 1, ...new Array(600).fill(97)]]) {
      await client.say(Uint8Array.from(request), at);
      const heard = await client.hear();
      assert.equal(heard?.packet.op === "error" && heard.packet.code, 4, "never silence");
    }
    assert.deepEqual(await fetchFile(client, "good", at), pattern(10));
  });
});

test("one client has a few transfers at a time, all of them together a bounded number", async () => {
  const read = () => bytesSource(pattern(5000));
  const limits = { transfers: 3, kept: 0, perClient: 2 };
  await serve({ read, limits }, async ({ at, server }) => {
    const clients = await Promise.all(
      ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3"].map((address) => openTftpClient(address)),
    );
    const answers: string[] = [];
    for (const client of clients) {
      await client.say(readRequest("x"), at);
      const first = await client.hear();
      if (first?.packet.op === "data") await client.say({ op: "ack", block: 1 }, first.from);
      answers.push((first?.packet.op === "data" ? await client.hear() : first)?.packet.op ?? "nothing");
    }
    assert.deepEqual(answers, ["data", "data", "error", "data", "error"]);
    assert.equal(server.transfers(), 3);
    await Promise.all(clients.map((client) => client.close()));
  });
});

test("requests whose clients never answer take no place from those that do, and end soon", async () => {
  const clock = createVirtualClock();
  const read = () => bytesSource(pattern(700));
  const isKnown = (address: string) => address === "127.0.0.1";
  await serve({ read, isKnown, clock, limits: { halfOpen: 8 } }, async ({ client, at, server, events }) => {
    const flood = await Promise.all(Array.from({ length: 30 }, (_, n) => openTftpClient(`127.0.1.${n + 1}`)));
    let first: Heard | undefined;
    for (const each of flood) {
      await each.say(readRequest("x"), at);
      first = await each.hear();
      assert.equal(first?.packet.op, "data");
    }
    await until(() => server.transfers() === 8 && events.filter(({ kind }) => kind === "failed").length === 22);
    assert.deepEqual(await fetchFile(client, "x", at), pattern(700), "a known machine");
    const last = flood.at(-1); // a stranger that answers
    assert.ok(first !== undefined && last !== undefined);
    await last.say({ op: "ack", block: 1 }, first.from);
    assert.equal((await last.hear())?.packet.op, "data");
    await last.say({ op: "ack", block: 2 }, first.from);
    await until(() => server.transfers() === 7);
    await clock.advance(10_000);
    await until(() => server.transfers() === 0);
    assert.equal(events.at(-1)?.reason, "The client has not answered");
    await Promise.all(flood.map((each) => each.close()));
  });
});

test("what is not acknowledged comes again; a stranger at the transfer's port changes nothing", async () => {
  await serve({ read: () => bytesSource(pattern(600)) }, async ({ client, at }) => {
    await client.say(readRequest("x"), at);
    await client.say(readRequest("x"), at); // the same request again is the same transfer
    const first = await client.hear();
    assert.ok(first?.packet.op === "data");
    const stranger = await openTftpClient();
    await stranger.say({ op: "ack", block: 1 }, first.from);
    await stranger.say({ op: "error", code: 0, message: "" }, first.from);
    await stranger.close();
    assert.deepEqual(await client.hear(), first, "as it was asked for twice");
    assert.deepEqual(await client.hear(), first, "as it was not acknowledged");
    await client.say({ op: "ack", block: 1 }, first.from);
    const second = await client.hear();
    assert.ok(second?.packet.op === "data" && second.packet.block === 2 && second.packet.data.length === 88);
  });
});

test("a machine that was reset and asks again from the same port is served at once, and the transfer from before ends", async () => {
  const clock = createVirtualClock(); // nothing is sent again by itself
  await serve({ read: () => bytesSource(pattern(5000)), clock }, async ({ client, at, server, events }) => {
    const begin = async (request: TftpPacket) => {
      await client.say(request, at);
      const heard = await client.hear();
      assert.ok(heard?.packet.op === "data" && heard.packet.block === 1, "it is served at once");
      return heard.from;
    };
    const goOn = async (from: UdpPeer, block = 1) => {
      await client.say({ op: "ack", block }, from);
      const heard = await client.hear();
      assert.ok(heard?.packet.op === "data" && heard.packet.block === block + 1 && heard.from.port === from.port);
    };
    const first = await begin(readRequest("x"));
    assert.deepEqual(await begin(readRequest("x")), first, "it has not answered: what was lost comes again");
    await goOn(first);
    const second = await begin(readRequest("x"));
    assert.notEqual(second.port, first.port);
    assert.equal(server.transfers(), 2, "anybody can ask in its name: until it answers, both are there");
    await goOn(second);
    await until(() => server.transfers() === 1);
    assert.match(events.findLast(({ kind }) => kind === "failed")?.reason ?? "", /asked again from the same port/);
    const third = await begin(readRequest("y"));
    assert.notEqual(third.port, second.port);
    await goOn(second, 2);
  });
});

test("who sends to the port of a transfer that is not its own is told that there is none, at a bounded rate", async () => {
  await serve({ read: () => bytesSource(pattern(600)) }, async ({ client, at }) => {
    await client.say(readRequest("x"), at);
    const first = await client.hear();
    assert.ok(first?.packet.op === "data");
    const stranger = await openTftpClient();
    try {
      await stranger.say({ op: "error", code: 5, message: "" }, first.from);
      assert.equal(await stranger.hear(300), undefined, "errors are not answered with errors");
      await stranger.say(Uint8Array.of(0, 99, 1), first.from);
      const junk = await stranger.hear();
      assert.equal(junk?.packet.op === "error" && junk.packet.code, 5, "what can't be read is answered too");
      for (let n = 0; n < 40; n++) await stranger.say({ op: "ack", block: 1 }, first.from);
      let told = 0;
      for (let heard = await stranger.hear(); heard !== undefined; heard = await stranger.hear(500)) {
        assert.ok(heard.packet.op === "error" && heard.packet.code === 5);
        told++;
      }
      assert.ok(told >= 1 && told <= 15, String(told));
    } finally {
      await stranger.close();
    }
    await client.say({ op: "ack", block: 1 }, first.from);
    let second = await client.hear();
    while (second?.packet.op === "data" && second.packet.block === 1) second = await client.hear();
    assert.ok(second?.packet.op === "data" && second.packet.block === 2);
  });
});

test("blocks are as large as the server was told that its network takes, and no larger", async () => {
  for (const [maxBlock, expected] of [[undefined, "1468"], [8968, "8968"], [512, "512"]] as const) {
    const options = maxBlock === undefined ? {} : { maxBlock };
    await serve({ read: () => bytesSource(pattern(20_000)), ...options }, async ({ client, at }) => {
      await client.say(readRequest("x", { blksize: "65464" }), at);
      const oack = await client.hear();
      assert.ok(oack?.packet.op === "oack");
      assert.equal(oack.packet.options.get("blksize"), expected);
      await client.say({ op: "ack", block: 0 }, oack.from);
      const data = await client.hear();
      assert.equal(data?.packet.op === "data" && data.packet.data.length, Number(expected));
    });
  }
});

test("firmware that only asks for a size is told it, and is no failure", async () => {
  await serve({ read: () => bytesSource(pattern(600)) }, async ({ client, at, events }) => {
    await client.say(readRequest("x", { tsize: "0", blksize: "1468", windowsize: "4" }), at);
    const heard = await client.hear();
    assert.ok(heard?.packet.op === "oack");
    assert.deepEqual([...heard.packet.options], [["blksize", "1468"], ["tsize", "600"], ["windowsize", "4"]]);
    await client.say({ op: "error", code: 8, message: "User aborted the transfer" }, heard.from);
    await until(() => events.at(-1)?.kind === "probed");
  });
});

test("a window is sent at once, and from where it broke", async () => {
  await serve({ read: () => bytesSource(pattern(4000)) }, async ({ client, at }) => {
    await client.say(readRequest("x", { windowsize: "4" }), at);
    const oack = await client.hear();
    assert.ok(oack?.packet.op === "oack");
    const blocks = async (ack: number, count: number) => {
      await client.say({ op: "ack", block: ack }, oack.from);
      const heard = [];
      while (heard.length < count) {
        const { packet } = await client.hear() ?? assert.fail("nothing comes");
        if (packet.op === "data") heard.push(packet.block);
      }
      return heard;
    };
    assert.deepEqual(await blocks(0, 4), [1, 2, 3, 4]);
    assert.deepEqual(await blocks(2, 4), [3, 4, 5, 6]);
    assert.deepEqual(await blocks(6, 2), [7, 8]);
  });
});

test("files arrive whole over a link that loses a tenth of everything and doubles as much", async () => {
  await serve({ read: () => bytesSource(pattern(20_000)) }, async ({ client, at }) => {
    const link = await openLossyLink(at, lossyFate(0.1, 7));
    try {
      const got = await fetchFile(client, "x", { address: "127.0.0.1", port: link.port }, 1024);
      assert.deepEqual(got, pattern(20_000));
      assert.ok(link.lost() > 0);
    } finally {
      await link.close();
    }
  });
});

test("curl, tftp-hpa and BusyBox fetch a file as it is, through a link with losses too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-tftp-"));
  const content = pattern(200_001);
  writeFileSync(join(folder, "ipxe.efi"), content);
  const read = async (path: string) => {
    const file = await openFile(folder, path);
    return file === undefined ? undefined : fileSource(file);
  };
  try {
    await serve({ read }, async ({ at, events }) => {
      let n = 0;
      const link = await openLossyLink(at, () => ++n % 40 === 0 ? 0 : 1);
      const got = join(folder, "got");
      const clients: [string, string[]][] = [
        ["curl", ["-s", "--tftp-blksize", "1400", "-o", got, `tftp://127.0.0.1:${at.port}/ipxe.efi`]],
        ["curl", ["-s", "--tftp-no-options", "-o", got, `tftp://127.0.0.1:${at.port}/ipxe.efi`]],
        ["tftp", ["-m", "binary", "127.0.0.1", String(at.port), "-c", "get", "/ipxe.efi", got]],
        ["busybox", ["tftp", "-g", "-b", "1468", "-r", "ipxe.efi", "-l", got, "127.0.0.1", String(at.port)]],
        ["busybox", ["tftp", "-g", "-b", "16384", "-r", "ipxe.efi", "-l", got, "127.0.0.1", String(link.port)]],
      ];
      try {
        for (const [command, words] of clients) {
          rmSync(got, { force: true });
          await run(command, words, { timeout: 60_000 });
          assert.deepEqual(new Uint8Array(readFileSync(got)), content, `${command} ${words.join(" ")}`);
        }
        await until(() => events.filter(({ kind }) => kind === "done").length === clients.length);
        assert.ok(link.lost() > 0);
        const stolen = await run("curl", ["-s", "--path-as-is", `tftp://127.0.0.1:${at.port}/../../etc/passwd`]).then(
          () => "it got it",
          (error: { code?: number }) => error.code,
        );
        assert.equal(stolen, 68, "curl: file not found");
      } finally {
        await link.close();
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
