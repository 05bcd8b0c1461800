import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cleanPath } from "../../aggregator/boot/open_file.ts";
import { countTftp, createTransferCounter } from "../../aggregator/boot/counts.ts";
import { isAutoexec, renderAutoexec } from "../../aggregator/boot/autoexec.ts";
import { readBootMetrics } from "../../aggregator/boot/metrics.ts";
import { networkOf } from "../../aggregator/boot/network.ts";
import { createNodeEvents } from "../../aggregator/boot/node_events.ts";
import { describeTftp } from "../../aggregator/boot/notes.ts";
import { createTransferProgress } from "../../aggregator/boot/progress.ts";
import { type BootCommandLine, readBootOptions } from "../../aggregator/boot/read_options.ts";
import { createSourceRates } from "../../aggregator/boot/source_rates.ts";
import type { TftpEvent } from "../../aggregator/boot/tftp/mod.ts";
import { bindUdp } from "../../aggregator/boot/udp.ts";
import { EXIT, ProgramError } from "../../src/cli/mod.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const NOTHING: BootCommandLine = {
  ...{ "boot-address": undefined, "boot-port": 80, "boot-files": undefined, "mqtt-port": 1883 },
  ...{ dhcp: "server", broker: undefined, "tftp-block": undefined },
};

test("where no option is about booting nothing boots from here", () => {
  assert.equal(readBootOptions(NOTHING), undefined);
});

test("options of booting are taken as they are, with a folder that is there", () =>
  withFolder((folder) => {
    const given: BootCommandLine = { ...NOTHING, "boot-address": "10.77.0.1", "boot-files": folder, dhcp: "proxy" };
    const read = { address: "10.77.0.1", files: folder, dhcp: "proxy", httpPort: 80, mqttPort: 1883 };
    assert.deepEqual(readBootOptions(given), read);
    assert.deepEqual(readBootOptions({ ...given, "tftp-block": 1_024 }), { ...read, tftpBlock: 1_024 });
    return Promise.resolve();
  }));

test("options of booting that do not fit each other, or what is there, are named", () =>
  withFolder((folder) => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const good: BootCommandLine = { ...NOTHING, "boot-address": "10.77.0.1", "boot-files": folder };
    const cases: [Partial<BootCommandLine>, RegExp][] = [
      [{ "boot-address": undefined }, /^Option '--boot-files' is given without '--boot-address'/],
      [{ "boot-address": "root" }, /^Option '--boot-address' is 'root': expected an IPv4 address of this machine/],
      [{ "boot-address": "0.0.0.0" }, /^Option '--boot-address' is '0\.0\.0\.0': expected an IPv4 address/],
      [{ "boot-files": undefined }, /^Option '--boot-address' is given without '--boot-files'/],
      [{ "boot-files": file }, /^Option '--boot-files' is '.*file': expected an existing folder/],
      [{ "boot-files": join(folder, "none") }, /^Option '--boot-files' is '.*none': expected an existing folder/],
      [{ broker: "mqtt://10.0.0.1" }, /^Option '--boot-address' is given with '--broker'/],
    ];
    for (const [change, message] of cases) {
      assert.throws(() => readBootOptions({ ...good, ...change }), (error) => {
        assert.ok(error instanceof ProgramError, String(error));
        assert.match(error.message, message);
        assert.equal(error.exitCode, EXIT.usage);
        return true;
      });
    }
    return Promise.resolve();
  }));

test("the network of an address is that of the interface which has it, from its first address on", () => {
  const interfaces = {
    none: undefined,
    lo: [{ address: "127.0.0.1", cidr: "127.0.0.1/8" }],
    eth0: [{ address: "fe80::1", cidr: "fe80::1/64" }, { address: "10.77.3.1", cidr: "10.77.3.1/22" }],
    odd: [{ address: "10.1.0.1", cidr: null }, { address: "10.2.0.1" }],
  };
  assert.equal(networkOf("10.77.3.1", interfaces), "10.77.0.0/22");
  assert.equal(networkOf("127.0.0.1", interfaces), "127.0.0.0/8");
  for (const address of ["10.1.0.1", "10.2.0.1", "10.99.0.1", "fe80::1"]) {
    assert.equal(networkOf(address, interfaces), undefined, address);
  }
});

test("a path of 512 characters is taken, and a longer one is none", () => {
  assert.equal(cleanPath("x".repeat(512)), "x".repeat(512));
  assert.equal(cleanPath("x".repeat(513)), undefined);
  for (const [path, clean] of [["/a//./b/", "a/b"], ["a%2fb", "a%2fb"], ["..a/b..", "..a/b.."]] as const) {
    assert.equal(cleanPath(path), clean);
  }
  for (const path of ["", "/", "./.", "a/../b", "..", "a\\b", "a\0", "a\x1f", "a\x7f", "a\nb"]) {
    assert.equal(cleanPath(path), undefined, JSON.stringify(path));
  }
});

