import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { renderScript } from "../../aggregator/boot/http/script.ts";
import { bootHostOf, kernelArguments, parseCommandLine, validateBoot } from "../../src/boot/mod.ts";
import { isNodeName, type Value } from "../../src/state/mod.ts";

const PLACE = { server: "http://10.77.0.1:8080", mac: "52:54:00:77:00:01" };
const BOOT = {
  cluster: "lab",
  parent: "12d89b6d-d05b-5506-aca9-d12795b07787",
  server: PLACE.server,
  token: "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE",
};

/** The commands that iPXE would run: its lines, split where it joins commands, without labels and comments. */
function commandsOf(script: string): string[][] {
  return script.split("\n").slice(1).flatMap((line) => line.split(/\s(?:\|\||&&)(?:\s|$)/))
    .map((command) => command.trim().split(/\s+/))
    .filter(([word = ""]) => word !== "" && !word.startsWith(":") && !word.startsWith("#"));
}

const NAME = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9])?$/).filter(isNodeName);
/** Text as somebody might write it to break out. */
const HOSTILE = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(
    fc.constantFrom(
      ...["a", "b=c", " ", "\n", "\r", "\t", "\0", "||", "&&", "|", "&", "${net0/mac}", "${", "}", "#", '"', "'", "\\"],
      ...[
        "kraken.token=x",
        "kraken.",
        "initrd=x",
        "boot",
        "shell",
        ":label",
        "chain http://evil/",
        "\u2028",
        "é",
        "%",
        "../",
      ],
    ),
    { maxLength: 12 },
  ).map((parts) => parts.join("")),
);
const CFG = fc.record({
  "/ipv4/mac": fc.oneof(fc.constant(PLACE.mac), HOSTILE),
  "/ipv4/address": fc.oneof(fc.ipV4(), HOSTILE),
  "/ipv4/gateway": fc.oneof(fc.ipV4(), HOSTILE),
  "/ipv4/prefix": fc.integer({ min: 1, max: 32 }),
  "/ipv4/dns": fc.array(fc.oneof(fc.ipV4(), HOSTILE), { maxLength: 8 }),
  "/boot/method": fc.constantFrom("pxe", "rpi", "none", "other"),
  "/boot/kernel": fc.oneof(fc.constantFrom("a/b", "vmlinuz-6.1", "a../b"), HOSTILE),
  "/boot/initrd": fc.oneof(fc.constantFrom("a/c", "initrd-6.1"), HOSTILE),
  "/boot/arguments": fc.oneof(fc.constantFrom("quiet", "console=ttyS0  a.b=[1-4]", "x=$4G"), HOSTILE),
}, { requiredKeys: [], noNullPrototype: true });

test("whatever is in a cfg, its script has the commands that every script has, and one value for each of Kraken's arguments", () => {
  const covered = createCoverage("cfgs of booting", ["words", "no words", "own kernel", "address"], 0.05);
  fc.assert(
    fc.property(NAME, CFG, (name, cfg) => {
      const host = bootHostOf(new Map(Object.entries(cfg) as [string, Value][]));
      covered.saw(
        host.arguments.length > 0 ? "words" : "no words",
        ...(host.kernel !== "vmlinuz" ? ["own kernel" as const] : []),
        ...(host.lease !== undefined ? ["address" as const] : []),
      );
      const node = { ...host, name, mac: PLACE.mac };
      const commands = commandsOf(renderScript({ kind: "boot", node, boot: BOOT }, PLACE));
      const plain = commandsOf(renderScript({
        kind: "boot",
        node: { name: "n1", mac: PLACE.mac, arguments: [], kernel: "vmlinuz", initrd: "initrd.img" },
        boot: BOOT,
      }, PLACE));
      assert.deepEqual(commands.map(([command]) => command), plain.map(([command]) => command));
      const kernel = commands.find(([command]) => command === "kernel") ?? [];
      for (const key of ["cluster", "node", "parent", "server", "mac", "token"]) {
        assert.equal(kernel.filter((word) => word.startsWith(`kraken.${key}=`)).length, 1);
      }
      const initrds = kernel.filter((word) => word.startsWith("initrd="));
      assert.deepEqual(initrds, ["initrd=initrd.img"]);
      assert.ok(kernel.every((word) => !word.includes("${")));
      const urls = commands.flatMap(([command, ...words]) =>
        ["kernel", "initrd", "chain"].includes(command ?? "") ? words.slice(2, 3) : []
      );
      assert.equal(urls.length, 3);
      assert.ok(urls.every((url) => url.startsWith(`${PLACE.server}/boot/v1/`)), urls.join());
      // As it is written, before anything resolves it: "a../a" is a name like any other.
      assert.ok(urls.every((url) => !url.replace(/[?#].*$/, "").split("/").includes("..")), urls.join());
      const read = parseCommandLine(kernel.slice(3).join(" "));
      assert.ok(read.ok);
      assert.equal(read.value.node, name);
      assert.equal(read.value.token, BOOT.token);
    }),
    { numRuns: 400 },
  );
  covered.check();
});

test("words that were not read from a cfg get into no script that means something else", () => {
  const covered = createCoverage("hostile words", ["refused", "written"], 0.05);
  const odd = fc.constantFrom("a", "b=c", "$", "{", "kraken", ":a", "--", "goto");
  const word = fc.oneof({ weight: 3, arbitrary: odd }, { weight: 1, arbitrary: HOSTILE });
  const file = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("vmlinuz", "a/b") }, { weight: 1, arbitrary: HOSTILE });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 3 }), file, (words, kernel) => {
      const node = { name: "n1", mac: PLACE.mac, arguments: words, kernel, initrd: "initrd.img" };
      let script: string;
      try {
        script = renderScript({ kind: "boot", node, boot: BOOT }, PLACE);
      } catch (error) {
        covered.saw("refused");
        return void assert.ok(error instanceof TypeError);
      }
      covered.saw("written");
      const line = script.split("\n").find((each) => each.startsWith("kernel")) ?? "";
      assert.ok(words.every((word) => line.includes(` ${word} `)));
      assert.match(
        line,
        /^kernel --name kernel http:\S+ initrd=initrd\.img rootfstype=ramfs [^\s].* \|\| goto failed$/,
      );
      assert.equal(line.match(/\|\|/g)?.length, 1);
    }),
    { numRuns: 500 },
  );
  covered.check();
});

