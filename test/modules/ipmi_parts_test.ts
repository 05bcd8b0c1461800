import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { bootdevCommand, bootdevRefusal, CHASSIS_STATUS, identifyCommand } from "../../modules/ipmi/chassis.ts";
import { ipmiAddressOf, ipmiConfigOf } from "../../modules/ipmi/config.ts";
import { createIpmiDriver } from "../../modules/ipmi/driver.ts";
import { createIpmiFacts } from "../../modules/ipmi/facts.ts";
import { runIpmitool } from "../../modules/ipmi/commands.ts";
import type { ProgramOutput } from "../../src/process/mod.ts";
import { parseFailure, parsePowerStatus } from "../../modules/ipmi/parse.ts";
import { hasSensorRecords, parseSel, selCommand } from "../../modules/ipmi/sel.ts";
import type { PowerChange } from "../../modules/power/mod.ts";
import { createLog } from "../../src/log.ts";
import type { ModuleContext } from "../../src/module/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { writeCredentials } from "./bmc_fixture.ts";
import { testNode } from "./module_fixture.ts";

const never = new AbortController().signal;
const POLLED = { signal: never, urgent: false };
const AWAITED = { signal: never, urgent: true };

function output(stdout: string, code = 0, stderr = ""): ProgramOutput {
  return { code, stdout, stderr };
}

test("a config of values that are none is the usual one", () => {
  const odd: readonly (Value | undefined)[] = [
    ...[undefined, 7, [], { credentials: 7, poll: "1", graceful: "1", interface: "x", privilege: "x" }],
  ];
  for (const config of odd) assert.deepEqual(ipmiConfigOf(config), ipmiConfigOf({}));
});

test("a controller's address has a host, and a port of its own or the usual one", () => {
  const at = (address: string) => ipmiAddressOf(testNode("n1", { "/bmc/address": address }));
  assert.deepEqual(at("bmc7"), { host: "bmc7", port: 623 });
  assert.deepEqual(at("bmc7:65535"), { host: "bmc7", port: 65_535 });
  assert.deepEqual(at("[fd00::7]:1"), { host: "fd00::7", port: 1 });
  assert.deepEqual(at("[fd00::7]"), { host: "fd00::7", port: 623 });
  for (const address of ["", "bmc7:65536", "-H", "a b", "http://bmc7", "[bmc7", "bmc7:"]) {
    assert.throws(() => at(address), { name: "MistakeError", message: /expected a host such as 10\.0\.0\.7/ });
  }
});

test("the identify LED is turned by words of ipmitool's", () => {
  assert.deepEqual(identifyCommand("ON"), ["chassis", "identify", "force"]);
  assert.deepEqual(identifyCommand("OFF"), ["chassis", "identify", "0"]);
});

test("a device to boot from is named in ipmitool's words, with what holds of it", () => {
  const words = (...device: Parameters<typeof bootdevCommand>) => bootdevCommand(...device).slice(2).join(" ");
  assert.equal(words({ target: "usb", once: false, mode: "legacy" }), "floppy options=persistent");
  assert.equal(words({ target: "setup", once: true, mode: undefined }), "bios");
  assert.equal(words({ target: "none", once: false, mode: "uefi" }), "none options=efiboot");
});

test("a refusal of a device to boot from is found in whatever ipmitool says, though it ends well", () => {
  const refusal = "Set Chassis Boot Parameter 5 failed: Invalid data field in request";
  assert.equal(bootdevRefusal(output(`Set Boot Device to pxe\n${refusal}\n`)), refusal);
  assert.equal(bootdevRefusal(output("", 0, `${refusal}\r\n`)), refusal);
  assert.equal(bootdevRefusal(output("Set Boot Device to pxe\n")), undefined);
  assert.equal(bootdevRefusal(output(`${refusal}${"x".repeat(300)}`))?.length, 35 + 100);
});

test("the power is told by a line of its own alone", () => {
  assert.equal(parsePowerStatus("x\nchassis power is ON  \n"), "on");
  assert.equal(parsePowerStatus("Chassis Power is off\r\n"), "off");
  for (const other of ["", "Chassis Power is", "The Chassis Power is on", "Chassis Power is on/off"]) {
    assert.equal(parsePowerStatus(other), undefined);
  }
});

