import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { withFolder } from "../support/folder.ts";
import { createCoverage, fc } from "../support/property.ts";
import { ipmiConfigOf } from "../../modules/ipmi/config.ts";
import { type RunIpmitool, runIpmitool } from "../../modules/ipmi/commands.ts";
import { createIpmiModule } from "../../modules/ipmi/module.ts";
import { parseFailure, parsePowerStatus } from "../../modules/ipmi/parse.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { USER, writeCredentials } from "./bmc_fixture.ts";
import { host, withPlayed } from "./ipmi_bench.ts";
import { hostForTest, testNode } from "./module_fixture.ts";
import { ending } from "./redfish_scene.ts";

test("ipmi says plainly that ipmitool is missing", async () => {
  await withFolder(async (folder) => {
    const { run, host: module } = await host(folder, "10.0.0.7", {}, {
      run: async (args, password, signal) => {
        const path = process.env["PATH"];
        process.env["PATH"] = folder;
        try {
          return await runIpmitool(args, password, signal);
        } finally {
          if (path !== undefined) process.env["PATH"] = path;
        }
      },
    });
    await assert.rejects(run("find-on"), {
      name: "UnavailableError",
      message: "Cannot start 'ipmitool' as it is not installed: Debian has it in the package 'ipmitool'",
    });
    await module.stop();
  });
});

test("ipmi asks at the port of the address, 623 where it names none, over IPv6 too", async () => {
  const places: [address: string, host: string, port: string][] = [
    ["10.0.0.7", "10.0.0.7", "623"],
    ["bmc7.site:1623", "bmc7.site", "1623"],
    ["[fd00::7]", "fd00::7", "623"],
    ["[fd00::7]:65535", "fd00::7", "65535"],
  ];
  await withFolder(async (folder) => {
    for (const [address, name, port] of places) {
      const { run, host: module } = await host(folder, address, {}, {
        async run(args) {
          assert.equal(args.slice(2, 6).join(" "), `-H ${name} -p ${port}`);
          return { code: 0, stdout: "Chassis Power is off\n", stderr: "" };
        },
      });
      await run("find-off");
      await module.stop();
    }
    const { run, set, host: module } = await host(folder, "10.0.0.7");
    set("/bmc/address", undefined);
    await assert.rejects(run("find-off"), {
      name: "MistakeError",
      message: "'n1' has no controller: set its '/bmc/address' to a host such as 10.0.0.7, bmc7:623 or [fd00::7]",
    });
    await module.stop();
  });
});

test("ipmiConfigOf() has a value where nothing is set, and takes what is", () => {
  const usual = { credentials: undefined, poll: 60_000, graceful: 60_000, sense: 0, settle: 10_000 };
  assert.deepEqual(ipmiConfigOf(undefined), { ...usual, interface: "lanplus", privilege: "ADMINISTRATOR" });
  const set = { credentials: "/c", poll: 1_000, graceful: 0, interface: "lan", privilege: "OPERATOR" } as const;
  assert.deepEqual(ipmiConfigOf(set), { ...usual, ...set });
  assert.equal(ipmiConfigOf({ privilege: "USER" }).privilege, "USER");
});

test("ipmi says of a node without credentials where they are to be", async () => {
  await withFolder(async (folder) => {
    const { run, host: module } = await host(folder, "10.0.0.7", { credentials: join(folder, "none.json") });
    await assert.rejects(run("find-on"), {
      name: "UnavailableError",
      message: /Cannot use the credentials in .*none.json/,
    });
    await module.stop();
  });
});

test("ipmi ends the program at once when nobody waits for it any more, and bounds what it says", async () => {
  await withFolder(async (folder) => {
    const program = join(folder, "ipmitool");
    writeFileSync(
      program,
      `#!/bin/sh\nif [ "$1" = loud ]; then head -c 1000000 /dev/zero | tr '\\0' x; else exec sleep 600; fi\n`,
    );
    chmodSync(program, 0o755);
    const path = process.env["PATH"];
    process.env["PATH"] = `${folder}:${path}`;
    try {
      const controller = new AbortController();
      const running = runIpmitool(["quiet"], { password: "p" }, controller.signal);
      controller.abort(new Error("Not wanted"));
      await assert.rejects(running, /Not wanted/);
      await assert.rejects(runIpmitool([], { password: "p" }, controller.signal), /Not wanted/);
      const { code, stdout } = await runIpmitool(["loud"], { password: "p" }, new AbortController().signal);
      assert.equal(code, 0);
      assert.equal(stdout.length, 16 * 1024);
    } finally {
      if (path !== undefined) process.env["PATH"] = path;
    }
  });
});

