import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { type CpioEntry, writeCpio } from "../../scripts/build-initramfs/cpio.ts";
import { moduleInfo, neededBy } from "../../scripts/debian/elf.ts";
import {
  closeModules,
  type KernelModule,
  kernelModule,
  modulesAlias,
  modulesDep,
} from "../../scripts/build-initramfs/kernel_modules.ts";

const BUSYBOX = "/bin/busybox";
const NO_BUSYBOX = spawnSync(BUSYBOX, ["true"]).status === 0 ? undefined : "busybox is not installed";

/** Paths that don't clash: a file is never the folder of another one. */
const files = fc.uniqueArray(
  fc.record({
    path: fc.tuple(
      fc.array(fc.stringMatching(/^d[a-z]{0,6}$/), { maxLength: 3 }),
      fc.stringMatching(/^f[a-z0-9._-]{0,12}$/),
    )
      .map(([folders, name]) => [...folders, name].join("/")),
    data: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array())),
    mode: fc.constantFrom(0o644, 0o755, 0o600),
  }, { noNullPrototype: true }),
  { maxLength: 8, selector: ({ path }) => path },
);

test("writeCpio() writes what cpio unpacks to the same files, with the same modes", {
  ...(NO_BUSYBOX !== undefined && { skip: NO_BUSYBOX }),
}, () => {
  const covered = createCoverage("archives", ["folders", "several files", "an empty file"], 0.25);
  fc.assert(
    fc.property(files, (list) => {
      covered.saw(
        ...(list.some(({ path }) => path.includes("/")) ? ["folders"] as const : []),
        ...(list.length > 1 ? ["several files"] as const : []),
        ...(list.some(({ data }) => data.length === 0) ? ["an empty file"] as const : []),
      );
      const folder = mkdtempSync(join(tmpdir(), "kraken-cpio-"));
      try {
        const archive = writeCpio(list.map((file): CpioEntry => ({ kind: "file", ...file })));
        execFileSync(BUSYBOX, ["cpio", "-i", "-d", "-m"], {
          cwd: folder,
          input: archive,
          stdio: ["pipe", "ignore", "ignore"],
        });
        for (const { path, data } of list) assert.deepEqual(new Uint8Array(readFileSync(join(folder, path))), data);
        const listed = execFileSync(BUSYBOX, ["cpio", "-t", "-v"], {
          input: archive,
          stdio: ["pipe", "pipe", "ignore"],
        });
        const modes = new Map(
          String(listed).trim().split("\n").map((line) => [line.split(" ").at(-1), line.slice(0, 10)]),
        );
        const shown = { 0o644: "-rw-r--r--", 0o755: "-rwxr-xr-x", 0o600: "-rw-------" };
        for (const { path, mode } of list) assert.equal(modes.get(path), shown[mode as keyof typeof shown]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 60 },
  );
  covered.check();
});

test("writeCpio() gives the same bytes for the same entries in any order", () => {
  const covered = createCoverage("orders of an archive", ["the same", "another one"], 0.15);
  fc.assert(fc.property(
    files.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
    ([list, shuffled]) => {
      const write = (some: typeof list) => writeCpio(some.map((file): CpioEntry => ({ kind: "file", ...file })));
      assert.deepEqual(write(shuffled), write(list));
      covered.saw(shuffled.every((file, at) => file === list[at]) ? "the same" : "another one");
    },
  ));
  covered.check();
});

test("writeCpio() has devices and links as the kernel reads them", () => {
  const text = new TextDecoder("latin1").decode(writeCpio([
    { kind: "device", path: "dev/console", major: 5, minor: 1 },
    { kind: "link", path: "sbin", target: "bin" },
  ]));
  // mode c rw-------, and the device's numbers (fields 2 and 10, 11 after the magic)
  assert.match(text, /070701.{8}00002180.{56}0000000500000001.{16}dev\/console\0/s);
  assert.match(text, /0000a1ff.{72}00000005.{8}sbin\0\0*bin/s);
  assert.ok(text.startsWith("070701"));
  assert.match(text, /TRAILER!!!\0+$/);
});

test("writeCpio() refuses paths that are twice there, absolute or lead upwards", () => {
  const file = (path: string): CpioEntry => ({ kind: "file", path, data: new Uint8Array() });
  for (const path of ["/etc", "../x", "a/../b", "", "a//b", "a/"]) {
    assert.throws(() => writeCpio([file(path)]), /Cannot archive/, path);
  }
  assert.throws(() => writeCpio([file("a"), file("a")]), /twice/);
});

test("neededBy() finds what a program is linked with, as the loader does", () => {
  const needed = neededBy(readFileSync("/usr/bin/env"));
  assert.ok(needed.libraries.includes("libc.so.6"), needed.libraries.join());
  assert.match(needed.loader ?? "", /^\/lib.*\/ld-linux/);
});

test("neededBy() and moduleInfo() refuse what is no ELF file, whatever it is", () => {
  for (const read of [neededBy, moduleInfo]) {
    const covered = createCoverage("bytes that are no ELF file", ["with its magic", "without"], 0.2);
    const magic = fc.constantFrom([], [0x7f, 0x45, 0x4c, 0x46], [0x7f, 0x45, 0x4c, 0x46, 2, 1]);
    fc.assert(fc.property(magic, fc.uint8Array({ maxLength: 40 }), (first, rest) => {
      assert.throws(() => read(Uint8Array.from([...first, ...rest])), TypeError);
      covered.saw(first.length > 0 ? "with its magic" : "without");
    }));
    covered.check();
  }
});

test("neededBy() ends on a program that is damaged anywhere", () => {
  const whole = readFileSync("/usr/bin/env");
  const kept = fc.oneof(fc.nat(whole.length), fc.constant(whole.length));
  const covered = createCoverage("damaged programs", ["read", "refused"], 0.1);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), kept, (at, value, length) => {
      const damaged = Uint8Array.from(whole).subarray(0, length);
      if (at < length) damaged[at] = value;
      try {
        neededBy(damaged);
        covered.saw("read");
      } catch (error) {
        covered.saw("refused");
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
      }
    }),
    { numRuns: 200 },
  );
  covered.check();
});