test("each way in which ipmitool fails is told from the others", () => {
  const cases: [words: string, kind: ReturnType<typeof parseFailure>["kind"]][] = [
    ["No session slot available", "later"],
    ["insufficient resources for session", "later"],
    ["RAKP 2 HMAC is invalid", "credentials"],
    ["RAKP 4 message has invalid integrity check value", "credentials"],
    ["RAKP 2 message indicates an error : unauthorized name", "credentials"],
    ["Invalid user name", "credentials"],
    ["Activate Session error", "credentials"],
    ["password is longer than 16 bytes", "credentials"],
    ["Get Session Challenge: password invalid", "credentials"],
    ["invalid authentication algorithm", "suite"],
    ["invalid confidentiality algorithm", "suite"],
    ["no matching cipher suite", "suite"],
    ["RAKP 2 message indicates an error : invalid role", "suite"],
    ["RAKP 2 message indicates an error : illegal parameter", "suite"],
    ["RAKP 3 message timed out", "suite"],
    ["Error in open session response message : x", "suite"],
    ["Get Auth Capabilities error", "silent"],
    ["Address lookup for bmc7 failed", "silent"],
    ["Could not open socket!", "silent"],
    ["Unable to open interface", "silent"],
    ["No response from remote controller", "silent"],
    ["Error: Unable to establish IPMI v2 / RMCP+ session", "suite"],
    ["Error: Unable to establish LAN session", "silent"],
    ["Session timeout", "silent"],
    ["x failed: Node busy", "later"],
    ["x failed: Timeout", "later"],
    ["x failed: Out of space", "later"],
    ["initialization in progress", "later"],
    ["x failed: not supported in present state", "later"],
    ["x failed: Invalid command", "refused"],
  ];
  for (const [words, kind] of cases) assert.deepEqual(parseFailure("", words), { words, kind });
  assert.deepEqual(parseFailure("from stdout", "from stderr"), { words: "from stderr; from stdout", kind: "refused" });
  assert.deepEqual(parseFailure("\n \r\n", ""), { words: "it said nothing", kind: "silent" });
  assert.equal(parseFailure("", "Using best available cipher suite 3\n Get HPM.x Capabilities\nno").words, "no");
});

test("what ipmitool says at each start is no reason", () => {
  for (
    const noise of [
      ...[
        "Loading IANA PEN Registry...",
        "Running Get PICMG Properties my_addr 0x20",
        "Discovered IPMB-0 address 0x20",
      ],
      ...["Invalid completion code received: Invalid command", "Using best available cipher suite 3", "Get HPM.x x"],
    ]
  ) {
    assert.deepEqual(parseFailure("", `${noise}\nNode busy\n`), { words: "Node busy", kind: "later" });
  }
});

test("no more entries of a log are asked for than ipmitool's output has room for", () => {
  assert.deepEqual(selCommand("elist", 7), ["sel", "elist", "last", "7"]);
  assert.deepEqual(selCommand("list", 101), ["sel", "list", "last", "100"]);
});

test("there are records of sensors where their count says so", () => {
  assert.equal(hasSensorRecords("SDR Version : 0x51\nRecord Count : 1\n"), true);
  for (const none of ["", "Record Count : 0", "Record Count : x", "Record Count : 1 or more"]) {
    assert.equal(hasSensorRecords(none), false, none);
  }
});