test("ipmi takes no other cipher suite after an answer that only says no", async () => {
  for (const words of ["Insufficient privilege level", "Node busy"]) {
    const suites: (string | undefined)[] = [];
    await withPlayed(async (args) => {
      suites.push(args[args.indexOf("-C") + 1]);
      return { code: 1, stdout: "", stderr: `Unable to get Chassis Power Status: ${words}\n` };
    }, async ({ run }) => {
      await assert.rejects(run("find-on"), { name: "UnavailableError", message: new RegExp(words) });
      await assert.rejects(run("find-on"));
      assert.deepEqual(suites, ["17", "17"]);
    });
  }
});

test("ipmi tries a password that the known cipher suite refuses with no other, and finds the suite anew after that", async () => {
  const suites: (string | undefined)[] = [];
  let isWrong = false;
  await withPlayed(async (args) => {
    const suite = args[args.indexOf("-C") + 1];
    suites.push(suite);
    if (isWrong) return { code: 1, stdout: "", stderr: "> RAKP 2 HMAC is invalid\n" };
    return suite === "3"
      ? { code: 0, stdout: "Chassis Power is on\n", stderr: "" }
      : { code: 1, stdout: "", stderr: SUITE };
  }, async ({ run, clock }) => {
    await run("find-on");
    isWrong = true;
    await assert.rejects(run("find-on"), /takes another user or password/);
    assert.deepEqual(suites, ["17", "3", "3"]);
    isWrong = false;
    await clock.advance(300_000);
    await run("find-on");
    assert.deepEqual(suites.slice(0, 5), ["17", "3", "3", "17", "3"]);
  });
});