test("iPXE's own script is known by its name, in any folder", () => {
  assert.deepEqual(["autoexec.ipxe", "a/b/autoexec.ipxe", "/autoexec.ipxe"].map(isAutoexec), [true, true, true]);
  assert.deepEqual(["autoexec.ipxe/a", "myautoexec.ipxe", "autoexec.ipx", ""].map(isAutoexec), [
    ...[false, false, false, false],
  ]);
  assert.equal(
    renderAutoexec("http://10.77.0.1"),
    "#!ipxe\n:start\ndhcp || goto wait\n" +
      "chain --replace --autofree http://10.77.0.1/boot/v1/script?mac=${netX/mac}&uuid=${uuid}&arch=${buildarch} ||\n" +
      ":wait\necho Kraken: that failed, tries again in 5 s\nsleep 5\ngoto start\n",
  );
});

test("transfers are counted by how they end", () => {
  const counter = createTransferCounter();
  const event = { client: { address: "10.77.0.11", port: 2_070 }, path: "a", sent: 0, size: 0 };
  for (const kind of ["start", "progress", "done", "done", "probed", "refused", "failed"] as const) {
    countTftp(counter, { ...event, kind });
  }
  assert.deepEqual(counter.counts, { done: 2, probed: 1, refused: 1, failed: 1 });
});

test("every count of boot services is a metric, and those of DHCP where it is ours", () => {
  const transfers = (n: number) => ({ done: n, probed: n + 1, refused: n + 2, failed: n + 3 });
  const counts = {
    enrolment: { issued: 1, enrolled: 2, refused: { "unknown": 3, "used": 4, "expired": 5, "other-machine": 6 } },
    dhcp: { received: 10, answered: 11, malformed: 12, unknown: 13, limited: 14, failed: 15 },
    answers: { offer: 20, ack: 21, nak: 22, silent: 23 },
    ...{ tftp: transfers(30), http: transfers(40), tftpNow: 50 },
  };
  const lines = (dhcp: typeof counts.dhcp | undefined) =>
    readBootMetrics({ ...counts, dhcp }).flatMap(({ name, type, samples }) =>
      [...samples].map(({ labels = {}, value }) => `${type} ${name} ${Object.values(labels).join("/")} ${value}`)
    );
  const without = [
    ...["counter boot_tokens_total  1", "counter boot_enrolments_total  2"],
    ...["unknown 3", "used 4", "expired 5", "other-machine 6"].map((each) =>
      `counter boot_enrolments_refused_total ${each}`
    ),
    ...["tftp/done 30", "tftp/probed 31", "tftp/refused 32", "tftp/failed 33"].map((each) =>
      `counter boot_transfers_total ${each}`
    ),
    ...["http/done 40", "http/probed 41", "http/refused 42", "http/failed 43"].map((each) =>
      `counter boot_transfers_total ${each}`
    ),
    "gauge boot_transfers  50",
  ];
  assert.deepEqual(lines(undefined), without);
  assert.deepEqual(lines(counts.dhcp), [
    ...without,
    "counter boot_dhcp_received_total  10",
    ...["offer 20", "ack 21", "nak 22", "silent 23"].map((each) => `counter boot_dhcp_answers_total ${each}`),
    "counter boot_dhcp_malformed_total  12",
    "counter boot_dhcp_unknown_total  13",
    "counter boot_dhcp_limited_total  14",
    "counter boot_dhcp_failures_total  15",
  ]);
});

test("a file of which nothing is known counts for as much as the others, and half of one of two is a quarter", () => {
  const progress = createTransferProgress(["a", "b"]);
  assert.equal(progress.percent, 0);
  progress.took("a", 0, 50, 100);
  assert.equal(progress.percent, 25);
  progress.took("b", 0, 100, 300);
  assert.equal(progress.percent, 37);
  progress.took("a", 0, 100, 100);
  progress.took("b", 0, 299, 300);
  assert.equal(progress.percent, 99, "a byte is missing");
  progress.took("b", 299, 300, 300);
  assert.equal(progress.percent, 100);
});

test("a file of which nothing is known counts for the mean of the others, an empty one among them", () => {
  const progress = createTransferProgress(["a", "b", "c"]);
  progress.took("a", 0, 100, 100);
  progress.took("b", 0, 0, 300);
  assert.equal(progress.percent, 16, "of 600");
  const withEmpty = createTransferProgress(["a", "empty", "c"]);
  withEmpty.took("a", 0, 50, 100);
  withEmpty.took("empty", 0, 0, 0);
  assert.equal(withEmpty.percent, 33, "of 150");
});