test("an entry of a log is a line with a number and words, with or without a time", () => {
  const cases: [line: string, entry: object | undefined][] = [
    ["ffff | 12/01/2026 | 03:05:00 GMT | Fan | Failed", {
      id: "ffff",
      time: "2026-12-01T03:05:00.000Z",
      message: "Fan | Failed",
    }],
    ["1 | 12/01/26 | 03:05:00 | Fan", { id: "1", time: "2026-12-01T03:05:00", message: "Fan" }],
    ["1 | PRE-INIT | 00000010 | Fan | ", { id: "1", message: "Fan" }],
    ["1 | Fan | Failed", { id: "1", message: "Fan | Failed" }],
    ["1 | 12/01/2026 | Fan | Failed", { id: "1", message: "12/01/2026 | Fan | Failed" }],
    ["1 | 12/01/2026x | 03:05:00 | Fan", { id: "1", message: "12/01/2026x | 03:05:00 | Fan" }],
    ["1 | 12/01/2026 | 03:05:00 PST | Fan", { id: "1", message: "12/01/2026 | 03:05:00 PST | Fan" }],
    ["12345 | Fan | Failed", undefined],
    ["g | Fan | Failed", undefined],
    ["1 | Fan", undefined],
    ["1 | | ", undefined],
  ];
  for (const [line, entry] of cases) {
    assert.deepEqual(parseSel(line), entry === undefined ? [] : [{ log: "SEL", ...entry }], line);
  }
  const [long] = parseSel(`1 | Fan | ${"x".repeat(5_000)}`);
  assert.equal(long?.message.length, 512);
  const [far] = parseSel(`1 | Fan | Failed |${" ".repeat(2_000)}| far behind`);
  assert.equal(far?.message, "Fan | Failed");
  const many = Array.from({ length: 150 }, (_, at) => `${at.toString(16)} | Fan | Failed`).join("\n");
  assert.deepEqual([parseSel(many).length, parseSel(many)[0]?.id], [100, "95"], "the newest ones");
});

/** What a controller says of its machine, asked as a test says. */
function benchFacts() {
  const clock = createVirtualClock();
  const facts = createIpmiFacts(clock);
  const asked: string[] = [];
  const said: { chassis?: string | undefined; info?: string | undefined } = {
    chassis: "21 10 60",
    info: "Firmware Revision : 9.08\n",
  };
  const of = (place = "a 623", ask = POLLED, node = "n1") =>
    facts.of(node, place, ask, async (words) => {
      asked.push(words.join(" "));
      return words === CHASSIS_STATUS ? said.chassis : said.info;
    });
  return { clock, facts, asked, said, of };
}

const ALL = { health: "OK", firmware: "BMC 9.08" };

test("what a controller says of its machine holds for ten minutes, and its LED only when it was read", async () => {
  const { of, asked, clock } = benchFacts();
  assert.deepEqual(await of(), { ...ALL, led: "ON" });
  assert.deepEqual(asked.splice(0), ["raw 0x00 0x01", "mc info"]);
  await clock.advance(599_999);
  assert.deepEqual(await of(), ALL);
  assert.deepEqual(asked, []);
  await clock.advance(1);
  assert.deepEqual(await of(), { ...ALL, led: "ON" });
  assert.equal(asked.length, 2);
});

test("what somebody waits for asks for nothing beside, and has what is known", async () => {
  const { of, asked, clock } = benchFacts();
  assert.equal(await of("a 623", AWAITED), undefined);
  await of();
  asked.splice(0);
  await clock.advance(600_000);
  assert.deepEqual(await of("a 623", AWAITED), ALL);
  assert.deepEqual(asked, []);
});

test("what is not said any more is as it was said last, and what never was is not asked for all the time", async () => {
  const { of, said, clock } = benchFacts();
  await of();
  Object.assign(said, { chassis: undefined, info: "x" });
  await clock.advance(600_000);
  assert.deepEqual(await of(), ALL);
  said.chassis = "29 10 00";
  await clock.advance(600_000);
  assert.deepEqual(await of(), { ...ALL, health: "Critical" });
  const none = benchFacts();
  Object.assign(none.said, { chassis: undefined, info: undefined });
  assert.equal(await none.of(), undefined);
  assert.equal(await none.of(), undefined);
  assert.equal(none.asked.length, 2);
  none.said.info = "Firmware Revision : 1\n";
  await none.clock.advance(600_000);
  assert.deepEqual(await none.of(), { firmware: "BMC 1" });
});

test("nothing that is known of one controller or node is told of another, nor after it was forgotten", async () => {
  const { of, said, facts } = benchFacts();
  await of();
  Object.assign(said, { chassis: undefined, info: undefined });
  assert.equal(await of("b 623"), undefined);
  const other = benchFacts();
  await other.of();
  other.facts.forget("n1");
  assert.equal(await other.of("a 623", AWAITED), undefined);
  assert.equal(await other.of("a 623", AWAITED, "n2"), undefined);
  facts.forget("never there");
});

test("facts that nobody waits for any more are not kept", async () => {
  const { of, asked } = benchFacts();
  const ended = AbortSignal.abort(new Error("Not wanted"));
  await assert.rejects(of("a 623", { signal: ended, urgent: false }), /Not wanted/);
  await of();
  assert.equal(asked.length, 4);
});