test("ipmi says what the controller said of the password, where one cipher suite is unknown to it", async () => {
  for (const order of [[SUITE, "> RAKP 2 HMAC is invalid\n"], ["> RAKP 2 HMAC is invalid\n", SUITE]]) {
    let place = 0;
    await withPlayed(
      async () => ({ code: 1, stdout: "", stderr: order[place++ % 2] ?? "" }),
      async ({ run }) => void await assert.rejects(run("find-on"), /failed: > RAKP 2 HMAC is invalid \(it takes/),
    );
  }
});

test("ipmi refuses an address that is none, and what would be an option of ipmitool", async () => {
  await withFolder(async (folder) => {
    for (const address of ["-oX", "a b", "10.0.0.7:99999", "https://10.0.0.7", "$(id)"]) {
      const { run, host: module } = await host(folder, address);
      await assert.rejects(run("find-on"), { name: "MistakeError", message: /expected a host such as 10.0.0.7/ });
      await module.stop();
    }
  });
});

const SUITE = "Error in open session response message : invalid authentication algorithm\n";

test("ipmi takes an older cipher suite where the controller knows no other, and remembers it", async () => {
  const suites: (string | undefined)[] = [];
  await withPlayed(async (args) => {
    const suite = args[args.indexOf("-C") + 1];
    suites.push(suite);
    if (suite === "17") return { code: 1, stdout: "", stderr: SUITE };
    return { code: 0, stdout: "Chassis Power is on\n", stderr: "" };
  }, async ({ run, node }) => {
    await run("find-on");
    await run("find-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.deepEqual(suites, ["17", "3", "3"]);
  });
});

/** How ipmitool says that a session did not come about, as it was seen of real controllers. */
const SESSION_ERRORS = [
  "Error in open session response message : invalid role",
  "Error in open session response message : no matching cipher suite",
  "RAKP 2 message indicates an error : illegal parameter",
  "RAKP 2 message indicates an error : invalid role",
  "> RAKP 2 HMAC is invalid",
  "RAKP 4 message indicates an error : invalid integrity check value",
  "Error: Unable to establish IPMI v2 / RMCP+ session",
];

test("ipmi takes the other cipher suite after each way in which a session can fail, and remembers it over silence", async () => {
  for (const words of SESSION_ERRORS) {
    const suites: (string | undefined)[] = [];
    let silent = false;
    await withPlayed(async (args) => {
      const suite = args[args.indexOf("-C") + 1];
      suites.push(suite);
      if (silent) return { code: 1, stdout: "", stderr: "Get Auth Capabilities error\n" };
      if (suite === "17") return { code: 1, stdout: "", stderr: `Loading IANA PEN Registry...\n${words}\n` };
      return { code: 0, stdout: "Chassis Power is on\n", stderr: "" };
    }, async ({ run, node }) => {
      await run("find-on");
      silent = true;
      await assert.rejects(run("find-on"), { name: "UnavailableError", message: /does not answer/ });
      silent = false;
      await run("find-on");
      assert.equal(node.view.get("/physState"), "POWER_ON", words);
      assert.deepEqual(suites, ["17", "3", "3", "3"], words);
    });
  }
});

test("ipmi finds the cipher suite anew when a controller takes another one than before", async () => {
  let taken = "3";
  const suites: (string | undefined)[] = [];
  await withPlayed(async (args) => {
    const suite = args[args.indexOf("-C") + 1];
    suites.push(suite);
    if (suite !== taken) return { code: 1, stdout: "", stderr: SUITE };
    return { code: 0, stdout: "Chassis Power is on\n", stderr: "" };
  }, async ({ run }) => {
    await run("find-on");
    taken = "17";
    await run("find-on");
    await run("find-on");
    assert.deepEqual(suites, ["17", "3", "3", "17", "17"]);
    taken = "none";
    suites.length = 0;
    await assert.rejects(run("find-on"), {
      name: "UnavailableError",
      message:
        /invalid authentication algorithm \(it begins no session with cipher suite 17 or 3 and the privilege ADMINISTRATOR/,
    });
    assert.deepEqual(suites, ["17", "3"], "each once");
  });
});

test("ipmi lets a wrong password rest, longer each time, and tries another one of the file at once", async () => {
  const tried: { readonly at: number; readonly password: string }[] = [];
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const play: RunIpmitool = async (_args, { password }) => {
      tried.push({ at: clock.now(), password });
      return password === "right"
        ? { code: 0, stdout: "Chassis Power is on\n", stderr: "" }
        : { code: 1, stdout: "", stderr: "> RAKP 2 HMAC is invalid\n" };
    };
    const { run, node, host: module } = await host(folder, "10.0.0.7", { poll: 1_000 }, { run: play, clock });
    try {
      const refusal = {
        name: "UnavailableError",
        message: /10\.0\.0\.7 failed: > RAKP 2 HMAC is invalid \(it takes another user/,
      };
      const from = clock.now();
      await assert.rejects(run("find-on"), refusal);
      await assert.rejects(run("find-on"), refusal);
      assert.equal(tried.length, 2, "once with each cipher suite");
      await clock.advance(2_000);
      assert.match(String(node.view.get("/bmc/error")), /takes another user or password/, "told at the first look");
      await clock.advance(3_600_000);
      const moments = [...new Set(tried.map(({ at }) => Math.round((at - from) / 60_000)))];
      assert.deepEqual(moments.slice(0, 5), [0, 1, 3, 7, 15]);
      assert.ok(tried.length <= 2 * 9, String(tried.length));
      writeCredentials(folder, "n1.json", { ...USER, password: "right" });
      await run("find-on");
      assert.equal(node.view.get("/physState"), "POWER_ON");
    } finally {
      await module.stop();
    }
  });
});

test("ipmi's wrong password of one node keeps no other from the same controller", async () => {
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const nodes = ["bad", "good"].map((name) => {
      writeCredentials(folder, `${name}.json`, { ...USER, password: name });
      const node = testNode(name, { "/platform": "ipmi", "/bmc/address": "10.0.0.7" });
      node.view.set("/platform", "ipmi");
      return node;
    });
    const own = testNode("root", {
      "/services/ipmi/config": { credentials: join(folder, "{name}.json"), poll: 1_000 },
    });
    const play: RunIpmitool = async (_args, { password }) =>
      password === "good"
        ? { code: 0, stdout: "Chassis Power is on\n", stderr: "" }
        : { code: 1, stdout: "", stderr: "RAKP 2 message indicates an error : unauthorized name\n" };
    const hosted = await hostForTest(createIpmiModule({ run: play }), nodes, { role: "parent", own, clock });
    await clock.advance(30_000);
    assert.match(String(nodes[0]?.view.get("/bmc/error")), /unauthorized name/);
    assert.equal(nodes[1]?.view.get("/bmc/error"), undefined);
    assert.equal(nodes[1]?.view.get("/physState"), "POWER_ON");
    await hosted.host.stop();
  });
});