test("words that a cfg may have reach the kernel as they are", () => {
  const words = ["console=ttyS0,115200n8", "quiet", "memmap=2G$4G", "nfsroot=10.0.0.1:/srv/x", "a.b=[1-4]", "panic=-1"];
  const { arguments: read } = bootHostOf(new Map([["/boot/arguments", `  ${words.join("   ")} `]]));
  assert.deepEqual(read, words);
  const all = kernelArguments({ name: "n1", mac: PLACE.mac, arguments: read }, BOOT);
  assert.deepEqual(all.slice(0, 1 + words.length), ["rootfstype=ramfs", ...words]);
});

test("a kernel is told address, router and at most three name servers of its cfg, and nothing of them without an address", () => {
  const network = { "/ipv4/gateway": "10.77.0.1", "/ipv4/dns": ["10.0.0.1", "x", "10.0.0.2", "10.0.0.3", "10.0.0.4"] };
  const told = (cfg: { readonly [url: string]: Value }) =>
    kernelArguments({ ...bootHostOf(new Map(Object.entries(cfg))), name: "n1", mac: PLACE.mac }, BOOT)
      .filter((word) => /^kraken\.(address|gateway|dns)=/.test(word));
  assert.deepEqual(told({ ...network, "/ipv4/address": "10.77.0.11", "/ipv4/prefix": 16 }), [
    "kraken.address=10.77.0.11/16",
    "kraken.gateway=10.77.0.1",
    "kraken.dns=10.0.0.1,10.0.0.2,10.0.0.3",
  ]);
  assert.deepEqual(told({ "/ipv4/address": "10.77.0.11", "/ipv4/dns": [] }), ["kraken.address=10.77.0.11/24"]);
  assert.deepEqual(told(network), []);
});

test("what must not be in a cfg is refused with field, value and what was expected", () => {
  const cases: [string, Value, RegExp][] = [
    ["/ipv4/mac", "52-54-00-77-00-0", /a MAC address such as 52:54:00:77:00:01/],
    ["/ipv4/address", "10.77.0.256", /an IPv4 address/],
    ["/ipv4/address", "010.77.0.1", /an IPv4 address/],
    ["/ipv4/dns", ["10.0.0.1", "x"], /an IPv4 address such as/],
    ["/boot/kernel", "../../etc/shadow", /a path below the boot files/],
    ["/boot/kernel", "/vmlinuz", /a path below the boot files/],
    ["/boot/initrd", "a b", /a path below the boot files/],
    ["/boot/arguments", "quiet\nshell", /without quotes/],
    ["/boot/arguments", "quiet || shell", /without quotes/],
    ["/boot/arguments", "x=${net0/mac}", /without quotes/],
    ["/boot/arguments", "quiet kraken.node=n2", /no 'kraken\.'/],
    ["/boot/arguments", "initrd=x", /no 'initrd='/],
  ];
  for (const [url, value, expected] of cases) assert.match(validateBoot(url, value) ?? "", expected, `${url} ${value}`);
  const fine: [string, Value][] = [
    ["/ipv4/mac", PLACE.mac],
    ["/ipv4/address", "10.77.0.11"],
    ["/ipv4/dns", ["10.0.0.1"]],
    ["/boot/kernel", "debian-12/vmlinuz-6.1.0-56-cloud-amd64"],
    ["/boot/arguments", "console=ttyS0 quiet"],
    ["/boot/method", "pxe"],
  ];
  for (const [url, value] of fine) assert.equal(validateBoot(url, value), undefined, url);
});

test("a kernel's command line is read, or every problem with it is named, and never the token", () => {
  const line = kernelArguments({ name: "n1", mac: PLACE.mac, arguments: [] }, BOOT).join(" ");
  const read = parseCommandLine(`BOOT_IMAGE=x ${line}\n`);
  assert.deepEqual(read, {
    ok: true,
    value: { ...BOOT, node: "n1", mac: PLACE.mac },
  });
  const bad = parseCommandLine("kraken.cluster=lab kraken.node=-x kraken.token=s3cret! kraken.server=ftp://x");
  assert.ok(!bad.ok);
  assert.equal(bad.problems.length, 5);
  assert.ok(!bad.problems.join().includes("s3cret"));
  const covered = createCoverage("command lines", ["refused", "read"], 0.05);
  const words = fc.shuffledSubarray(line.split(" "), { minLength: line.split(" ").length - 1 }).map((all) =>
    all.join(" ")
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 400 }), words), (text) => {
      covered.saw(parseCommandLine(text).ok ? "read" : "refused");
    }),
    { numRuns: 300 },
  );
  covered.check();
});