/** The driver of the node n1, and what its ipmitool was run with. */
async function withDriver(
  play: (words: string, args: readonly string[]) => ProgramOutput | Promise<ProgramOutput>,
  run: (bench: {
    readonly driver: ReturnType<typeof createIpmiDriver>;
    readonly node: ReturnType<typeof testNode>;
    readonly asked: string[];
    readonly clock: ReturnType<typeof createVirtualClock>;
  }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const credentials = writeCredentials(folder, "n1.json");
    const asked: string[] = [];
    const context: ModuleContext = {
      ...{
        name: "ipmi",
        nodes: () => [],
        node: () => undefined,
        discover() {},
        config: () => undefined,
        onChange() {},
      },
      ...{ log: createLog(() => {}), clock, random: () => 0.5, signal: never },
    };
    const driver = createIpmiDriver(context, {
      settings: () => ipmiConfigOf({ credentials }),
      async run(args) {
        const words = args.slice(args.indexOf("-C") + 2).join(" ");
        asked.push(words);
        return await play(words, args);
      },
    });
    await run({ driver, node: testNode("n1", { "/bmc/address": "10.0.0.7" }), asked, clock });
  });
}

test("each change of power is ordered by its word", async () => {
  const words: (readonly [PowerChange, string])[] = [
    ...[["on", "on"], ["off", "off"], ["shutdown", "soft"], ["restart", "reset"], ["interrupt", "diag"]] as const,
  ];
  for (const [change, word] of words) {
    await withDriver(() => output(""), async ({ driver, node, asked }) => {
      assert.deepEqual(await driver.change(node, change, AWAITED), { kind: "taken" });
      assert.deepEqual(asked, [`-v chassis power ${word}`]);
    });
  }
});

test("a device to boot from is told before a machine starts, and before nothing else", async () => {
  for (const change of ["on", "off", "shutdown", "restart", "interrupt"] as const) {
    await withDriver(() => output(""), async ({ driver, node, asked }) => {
      node.cfg.set("/bmc/bootDevice", "pxe");
      await driver.change(node, change, AWAITED);
      assert.equal(asked.length, change === "on" || change === "restart" ? 2 : 1, change);
      if (asked.length > 1) assert.equal(asked[0], "-v chassis bootdev pxe options=persistent");
    });
  }
});

test("an order that is refused is told from one that may come later, in the controller's words", async () => {
  for (const [said, kind] of [["Invalid command", "refused"], ["Node busy", "later"]] as const) {
    await withDriver(() => output("", 1, said), async ({ driver, node }) => {
      assert.deepEqual(await driver.change(node, "on", AWAITED), {
        ...{ kind, said: `'chassis power on' at 10.0.0.7 failed: ${said}` },
      });
      node.cfg.set("/bmc/bootDevice", "pxe");
      assert.deepEqual(await driver.change(node, "on", AWAITED), {
        ...{ kind, said: `'chassis bootdev pxe options=persistent' at 10.0.0.7 failed: ${said}` },
      });
    });
  }
});

test("what is no answer about the power is none, and quoted", async () => {
  const cases: [ProgramOutput, RegExp][] = [
    [output("x".repeat(200)), /^'chassis power status' of 'n1' said "x{80}"$/],
    [output("", 1, "Invalid command"), /^'chassis power status' at 10\.0\.0\.7 failed: Invalid command$/],
    [output("", 1, "No response"), /failed: No response \(it does not answer\)$/],
    [output("", 1, "RAKP 2 HMAC is invalid"), /\(it takes another user or password, or another 'kg'\)$/],
    [
      output("", 1, "invalid role"),
      /cipher suite 17 or 3 and the privilege ADMINISTRATOR: see 'privilege' and 'interface'/,
    ],
    [{ code: null, stdout: "Chassis Power is on\n", stderr: "" }, /failed: Chassis Power is on$/],
  ];
  for (const [said, words] of cases) {
    await withDriver(() => said, async ({ driver, node }) => {
      await assert.rejects(driver.read(node, AWAITED), { name: "UnavailableError", message: words });
    });
  }
});