test("ipmi asks with the privilege, interface and Kg that are set, and has no secret among its arguments", async () => {
  const seen: { readonly args: readonly string[]; readonly kg: string | undefined }[] = [];
  const play: RunIpmitool = async (args, { kg }) => {
    seen.push({ args, kg });
    return { code: 0, stdout: "Chassis Power is on\n", stderr: "" };
  };
  await withFolder(async (folder) => {
    for (const config of [{}, { privilege: "OPERATOR" }, { interface: "lan", privilege: "USER" }]) {
      const { run, host: module } = await host(folder, "10.0.0.7", config, { run: play });
      await run("find-on");
      await module.stop();
    }
    const { run, host: module } = await host(folder, "10.0.0.7", {}, { run: play });
    writeCredentials(folder, "n1.json", { ...USER, kg: "key-of-the-site" });
    await run("find-on");
    await module.stop();
  });
  const words = seen.map(({ args }) => args.join(" "));
  assert.match(words[0] ?? "", /^-I lanplus .* -L ADMINISTRATOR .* -C 17 -v chassis power status$/);
  assert.match(words[1] ?? "", /^-I lanplus .* -L OPERATOR /);
  assert.match(words[2] ?? "", /^-I lan .* -L USER /);
  assert.ok(!/ -C | -K /.test(words[2] ?? ""));
  assert.match(words[3] ?? "", / -K /);
  assert.equal(seen[3]?.kg, "key-of-the-site");
  for (const text of words) assert.ok(!text.includes(USER.password) && !text.includes("key-of-the-site"), text);
});

test("ipmi hands password and Kg to the program in its environment", async () => {
  await withFolder(async (folder) => {
    const program = join(folder, "ipmitool");
    writeFileSync(program, '#!/bin/sh\necho "$IPMI_PASSWORD/$IPMI_KGKEY/$*/$HOME"\necho bad >&2\nexit 3\n');
    chmodSync(program, 0o755);
    const path = process.env["PATH"];
    process.env["PATH"] = `${folder}:${path}`;
    try {
      const { signal } = new AbortController();
      const with_ = await runIpmitool(["a", "b"], { password: "p", kg: "k" }, signal);
      assert.deepEqual(with_, { code: 3, stdout: "p/k/a b/\n", stderr: "bad\n" });
      assert.equal((await runIpmitool(["c"], { password: "p" }, signal)).stdout, "p//c/\n");
    } finally {
      if (path !== undefined) process.env["PATH"] = path;
    }
  });
});

test("ipmi is done when the controller says so: it took the order, said for a while what was before, and failed now and then", async () => {
  let power = "off";
  const asked: string[] = [];
  const bad: string[] = ["status"];
  await withPlayed(async (args) => {
    const command = args.at(-1) ?? "";
    asked.push(command);
    if (asked.length % 3 === 0 && bad.includes(command)) {
      return { code: 1, stdout: "", stderr: "Error: Unable to establish IPMI v2 / RMCP+ session\n" };
    }
    return { code: 0, stdout: command === "status" ? `Chassis Power is ${power}\n` : "", stderr: "" };
  }, async ({ run, clock, node }) => {
    const switching = run("power-on");
    await clock.advance(8_000);
    assert.equal(node.view.get("/physState"), undefined, "it was taken, which is no success");
    power = "on";
    await clock.advance(3_000);
    await switching;
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.equal(asked.filter((command) => command === "on").length, 1);
    power = "off";
    await clock.advance(5_000);
    assert.equal(node.view.get("/physState"), "POWER_ON", "not believed so shortly after");
    await clock.advance(60_000);
    assert.equal(node.view.get("/physState"), "POWER_OFF");
  });
});