test("a part behind a gap counts when the gap is filled, and an earlier part takes nothing back", () => {
  const progress = createTransferProgress(["a"]);
  progress.took("a", 10, 20, 20);
  assert.equal(progress.percent, 0);
  progress.took("a", 0, 10, 20);
  assert.equal(progress.percent, 50);
  progress.took("a", 10, 20, 20);
  progress.took("a", 0, 1, 20);
  assert.equal(progress.percent, 100);
});

test("a file that was replaced by one of another size begins anew, and an empty one is there at once", () => {
  const progress = createTransferProgress(["a", "empty"]);
  progress.took("a", 0, 10, 10);
  progress.took("empty", 0, 0, 0);
  assert.equal(progress.percent, 100);
  progress.took("a", 0, 10, 20);
  assert.equal(progress.percent, 50);
  progress.took("other", 0, 10, 10);
  assert.equal(progress.percent, 50);
});

test("each known sender has a rate of its own, all of them one together, and unknownMachines another", () => {
  const limits = {
    each: { burst: 2, perSecond: 1 },
    known: { burst: 5, perSecond: 1 },
    unknown: { burst: 1, perSecond: 1 },
  };
  const rates = createSourceRates(limits, 0);
  const known = (source: string, now = 0) => rates.known(source, now);
  assert.deepEqual([known("a"), known("a"), known("a")], [true, true, false]);
  assert.deepEqual([known("b"), known("b"), known("c"), known("c")], [true, true, true, false], "5 in all");
  assert.deepEqual([rates.unknown(0), rates.unknown(0)], [true, false]);
  assert.equal(known("a", 1_000), true);
  assert.equal(known("b", 1_000), false, "one a second in all");
  assert.equal(rates.unknown(1_000), true);
});

test("of senders the one that was silent longest is forgotten first, beyond 65,536 of them", () => {
  const ample = { burst: 1e9, perSecond: 0 };
  const rates = createSourceRates({ each: { burst: 1, perSecond: 0 }, known: ample, unknown: ample }, 0);
  const sources = 65_536;
  for (let n = 0; n < sources; n++) assert.equal(rates.known(`${n}`, 0), true);
  assert.equal(rates.known("0", 0), false, "it is heard again");
  assert.equal(rates.known("one more", 0), true);
  assert.equal(rates.known("2", 0), false);
  assert.equal(rates.known("0", 0), false);
  assert.equal(rates.known("1", 0), true, "it was silent longest");
});

test("events are counted for 65,536 nodes, of which the one that was silent longest is forgotten first", async () => {
  const clock = createVirtualClock();
  const added: string[] = [];
  const events = createNodeEvents(clock, (node, why) => added.push(`${node} ${why}`));
  for (let n = 0; n < 7; n++) for (const node of ["a", "b"]) events.tell(node, "x");
  assert.equal(added.length, 12, "six of each");
  for (let n = 0; n < 65_534; n++) events.tell(`n${n}`, "x");
  events.tell("a", "x");
  await clock.advance(1_000);
  events.tell("one more", "x"); // in the place of b
  added.length = 0;
  events.tell("a", "x");
  events.tell("b", "x");
  assert.deepEqual(added, ["b x"]);
});

test("a path is told up to 256 characters, and the share of an empty file is none", () => {
  const event: TftpEvent = {
    ...{ client: { address: "10.77.0.11", port: 2_070 }, path: "x".repeat(300), kind: "refused", sent: 0, size: 0 },
    reason: "No",
  };
  assert.equal(describeTftp(event), `It asked for ${"x".repeat(256)} over TFTP, and was refused: No`);
  assert.equal(
    describeTftp({ ...event, kind: "failed", path: "a" }),
    "Its download of a over TFTP broke off at 0 % of 0 bytes: No",
  );
  assert.equal(
    describeTftp({ ...event, kind: "failed", path: "a", sent: 2, size: 3 }),
    "Its download of a over TFTP broke off at 66 % of 3 bytes: No",
  );
});

test("a socket hands on what comes and from whom, and says nothing more once it is closed", async () => {
  const heard: [string, number][] = [];
  const one = await bindUdp({
    address: "127.0.0.1",
    port: 0,
    onMessage: (bytes, { port }) => heard.push([new TextDecoder().decode(bytes), port]),
  });
  const other = await bindUdp({ address: "127.0.0.1", port: 0, onMessage() {} });
  await other.send(new TextEncoder().encode("hello"), { address: "127.0.0.1", port: one.port });
  await until(() => heard.length === 1);
  assert.deepEqual(heard, [["hello", other.port]]);
  await assert.rejects(bindUdp({ address: "127.0.0.1", port: one.port, onMessage() {} }), {
    message: new RegExp(`^Cannot listen at 127\\.0\\.0\\.1:${one.port} \\(UDP\\): `),
  });
  await other.close();
  await other.send(new TextEncoder().encode("late"), { address: "127.0.0.1", port: one.port });
  await Promise.all([other.close(), one.close(), one.close()]);
  assert.equal(heard.length, 1);
});