test("a question that nobody waits for any more ends with that, and not as if the controller had failed", async () => {
  const reason = new Error("Not wanted");
  for (const [name, waits] of [["status", AWAITED], ["raw", POLLED], ["mc info", POLLED]] as const) {
    const unwanted = new AbortController();
    await withDriver((words) => {
      if (!words.includes(name)) return output("Chassis Power is on\n");
      unwanted.abort(reason);
      return Promise.reject(new Error("killed"));
    }, async ({ driver, node }) => {
      const ask = { ...waits, signal: unwanted.signal };
      await assert.rejects(driver.read(node, ask), (error) => error === reason, name);
    });
  }
  const ended = AbortSignal.abort(reason);
  await withDriver(() => output("Chassis Power is on\n"), async ({ driver, node, asked }) => {
    await assert.rejects(driver.read(node, { signal: ended, urgent: true }), (error) => error === reason);
    await assert.rejects(
      async () => await driver.readLog?.(node, 1, { signal: ended, urgent: false }),
      (error) => error === reason,
    );
    assert.deepEqual(asked, []);
  });
});

test("a password that was taken again rests as short as the first time when it is refused next", async () => {
  let refuses = true;
  await withDriver(
    () => refuses ? output("", 1, "RAKP 2 HMAC is invalid") : output("Chassis Power is on\n"),
    async ({ driver, node, asked, clock }) => {
      const read = async () => await driver.read(node, AWAITED).then(() => true, () => false);
      const isAsked = async () => {
        asked.length = 0;
        await read();
        return asked.length > 0;
      };
      assert.deepEqual([await isAsked(), await isAsked()], [true, false]);
      await clock.advance(60_000);
      refuses = false;
      assert.equal(await read(), true);
      refuses = true;
      assert.equal(await isAsked(), true);
      await clock.advance(59_999);
      assert.equal(await isAsked(), false);
      await clock.advance(1);
      assert.equal(await isAsked(), true);
    },
  );
});

test("without a file of credentials those of the environment are taken, and where there are none it is said where they belong", async () => {
  const clock = createVirtualClock();
  const seen: string[] = [];
  const context: ModuleContext = {
    ...{ name: "ipmi", nodes: () => [], node: () => undefined, discover() {}, config: () => undefined, onChange() {} },
    ...{ log: createLog(() => {}), clock, random: () => 0.5, signal: never },
  };
  const driver = createIpmiDriver(context, {
    settings: () => ipmiConfigOf(undefined),
    async run(args, { password }) {
      seen.push(`${args[args.indexOf("-U") + 1]} ${password}`);
      return output("Chassis Power is off\n");
    },
  });
  const node = testNode("n1", { "/bmc/address": "10.0.0.7" });
  const names = ["KRAKEN_BMC_USERNAME", "KRAKEN_BMC_PASSWORD"] as const;
  const before = names.map((name) => process.env[name]);
  try {
    for (const name of names) delete process.env[name];
    await assert.rejects(driver.read(node, AWAITED), {
      name: "UnavailableError",
      message: "There are no credentials for the controller of 'n1': name a file of 'credentials' in " +
        "'/services/ipmi/config', or set KRAKEN_BMC_USERNAME and KRAKEN_BMC_PASSWORD",
    });
    [process.env[names[0]], process.env[names[1]]] = ["admin", "of the site"];
    assert.equal((await driver.read(node, AWAITED)).power, "off");
    assert.deepEqual(seen, ["admin of the site"]);
  } finally {
    names.forEach((name, at) => {
      const value = before[at];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    });
  }
});

test("an ipmitool that can't be run is no answer, whatever it throws", async () => {
  for (const thrown of [new Error("spawn failed"), "spawn failed"]) {
    await withDriver(() => Promise.reject(thrown), async ({ driver, node }) => {
      await assert.rejects(driver.read(node, AWAITED), { name: "UnavailableError", message: "spawn failed" });
    });
  }
});

test("facts about a machine come with a poll of its power, and hide none where they can't be had", async () => {
  await withDriver(
    (words) =>
      words.includes("raw")
        ? output("21 10 40")
        : words.includes("mc info")
        ? output("", 1, "No response")
        : output("Chassis Power is on\n"),
    async ({ driver, node, asked, clock }) => {
      assert.deepEqual(await driver.read(node, POLLED), {
        ...{ power: "on", said: "Chassis Power is on", machine: { health: "OK", led: "OFF" } },
      });
      assert.deepEqual(await driver.read(node, AWAITED), {
        ...{ power: "on", said: "Chassis Power is on", machine: { health: "OK" } },
      });
      driver.forget?.(node.id);
      assert.deepEqual(await driver.read(node, AWAITED), { power: "on", said: "Chassis Power is on" });
      assert.ok(asked.length >= 5);
      await clock.advance(0);
    },
  );
});