test("ipmi takes no order for failed that was refused as it is so already, and says what was refused otherwise", async () => {
  let power = "off";
  await withPlayed(async (args) => {
    if (args.at(-1) === "status") return { code: 0, stdout: `Chassis Power is ${power}\n`, stderr: "" };
    if (args.at(-1) === "on") power = "on";
    const why = args.at(-1) === "on" ? "Command not supported in present state" : "Insufficient privilege level";
    return { code: 1, stdout: "", stderr: `Set Chassis Power Control failed: ${why}\n` };
  }, async ({ run, clock, node }) => {
    await run("power-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
    await assert.rejects(
      ending(clock, run("power-off")),
      /'chassis power off' at 10.0.0.7 failed: .*Insufficient privilege level/,
    );
  });
});

test("ipmi restarts a machine that hangs without a loss of power, and when that did not help by power off and on", async () => {
  let power = "on";
  const asked: string[] = [];
  await withPlayed(async (args) => {
    const command = args.at(-1) ?? "";
    if (args.includes("power") && command !== "status") asked.push(command);
    if (command === "on" || command === "off") power = command;
    return { code: 0, stdout: `Chassis Power is ${power}\n`, stderr: "" };
  }, async ({ run, node, clock }) => {
    await run("power-on");
    for (const expected of [["reset"], ["reset", "off", "on"]]) {
      node.view.set("/physState", "PHYS_HANG");
      const restarting = run("restart-hang");
      await clock.advance(20_000);
      await restarting;
      assert.equal(node.view.get("/physState"), "POWER_ON");
      assert.deepEqual(asked, expected);
    }
  });
});

test("ipmi has at most 16 processes, and kills those that take too long", async () => {
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const nodes = Array.from({ length: 40 }, (_, index) => {
      const node = testNode(`n${index}`, { "/platform": "ipmi", "/bmc/address": `10.0.0.${index}` });
      node.view.set("/platform", "ipmi");
      return node;
    });
    const credentials = writeCredentials(folder, "all.json");
    const own = testNode("root", { "/services/ipmi/config": { credentials, poll: 1_000 } });
    let running = 0;
    let most = 0;
    let killed = 0;
    const never: RunIpmitool = (_args, _password, signal) =>
      new Promise((_resolve, reject) => {
        most = Math.max(most, ++running);
        signal.addEventListener("abort", () => {
          running--;
          killed++;
          reject(signal.reason);
        });
      });
    const { host: module } = await hostForTest(createIpmiModule({ run: never }), nodes, { role: "parent", own, clock });
    await clock.advance(61_000);
    assert.equal(most, 16);
    assert.ok(killed >= 40, String(killed));
    await module.stop();
    assert.equal(running, 0);
  });
});