const names = ["a", "b", "c", "d", "e", "f"];
/** Modules that depend on some of those before them. */
const modules = fc.tuple(
  ...names.map((name, index) => fc.subarray(names.slice(0, index)).map((depends) => ({ name, depends }))),
)
  .map((list) =>
    new Map(list.map(({ name, depends }) => [
      name,
      kernelModule(`kernel/${name}.ko`, [["depends", depends.join(",")], ["alias", `pci:${name}*`]]),
    ]))
  );

test("closeModules() has everything that is needed, each once, after what it depends on", () => {
  const covered = createCoverage("kernel modules", ["more than wanted", "just those"], 0.15);
  fc.assert(fc.property(modules, fc.subarray(names), (all, wanted) => {
    const closed = closeModules([...wanted, "absent"], all);
    covered.saw(closed.length > wanted.length ? "more than wanted" : "just those");
    const order = closed.map(({ name }) => name);
    assert.equal(new Set(order).size, order.length);
    for (const name of wanted) assert.ok(order.includes(name));
    for (const { name, depends } of closed) {
      for (const each of depends) assert.ok(order.indexOf(each) < order.indexOf(name) && order.includes(each));
    }
    // modules.dep has the same order, backwards: what is loaded first is last.
    for (const line of modulesDep(closed).trim().split("\n").filter((line) => line !== "")) {
      const [path = "", ...before] = line.replace(":", "").split(" ");
      const module = closed.find((each) => each.path === path);
      const first = before.reverse();
      assert.deepEqual(new Set(module?.depends.filter((each) => !first.includes(`kernel/${each}.ko`))), new Set());
      first.forEach((each, at) => {
        const needs = closed.find((one) => one.path === each)?.depends ?? [];
        for (const need of needs) assert.ok(first.slice(0, at).includes(`kernel/${need}.ko`));
      });
    }
  }));
  covered.check();
});

test("kernelModule() reads names, dependencies, hardware and soft dependencies", () => {
  const module: KernelModule = kernelModule("kernel/net/virtio-net.ko", [
    ["depends", "net-failover,virtio"],
    ["alias", "virtio:d00000001v*"],
    ["softdep", "pre: crc32c xxhash post: other"],
  ]);
  assert.deepEqual(module, {
    path: "kernel/net/virtio-net.ko",
    name: "virtio_net",
    depends: ["net_failover", "virtio"],
    aliases: ["virtio:d00000001v*"],
    softDepends: ["crc32c", "xxhash"],
  });
  assert.equal(modulesAlias([module]), "alias virtio:d00000001v* virtio_net\n");
});

test(
  "init and its scripts are shell that busybox takes",
  { ...(NO_BUSYBOX !== undefined && { skip: NO_BUSYBOX }) },
  () => {
    const rootfs = join(import.meta.dirname ?? "", "../../scripts/build-initramfs/rootfs");
    for (const file of ["init", "etc/kraken/supervise", "etc/kraken/dhcp", "etc/acpi/PWRF/00000080"]) {
      const { status, stderr } = spawnSync(BUSYBOX, ["sh", "-n", join(rootfs, file)]);
      assert.equal(status, 0, `${file}: ${stderr}`);
    }
  },
);

test("an agent that ends is started again by supervise, and asked to end when the machine is", {
  ...(NO_BUSYBOX !== undefined && { skip: NO_BUSYBOX }),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-supervise-"));
  try {
    // The script itself, with its folder and its agent replaced: three ends, then the signal of a shutdown.
    const rootfs = join(import.meta.dirname ?? "", "../../scripts/build-initramfs/rootfs");
    const script = readFileSync(join(rootfs, "etc/kraken/supervise"), "utf8")
      .replace("RUN=/run/kraken", `RUN=${folder}`).replace("HOST=$RUN/host", "HOST=$RUN").replace(
        "MAX_PAUSE=30 STOP_LIMIT=20",
        "MAX_PAUSE=0 STOP_LIMIT=1",
      );
    writeFileSync(join(folder, "supervise"), script);
    execFileSync("cp", [BUSYBOX, join(folder, "busybox")]);
    execFileSync("mkdir", [join(folder, "agent")]);
    writeFileSync(
      join(folder, "agent/start"),
      `echo run >>${folder}/runs; [ $(wc -l <${folder}/runs) -lt 3 ] || kill -TERM $PPID; exit 5\n`,
    );
    const { stdout, status } = spawnSync(BUSYBOX, ["sh", join(folder, "supervise")], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(status, 0);
    assert.equal(readFileSync(join(folder, "runs"), "utf8").trim().split("\n").length, 3);
    assert.equal(stdout.match(/The agent has ended with code 5/g)?.length, 2);
    assert.match(stdout, /Asked to stop/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