test("an LED is as its controller says or, where it does not say, as it took the order", async () => {
  const cases: [status: ProgramOutput, led: string | undefined][] = [
    [output("21 10 60"), "ON"],
    [output("21 10 40"), "OFF"],
    [output("21 10 00"), "ON"],
    [output("nonsense"), "ON"],
    [output("", 1, "Invalid command"), "ON"],
  ];
  for (const [status, led] of cases) {
    await withDriver((words) => words.includes("raw") ? status : output(""), async ({ driver, node }) => {
      assert.equal(await driver.turnLed?.(node, "ON", AWAITED), led);
    });
  }
  await withDriver(() => output("", 1, "Invalid command"), async ({ driver, node, asked }) => {
    await assert.rejects(async () => await driver.turnLed?.(node, "ON", AWAITED), { name: "DeclinedError" });
    assert.equal(asked.length, 1);
    await assert.rejects(async () => await driver.turnLed?.(node, "BLINKING", AWAITED), {
      name: "MistakeError",
      message: "An identify LED can't blink over IPMI: expected ON or OFF",
    });
    assert.equal(asked.length, 1);
  });
});

test("a log without records of sensors is read without their names, and so where these can't be asked for", async () => {
  const cases: [sensors: ProgramOutput, list: string][] = [
    [output("Record Count : 3\n"), "sel elist last 5"],
    [output("Record Count : 0\n"), "sel list last 5"],
    [output("Record Count : 3\n", 1, "Invalid command"), "sel list last 5"],
  ];
  for (const [sensors, list] of cases) {
    await withDriver(
      (words) => words.includes("sdr") ? sensors : output("1 | Fan | Failed\n"),
      async ({ driver, node, asked }) => {
        assert.equal((await driver.readLog?.(node, 5, AWAITED))?.length, 1);
        assert.deepEqual(asked, ["-v sdr info", list]);
      },
    );
  }
});

test("a log that a controller does not give is told of in its words, and not asked for in another way", async () => {
  for (const said of ["Invalid command", "No response"]) {
    await withDriver(
      (words) => words.includes("sdr") ? output("Record Count : 3\n") : output("", 1, said),
      async ({ driver, node, asked }) => {
        await assert.rejects(async () => await driver.readLog?.(node, 5, AWAITED), {
          name: "UnavailableError",
          message: new RegExp(`'sel elist last 5' at 10\\.0\\.0\\.7 failed: ${said}`),
        });
        assert.equal(asked.length, 2);
      },
    );
  }
});

/** Runs with an ipmitool of the test's own. */
async function withProgram(script: string, run: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const program = join(folder, "ipmitool");
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    const path = process.env["PATH"];
    process.env["PATH"] = `${folder}:${path}`;
    try {
      await run(folder);
    } finally {
      if (path !== undefined) process.env["PATH"] = path;
    }
  });
}

test("ipmitool gets its arguments, an environment of its own, and nothing to read", async () => {
  const script = 'echo "$* $IPMI_PASSWORD ${IPMI_KGKEY-none} $LC_ALL ${HOME-nowhere}"; cat; echo words >&2; exit 3';
  await withProgram(script, async () => {
    const without = await runIpmitool(["a", "b c"], { password: "p" }, never);
    assert.deepEqual(without, { code: 3, stdout: "a b c p none C nowhere\n", stderr: "words\n" });
    const { stdout } = await runIpmitool([], { password: "p", kg: "k" }, never);
    assert.equal(stdout, " p k C nowhere\n");
  });
});