test("parsePowerStatus() and parseFailure() take whatever a controller makes ipmitool say", () => {
  assert.equal(parsePowerStatus("Chassis Power is on\n"), "on");
  assert.equal(parsePowerStatus("Get HPM.x Capabilities request failed\nChassis Power is off\n"), "off");
  assert.equal(parsePowerStatus("Chassis Power is onward"), undefined);
  assert.equal(parseFailure("", SUITE).kind, "suite");
  assert.equal(parseFailure("", "Address lookup for nowhere failed").kind, "silent");
  assert.equal(parseFailure("", "Error: Unable to establish LAN session\n").kind, "silent");
  assert.equal(
    parseFailure("", "Activate Session command failed\nError: Unable to establish LAN session\n").kind,
    "credentials",
  );
  assert.equal(
    parseFailure("", "Loading IANA PEN Registry...\nRunning Get VSO Capabilities my_addr 0x20\n").words,
    "it said nothing",
  );
  const power = "Set Chassis Power Control to Up/On failed: ";
  for (const words of ["Node busy", "Timeout", "Out of space", "Command not supported in present state"]) {
    assert.deepEqual(parseFailure("", power + words), { words: power + words, kind: "later" });
  }
  assert.equal(parseFailure("four\n", "one\n\ntwo\r\nthree").words, "one; two; three", "the first three lines");
  assert.equal(parseFailure("", "x".repeat(300)).words.length, 200);
  assert.equal(parseFailure("", "BMC initialization in progress").kind, "later");
  for (
    const words of [
      "Activate Session error:\n\tNo session slot available\nError: Unable to establish LAN session\n",
      "Activate Session error:\n\tNo slot available for given user - limit reached\n",
      "Error in open session response message : insufficient resources for session\n",
    ]
  ) {
    assert.equal(
      parseFailure("", words).kind,
      "later",
      `its sessions are in use, and nothing is wrong with the password: ${words}`,
    );
  }
  assert.equal(parseFailure("", `${power}Insufficient privilege level`).kind, "refused");
  assert.equal(parseFailure("", "Invalid user name\u0007").words, "Invalid user name?");
  const covered = createCoverage("what ipmitool says", [
    ...["on", "off", "suite", "credentials", "silent", "later", "refused"] as const,
  ], 0.02);
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 500 }),
    fc.constantFrom("", "Chassis Power is on\n", "Chassis Power is off\n", "no response", "Node busy", "invalid role"),
    fc.constantFrom("RAKP 2 HMAC is invalid", "Loading IANA", "session timeout", "Insufficient resources"),
  );
  fc.assert(
    fc.property(
      text,
      text,
      (a, b) => {
        const power = parsePowerStatus(a);
        assert.ok(power === undefined || power === "on" || power === "off");
        const { words, kind } = parseFailure(a, b);
        covered.saw(kind, ...(power === undefined ? [] : [power]));
        assert.ok(words.length > 0 && words.length <= 200 && !words.includes("\n"));
      },
    ),
    { numRuns: 500 },
  );
  covered.check();
});

test("ipmi restarts and interrupts a machine that is on, once each, as somebody ordered it", async () => {
  const asked: string[] = [];
  await withPlayed(async (args) => {
    const command = args.at(-1) ?? "";
    if (command !== "status") asked.push(args.slice(-3).join(" "));
    return { code: 0, stdout: "Chassis Power is on\n", stderr: "" };
  }, async ({ run, node, clock }) => {
    await run("interrupt");
    assert.equal(node.view.get("/power/order"), "DONE");
    node.view.delete("/power/order");
    await run("reset");
    assert.deepEqual([node.view.get("/physState"), node.view.get("/power/order")], ["POWER_CYCLE", "DONE"]);
    await ending(clock, run("reset-over"));
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.deepEqual(asked, ["chassis power diag", "chassis power reset"]);
  });
});

test("ipmi tells the controller the device to boot from before it powers its machine on, and once where that was asked for", async () => {
  let power = "off";
  const asked: string[] = [];
  await withPlayed(async (args) => {
    const command = args.slice(args.indexOf("chassis")).join(" ");
    if (command !== "chassis power status") asked.push(command);
    if (command === "chassis power on") power = "on";
    return { code: 0, stdout: `Chassis Power is ${power}\n`, stderr: "" };
  }, async ({ run, node }) => {
    node.view.set("/bmc/bootNext", "PXE");
    await run("power-on");
    assert.deepEqual(asked, ["chassis bootdev pxe", "chassis power on"]);
    assert.equal(node.view.get("/bmc/bootNext"), "NONE");
  });
});

test("ipmi starts no machine whose controller refuses the device to boot from, though ipmitool ends well then", async () => {
  const asked: string[] = [];
  await withPlayed(async (args) => {
    const command = args.slice(args.indexOf("chassis")).join(" ");
    if (command !== "chassis power status") asked.push(command);
    const stderr = command.includes("bootdev")
      ? "Set Chassis Boot Parameter 5 failed: Invalid data field in request\n"
      : "";
    return { code: 0, stdout: "Chassis Power is off\n", stderr };
  }, async ({ run, node, clock }) => {
    node.view.set("/bmc/bootNext", "PXE");
    await assert.rejects(ending(clock, run("power-on")), /Set Chassis Boot Parameter 5 failed: Invalid data field/);
    assert.deepEqual([...new Set(asked)], ["chassis bootdev pxe"]);
    assert.equal(node.view.get("/bmc/bootNext"), "PXE");
  });
});
