import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createRedfishModule } from "../../modules/redfish/module.ts";
import type { Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { makeCertificate, type PlainMachine, startBmcs, type TestBmcs, USER, writeCredentials } from "./bmc_fixture.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";

interface Bench extends HostedForTest {
  readonly node: TestNode;
  readonly bmcs: TestBmcs;
  readonly machine: PlainMachine;
  readonly folder: string;
}

interface Options {
  /** How the BMCs behave. */
  readonly behaviour?: { readonly [name: string]: unknown };
  /** The module's config; `{folder}` in texts is the test's folder. */
  readonly config?: { readonly [name: string]: Value };
  readonly cfg?: (bmcs: TestBmcs, fingerprint: string) => { readonly [url: string]: Value };
  readonly systems?: readonly string[];
  readonly plain?: boolean;
}

/** Gives a test the module with the node `n1`, and real BMCs behind TLS with a user, which it does not poll. */
async function withRedfish(run: (bench: Bench) => Promise<void>, options: Options = {}): Promise<void> {
  await withFolder(async (folder) => {
    const pair = makeCertificate(folder, "bmc");
    writeCredentials(folder, "n1.json");
    const behaviour = { user: USER, ...options.behaviour };
    const bmcs = await startBmcs(options.systems ?? ["n1"], behaviour, options.plain === true ? undefined : pair);
    const cfg = options.cfg?.(bmcs, pair.fingerprint) ?? { "/bmc/address": bmcs.url };
    const node = testNode("n1", { "/platform": "redfish", ...cfg });
    node.view.set("/platform", "redfish");
    const config = {
      credentials: join(folder, "{name}.json"),
      tls: "unverified",
      poll: 3_600_000,
      sense: 0,
      graceful: 0,
      ...options.config,
    };
    const filled = Object.entries(config).map(([name, value]) => [
      name,
      typeof value === "string" ? value.replace("{folder}", folder) : value,
    ]);
    const own = testNode("root", { "/services/redfish/config": Object.fromEntries(filled) });
    const hosted = await hostForTest(createRedfishModule(), [node], { role: "parent", own });
    try {
      const machine = bmcs.machines.get("n1") ?? bmcs.machines.values().next().value;
      assert.ok(machine !== undefined);
      await run({ ...hosted, node, bmcs, machine, folder });
    } finally {
      await hosted.host.stop();
      await bmcs.close();
    }
  });
}

/** The BMC's open sessions. */
async function sessionsOf(bmcs: TestBmcs, method = "GET", path = ""): Promise<string[]> {
  const { stdout } = await curl(bmcs, method, `/redfish/v1/SessionService/Sessions${path}`);
  const body: { Members?: { "@odata.id": string }[] } = stdout === "" ? {} : JSON.parse(stdout);
  return (body.Members ?? []).map((member) => member["@odata.id"]);
}

/** Asks a BMC as an administrator who looks on. */
async function curl(bmcs: TestBmcs, method: string, path: string): Promise<{ stdout: string }> {
  const { execFile } = await import("node:child_process");
  const args = ["-sk", "-X", method, "-u", `${USER.username}:${USER.password}`, `${bmcs.url}${path}`];
  return await new Promise((resolve, reject) =>
    execFile("curl", args, (error, stdout) => error === null ? resolve({ stdout }) : reject(error))
  );
}

test("redfish powers a machine on and off over TLS, in one session that it ends when it stops", async () => {
  await withRedfish(async ({ run, node, machine, bmcs, host }) => {
    await run("find-on");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    await run("power-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.equal((await sessionsOf(bmcs)).length, 1);
    await run("power-off");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    assert.deepEqual(machine.done, ["stop", "start", "stop"]);
    await host.stop();
    assert.deepEqual(await sessionsOf(bmcs), []);
  });
});

test("redfish ends its session with a controller that is another module's now", async () => {
  await withRedfish(async ({ run, set, bmcs }) => {
    await run("find-on");
    assert.equal((await sessionsOf(bmcs)).length, 1);
    set("/platform", "ipmi");
    await until(async () => assert.deepEqual(await sessionsOf(bmcs), []));
  });
});

test("redfish is somebody else as soon as its credentials are others, in a session of its own", async () => {
  await withRedfish(async ({ run, folder, bmcs }) => {
    await run("find-on");
    writeCredentials(folder, "n1.json", { ...USER, password: "wrong-4712" });
    await assert.rejects(run("find-on"), /does not take the user and password that it is given/);
    assert.equal((await sessionsOf(bmcs)).length, 1);
  });
});

test("redfish logs in again when its session has ended meanwhile", async () => {
  await withRedfish(async ({ run, node, bmcs }) => {
    await run("find-on");
    const [session = ""] = await sessionsOf(bmcs);
    await sessionsOf(bmcs, "DELETE", `/${session.split("/").at(-1)}`);
    assert.deepEqual(await sessionsOf(bmcs), []);
    await run("power-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.equal((await sessionsOf(bmcs)).length, 1);
  });
});

test("redfish says who it is with each request where it is to, and begins no session then", async () => {
  await withRedfish(async ({ run, node, bmcs }) => {
    await run("power-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
    assert.deepEqual(await sessionsOf(bmcs), []);
  }, { config: { auth: "basic" } });
});

test("redfish trusts a certificate by its fingerprint, by its authority, or not at all", async () => {
  const verified = { tls: "verified" };
  await withRedfish(async ({ run }) => {
    await assert.rejects(run("find-on"), /^UnavailableError: .*its certificate is self-signed/);
  }, { config: verified });
  await withRedfish(async ({ run, node }) => {
    await run("find-on");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
  }, { config: { ...verified, ca: "{folder}/bmc.pem" } });
  await withRedfish(async ({ run, node, set, bmcs }) => {
    await run("find-on");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    const before = await sessionsOf(bmcs);
    set("/bmc/fingerprint", "00".repeat(32));
    await assert.rejects(run("find-on"), /its certificate has the fingerprint [0-9A-F]{64}: expected 0{64}/);
    assert.deepEqual(await sessionsOf(bmcs), before, "nothing was sent");
    set("/bmc/fingerprint", "abc");
    await assert.rejects(run("find-on"), { name: "MistakeError", message: /expected a SHA-256/ });
  }, {
    config: verified,
    cfg: ({ url }, fingerprint) => ({
      "/bmc/address": url,
      "/bmc/fingerprint": fingerprint.match(/../g)?.join(":") ?? "",
    }),
  });
});

test("redfish sends no credentials without TLS, unless it is told that this is as it should be", async () => {
  await withRedfish(async ({ run }) => {
    await assert.rejects(run("find-on"), /Cannot send credentials to http:.* without TLS: expected an https URL/);
  }, { plain: true });
  await withRedfish(async ({ run, node }) => {
    await run("power-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
  }, { plain: true, config: { tls: "plain" } });
});

test("redfish tries a password that was refused no second time within a minute, and another one at once", async () => {
  await withRedfish(async ({ run, folder, bmcs }) => {
    const wrong = { ...USER, password: "wrong-4712" };
    writeCredentials(folder, "n1.json", wrong);
    const refusal = /does not take the user and password that it is given/;
    await assert.rejects(run("find-on"), (error: Error) => refusal.test(error.message) && !/4712/.test(error.message));
    writeCredentials(folder, "n1.json");
    await run("find-on");
    assert.equal((await sessionsOf(bmcs)).length, 1);
    writeCredentials(folder, "n1.json", wrong);
    await assert.rejects(run("find-on"), refusal);
  });
});

test("redfish says what is wrong with a file of credentials, and nothing that is in it", async () => {
  await withRedfish(async ({ run, folder }) => {
    const file = join(folder, "n1.json");
    chmodSync(file, 0o644);
    await assert.rejects(run("find-on"), /n1.json': everybody may read or write it: expected a mode such as 0600/);
    chmodSync(file, 0o600);
    for (const text of ["secret-4711", '{"username":"secret-4711"}', '{"username":"a","password":"secret-4711\\n"}']) {
      writeFileSync(file, text);
      await assert.rejects(
        run("find-on"),
        (error: Error) => /expected a JSON object with 'username'/.test(error.message) && !/4711/.test(error.message),
      );
    }
  });
});

test("redfish finds the system of a node among several, by the end of its URI, its name or its id", async () => {
  const several = ["node-1", "n1", "n2"];
  await withRedfish(async ({ run, bmcs }) => {
    await run("power-on");
    assert.deepEqual(bmcs.machines.get("n1")?.done, ["stop", "start"]);
    assert.deepEqual(bmcs.machines.get("n2")?.done, ["stop"]);
  }, { systems: several });
  await withRedfish(async ({ run, bmcs }) => {
    await run("power-on");
    assert.deepEqual(bmcs.machines.get("Embedded.1")?.done, ["stop", "start"], "the only one, whatever its id");
  }, { systems: ["Embedded.1"] });
  await withRedfish(async ({ run }) => {
    await assert.rejects(run("power-on"), {
      name: "MistakeError",
      message:
        /has 2 ComputerSystems, none of which is known as 'n1': set the node's '\/bmc\/address' to the URL of one/,
    });
  }, { systems: ["a", "b"] });
});

test("redfish lets a healthy machine shut down before it cuts its power", async () => {
  await withRedfish(async ({ run, node, machine }) => {
    await run("power-on");
    node.view.set("/runState", "SYNC");
    await run("power-off");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    assert.deepEqual(machine.done, ["stop", "start", "shutdown"]);
    machine.heeds = false;
    await run("power-on");
    await run("power-off");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    assert.deepEqual(machine.done.slice(3), ["start", "shutdown", "stop"], "one that does not heed it is cut off");
    node.view.set("/runState", "ERROR");
    await run("power-on");
    await run("power-off");
    assert.deepEqual(machine.done.slice(6), ["start", "stop"], "one whose agent is lost is not asked");
  }, { config: { graceful: 300 } });
});

test("redfish sees a change at once where the controller streams events, and polls as the fall-back", async () => {
  for (const events of [true, false]) {
    await withRedfish(async ({ until, machine, bmcs }) => {
      await until("/physState", "POWER_OFF");
      await bmcs.controllers[0]?.reset("On");
      await until("/physState", "POWER_ON", 30_000);
      machine.exit();
      await until("/physState", "POWER_OFF", 30_000);
    }, { behaviour: { events }, config: { poll: 400 } });
  }
});

test("redfish states temperature and power, of new controllers and of old ones, and no noise", async () => {
  for (const sensors of ["new", "old", "none"]) {
    await withRedfish(async ({ until: untilIs, machine, history }) => {
      if (sensors === "none") {
        await untilIs("/physState", "POWER_OFF");
        assert.deepEqual(history.filter((entry) => /inlet|watts/.test(entry)), []);
        return;
      }
      machine.sensors = { inlet: 22.4, watts: 181 };
      await untilIs("/bmc/inlet", 22);
      await untilIs("/bmc/watts", 181);
      for (const noise of [{ inlet: 23.2, watts: 188 }, { inlet: 21, watts: 174 }]) {
        machine.sensors = noise;
        const before = machine.senses;
        await until(() => assert.ok(machine.senses >= before + 4));
      }
      machine.sensors = { inlet: 31.6, watts: 320.4 };
      await until(() =>
        assert.deepEqual(history.filter((entry) => /inlet|watts/.test(entry)).sort(), [
          "n1/bmc/inlet=22",
          "n1/bmc/inlet=32",
          "n1/bmc/watts=181",
          "n1/bmc/watts=320",
        ])
      );
    }, { behaviour: { sensors }, config: { sense: 100, poll: 200 } });
  }
});

test("redfish comes to its goal with a controller that is slow, busy and says for a while what was before", async () => {
  const behaviour = {
    answerDelay: { min: 1, mode: 20, max: 60 },
    busyProbability: 0.2,
    staleDelay: { min: 100, mode: 300, max: 500 },
  };
  await withRedfish(async ({ run, node, machine, history }) => {
    await run("power-on");
    assert.equal(node.view.get("/physState"), "POWER_ON");
    await run("power-off");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    await run("power-on");
    assert.equal(machine.state, "on");
    assert.deepEqual(machine.done, ["stop", "start", "stop", "start"]);
    const states = history.filter((entry) => entry.includes("physState"));
    assert.deepEqual(states, ["n1/physState=POWER_ON", "n1/physState=POWER_OFF", "n1/physState=POWER_ON"]);
  }, { behaviour });
});

test("redfish shows why a controller can't be asked, and takes it back when it can", async () => {
  await withRedfish(async ({ node, folder, until: untilIs }) => {
    const file = join(folder, "n1.json");
    chmodSync(file, 0o606);
    await until(() => assert.match(String(node.view.get("/bmc/error")), /everybody may read or write it/));
    chmodSync(file, 0o600);
    await untilIs("/bmc/error", undefined);
    assert.equal(node.view.get("/physState"), "POWER_OFF");
  }, { config: { poll: 50 } });
});

test("redfish restarts a machine once without a loss of power, and says so when it is on again", async () => {
  await withRedfish(async ({ run, node, machine }) => {
    await run("find-on");
    await run("power-on");
    await run("reset");
    assert.equal(node.view.get("/physState"), "POWER_CYCLE");
    assert.equal(node.view.get("/power/order"), "DONE");
    assert.deepEqual(machine.done, ["stop", "start", "restart"]);
  });
});

test("redfish interrupts a machine that is on, once, and finds out of one that is off", async () => {
  await withRedfish(async ({ run, node, machine }) => {
    await run("interrupt");
    assert.equal(node.view.get("/physState"), "POWER_OFF");
    assert.equal(node.view.get("/power/order"), undefined);
    await run("power-on");
    await run("interrupt");
    assert.equal(node.view.get("/power/order"), "DONE");
    assert.deepEqual(machine.done, ["stop", "start", "interrupt"]);
  });
});

test("redfish tells the BMC the device to boot from: once with the next order, and otherwise until it is changed", async () => {
  await withRedfish(async ({ run, node, bmcs }) => {
    const overrideOf = async () => JSON.parse((await curl(bmcs, "GET", "/redfish/v1/Systems/n1")).stdout).Boot;
    node.view.set("/bmc/bootNext", "PXE");
    await run("power-on");
    assert.equal(node.view.get("/bmc/bootNext"), "NONE");
    const once = await overrideOf();
    assert.deepEqual([once.BootSourceOverrideEnabled, once.BootSourceOverrideTarget], ["Once", "Pxe"]);
    await run("power-off");
    await run("power-on");
    const lasting = await overrideOf();
    assert.deepEqual([lasting.BootSourceOverrideEnabled, lasting.BootSourceOverrideTarget], ["Continuous", "Hdd"]);
  }, { cfg: (bmcs) => ({ "/bmc/address": bmcs.url, "/bmc/bootDevice": "disk" }) });
});

test("redfish discovers the machine's health and the version of its firmware with its power", async () => {
  await withRedfish(async ({ run, node }) => {
    await run("find-on");
    assert.equal(node.view.get("/bmc/health"), "OK");
    assert.equal(node.view.get("/bmc/firmware"), "1.0");
  });
});