test("an ipmitool that is there and can't be run is told from one that is not there", async () => {
  await withFolder(async (folder) => {
    const path = process.env["PATH"];
    process.env["PATH"] = folder;
    try {
      writeFileSync(join(folder, "interpreter"), "", { mode: 0o644 });
      writeFileSync(join(folder, "ipmitool"), `#!${join(folder, "interpreter")}\n`, { mode: 0o755 });
      await assert.rejects(runIpmitool([], { password: "p" }, never), {
        name: "UnavailableError",
        message: /^Cannot start 'ipmitool'(?! as it is not installed)./,
      });
    } finally {
      if (path !== undefined) process.env["PATH"] = path;
    }
  });
});

test("an ipmitool that a signal ended has no code, and one that was ended as nobody waited says why", async () => {
  await withProgram("kill -9 $$", async () => {
    assert.equal((await runIpmitool([], { password: "p" }, never)).code, null);
  });
  await withProgram("exec sleep 600", async () => {
    const unwanted = new AbortController();
    const running = runIpmitool([], { password: "p" }, unwanted.signal);
    setTimeout(() => unwanted.abort(new Error("Not wanted")), 50);
    await assert.rejects(running, { message: "Not wanted" });
  });
});

test("a controller that does not answer is not asked with another cipher suite, and not by another one's", async () => {
  const suites: (string | undefined)[] = [];
  await withDriver((_words, args) => {
    const [suite, host, port] = ["-C", "-H", "-p"].map((option) => args[args.indexOf(option) + 1]);
    suites.push(suite);
    if (host === "10.0.0.7" && port === "623" && suite === "17") return output("", 1, "no matching cipher suite");
    return host === "10.0.0.7" && port === "623" ? output("Chassis Power is on\n") : output("", 1, "No response");
  }, async ({ driver, node }) => {
    await driver.read(node, AWAITED);
    await driver.read(node, AWAITED);
    assert.deepEqual(suites.splice(0), ["17", "3", "3"]);
    for (const address of ["10.0.0.8", "10.0.0.7:624"]) {
      const other = testNode("n2", { "/bmc/address": address });
      await assert.rejects(driver.read(other, AWAITED), /does not answer/);
      assert.deepEqual(suites.splice(0), ["17"], "nothing is known of it, and no second one is tried");
    }
  });
});

test("a controller that did not answer is asked with every cipher suite again when it does", async () => {
  let isSilent = true;
  await withDriver((_words, args) => {
    if (isSilent) return output("", 1, "No response");
    return args[args.indexOf("-C") + 1] === "3"
      ? output("Chassis Power is on\n")
      : output("", 1, "RAKP 2 HMAC is invalid");
  }, async ({ driver, node }) => {
    await assert.rejects(driver.read(node, AWAITED), /does not answer/);
    isSilent = false;
    assert.equal((await driver.read(node, AWAITED)).power, "on");
  });
});

test("a session that can't be had is told of by what was said of the password, then by the first suite", async () => {
  const cases: [said: { readonly [suite: string]: string }, words: RegExp][] = [
    [{ 17: "invalid role", 3: "illegal parameter" }, /failed: invalid role \(it begins no session/],
    [{ 17: "invalid role", 3: "RAKP 2 HMAC is invalid" }, /failed: RAKP 2 HMAC is invalid \(it takes another user/],
    [{ 17: "RAKP 2 HMAC is invalid", 3: "invalid role" }, /failed: RAKP 2 HMAC is invalid \(it takes another user/],
  ];
  for (const [said, words] of cases) {
    await withDriver(
      (_words, args) => output("", 1, said[args[args.indexOf("-C") + 1] ?? ""] ?? "nothing"),
      async ({ driver, node, asked }) => {
        await assert.rejects(driver.read(node, AWAITED), { name: "UnavailableError", message: words });
        assert.equal(asked.length, 2);
      },
    );
  }
});

test("silence says nothing of a cipher suite: a password is tried with both of them after it", async () => {
  let isSilent = true;
  const suites: (string | undefined)[] = [];
  await withDriver((_words, args) => {
    const suite = args[args.indexOf("-C") + 1];
    suites.push(suite);
    if (isSilent) return output("", 1, "No response");
    return suite === "3" ? output("Chassis Power is on\n") : output("", 1, "RAKP 2 HMAC is invalid");
  }, async ({ driver, node }) => {
    await assert.rejects(driver.read(node, AWAITED), /does not answer/);
    isSilent = false;
    assert.equal((await driver.read(node, AWAITED)).power, "on");
    assert.deepEqual(suites, ["17", "17", "3"]);
  });
});
