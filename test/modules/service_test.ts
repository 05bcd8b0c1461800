import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { Clock } from "../../src/clock.ts";
import type { Value } from "../../src/state/mod.ts";
import { fastClock } from "../support/clocks.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";
import { createDrain } from "../../src/module/mod.ts";
import { openProgramFolder } from "../../modules/service/record.ts";
import { createServiceModule } from "../../modules/service/module.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";

/** Runs a shell script as the service `job`. */
function shell(script: string, more: { readonly [field: string]: Value } = {}): Value {
  return { command: "sh", args: ["-c", script], ...more };
}

interface Bench extends HostedForTest {
  readonly node: TestNode;
  readonly folder: string;
  value(field: string): Value | undefined;
  pid(): number;
}

/** Gives a test the module with one service, `job`; whatever it still runs at the end is drained away. */
async function withService(config: Value | undefined, run: (bench: Bench) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const node = testNode("n1", config === undefined ? {} : { "/services/job/config": config });
    await withModule(node, folder, run);
  });
}

async function withModule(
  node: TestNode,
  folder: string,
  run: (bench: Bench) => Promise<void>,
  clock: Clock = fastClock,
): Promise<void> {
  const hosted = await hostForTest(createServiceModule({ runDir: folder, drain: createDrain() }), [node], { clock });
  try {
    await run({
      ...hosted,
      node,
      folder,
      value: (field) => node.view.get(`/services/job/${field}`),
      pid() {
        const pid = node.view.get("/services/job/pid");
        if (typeof pid !== "number") throw new Error("Expected the service to run");
        return pid;
      },
    });
  } finally {
    node.cfg.clear(); // nothing may speak against letting everything go
    await hosted.run("drain");
    await hosted.host.stop();
  }
}

const job = { name: "job" };

function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("service shows /drained NO and finds a service that does not run as STOP", async () => {
  await withService(shell("sleep 60"), async ({ run, node, value }) => {
    assert.equal(node.view.get("/drained"), "NO");
    await run("find", job);
    assert.equal(value("state"), "STOP");
  });
});

test("service start runs the program with its arguments, environment and folder, and shows RUN once it stayed up", async () => {
  const script = 'echo "$GREETING $PWD $0 $1"; exec sleep 60';
  const config = { command: "sh", args: ["-c", script, "zero", "one"], env: { GREETING: "hello" }, cwd: "/usr" };
  await withService(config, async ({ run, value, pid, folder, history }) => {
    await run("start", job);
    assert.equal(value("state"), "RUN");
    assert.ok(runs(pid()));
    assert.equal(readFileSync(join(folder, "services/job.log"), "utf8"), "hello /usr zero one\n");
    assert.deepEqual(history.filter((entry) => entry.includes("/state")), [
      "n1/services/service/state=RUN",
      "n1/services/job/state=RUN",
    ]);
  });
});

/** Waits until the program has said this much, in lines. */
async function saidLines(folder: string, lines: number): Promise<string[]> {
  let said: string[] = [];
  await until(() => {
    said = readFileSync(join(folder, "services/job.log"), "utf8").split("\n").slice(0, -1);
    assert.ok(said.length >= lines);
  });
  return said;
}

/** A module with one service on a clock that a test moves: real programs, and none of the machine's time. */
async function withClock(
  config: Value,
  body: (bench: Bench & { readonly clock: VirtualClock; readonly folder: string }) => Promise<void>,
): Promise<void> {
  const clock = createVirtualClock();
  await withFolder(async (folder) => {
    const node = testNode("n1", { "/name": "n1", "/services/job/config": config });
    await withModule(node, folder, (bench) => body({ ...bench, clock }), clock);
  });
}

test("service shows RUN when the program was up for a second, and not before", () =>
  withClock(shell("echo up; exec sleep 60"), async ({ run, value, folder, clock }) => {
    const starting = run("start", job);
    await saidLines(folder, 1);
    await clock.advance(999);
    assert.equal(value("state"), undefined);
    await clock.advance(1);
    await starting;
    assert.equal(value("state"), "RUN");
    const stopping = run("stop", job);
    await stopping;
  }));

test("service stop waits for stopTimeout before it kills a program that goes on", () =>
  withClock(
    shell("trap 'echo no' TERM; echo up; while :; do sleep 0.1; done", { stopTimeout: 1200 }),
    async (bench) => {
      const { run, value, pid, folder, clock } = bench;
      const starting = run("start", job);
      await saidLines(folder, 1);
      await clock.advance(1_000);
      await starting;
      const leader = pid();
      const stopping = run("stop", job);
      await saidLines(folder, 2);
      await clock.advance(1_199);
      assert.ok(runs(leader));
      await clock.advance(1);
      await stopping;
      assert.equal(value("exitCode"), 137);
      assert.ok(!runs(leader));
    },
  ));

test("service stop ends the whole process group", async () => {
  await withService(shell("sleep 60 & echo $!; wait"), async ({ run, value, pid, folder }) => {
    await run("start", job);
    const [leader, child] = [pid(), Number(readFileSync(join(folder, "services/job.log"), "utf8"))];
    assert.ok(runs(child));
    await run("stop", job);
    assert.equal(value("state"), "STOP");
    assert.equal(value("pid"), undefined);
    assert.ok(!runs(leader));
    await until(() => assert.ok(!runs(child)));
  });
});

test("service stop kills a stubborn program after its stopTimeout", async () => {
  const config = shell("trap 'echo no' TERM; while :; do sleep 0.1; done", { stopTimeout: 1200 });
  await withService(config, async ({ run, value, pid, folder }) => {
    await run("start", job);
    const leader = pid();
    await run("stop", job);
    assert.equal(value("state"), "STOP");
    assert.equal(value("exitCode"), 137);
    assert.ok(!runs(leader));
    assert.match(readFileSync(join(folder, "services/job.log"), "utf8"), /no/);
  });
});

test("service start fails with the exit code and the last line when the program does not stay up", async () => {
  await withService(shell("echo first; echo '  disk on fire'; exit 3"), async ({ run, value }) => {
    await assert.rejects(run("start", job), /^Error: 'job' exited with code 3: disk on fire$/);
    assert.equal(value("state"), "ERROR");
    assert.equal(value("error"), "'job' exited with code 3: disk on fire");
    assert.equal(value("exitCode"), 3);
  });
});

test("service start leaves turning the state to ERROR to the engine", async () => {
  await withService(shell("exit 3"), async ({ host, history, node }) => {
    const step = {
      key: "service/start{name=job}",
      module: "service",
      mutation: "start",
      bindings: job,
      context: "self",
      changes: {},
      failTo: {},
      timeout: 1,
      disruption: 1,
      duration: 1,
      after: [],
    } as const;
    await assert.rejects(host.run(node.id, step, "x", new AbortController().signal), /exited with code 3/);
    assert.ok(!history.some((entry) => entry.includes("/services/job/state")));
  });
});

test("service start says so when the command, the folder or the right to execute is missing", async () => {
  await withService({ command: "no-such-command" }, async ({ run, set, value }) => {
    await assert.rejects(run("start", job), /Cannot start 'no-such-command' as there is no such command/);
    assert.equal(value("error"), "Cannot start 'no-such-command' as there is no such command");
    set("/services/job/config", { command: "true", cwd: "/no/such/folder" });
    await assert.rejects(run("restart", job), /Cannot start 'true' as its folder '\/no\/such\/folder' does not exist/);
    set("/services/job/config", { command: "/etc/passwd" });
    await assert.rejects(run("restart", job), /Cannot start '\/etc\/passwd' as it may not be executed/);
  });
});

test("service start gives up for good without a config, naming what to set", async () => {
  await withService(undefined, async ({ run, set }) => {
    await assert.rejects(run("start", job), {
      name: "PermanentError",
      message: /'job' as it has no config: set '\/services\/job\/config' to an object with a 'command'/,
    });
    set("/services/job/config", { command: "true", restart: "sometimes" });
    await assert.rejects(run("start", job), { name: "PermanentError", message: /config\/restart is "sometimes"/ });
  });
});

test("service shows ERROR when a running program is killed, and restart brings it back", async () => {
  await withService(shell("exec sleep 60"), async ({ run, value, pid, until }) => {
    await run("start", job);
    const first = pid();
    process.kill(first, "SIGKILL");
    await until("/services/job/state", "ERROR");
    assert.equal(value("error"), "'job' was killed by SIGKILL");
    assert.equal(value("exitCode"), 137);
    await run("restart", job);
    assert.equal(value("state"), "RUN");
    assert.equal(value("error"), undefined);
    assert.notEqual(pid(), first);
  });
});

test("service kills what is left of a program's group when the program itself ends", async () => {
  await withService(shell("sleep 60 & echo $!; sleep 0.6; exit 1"), async ({ run, folder, until: untilValue }) => {
    await run("start", job);
    const child = Number(readFileSync(join(folder, "services/job.log"), "utf8"));
    assert.ok(runs(child));
    await untilValue("/services/job/state", "ERROR");
    await until(() => assert.ok(!runs(child)));
  });
});

test("service with restart 'always' takes exit code 0 for a failure", async () => {
  await withService(shell("sleep 0.6; exit 0"), async ({ run, until, value }) => {
    await run("start", job);
    await until("/services/job/state", "ERROR");
    assert.equal(value("error"), "'job' exited with code 0");
  });
});

test("service with restart 'on-failure' stays RUN after exit code 0, and a failure is tried again", async () => {
  await withService(shell("exit 0", { restart: "on-failure" }), async ({ run, value, set }) => {
    await run("start", job);
    assert.equal(value("state"), "RUN");
    assert.equal(value("pid"), undefined);
    assert.equal(value("exitCode"), 0);
    set("/services/job/config", shell("exit 4", { restart: "on-failure" }));
    assert.equal(value("state"), "INIT");
    await assert.rejects(run("apply", job), /exited with code 4/);
    await assert.rejects(run("restart", job), /^Error: 'job' exited with code 4$/);
  });
});

test("service with restart 'never' gives up for good after a failure until its config changes or it was stopped", async () => {
  await withService(shell("exit 4", { restart: "never" }), async ({ run, value, set }) => {
    await assert.rejects(run("start", job), /^Error: 'job' exited with code 4$/);
    await assert.rejects(run("restart", job), { name: "PermanentError", message: /its restart policy is 'never'/ });
    await run("clear", job);
    assert.equal(value("state"), "STOP");
    await assert.rejects(run("start", job), /^Error: 'job' exited with code 4$/);
    set("/services/job/config", shell("exit 0", { restart: "never" }));
    await run("restart", job);
    assert.equal(value("state"), "RUN");
  });
});

test("F17: service shows INIT while cfg asks for another config, and apply replaces the program", async () => {
  await withService(shell("exec sleep 60"), async ({ run, value, pid, set, history }) => {
    await run("start", job);
    const first = pid();
    set("/services/job/config", shell("exec sleep 61"));
    assert.equal(value("state"), "INIT");
    assert.ok(runs(first), "the old program goes on until the new config is applied");
    set("/services/job/config", shell("exec sleep 60"));
    assert.equal(value("state"), "RUN");
    set("/services/job/config", shell("exec sleep 61"));
    history.length = 0;
    await run("apply", job);
    assert.ok(!runs(first));
    assert.match(readFileSync(`/proc/${pid()}/cmdline`, "utf8"), /sleep\0.*61/);
    const states = history.filter((entry) => entry.includes("/state"));
    assert.deepEqual(states, ["n1/services/job/state=RUN"], "no state in between may look like a surprise");
  });
});

test("service takes a running program over from an earlier run of the agent, and does not start it twice", async () => {
  const config = shell("exec sleep 60");
  await withFolder(async (folder) => {
    const before = testNode("n1", { "/services/job/config": config });
    const first = await hostForTest(createServiceModule({ runDir: folder, drain: createDrain() }), [before], {
      clock: fastClock,
    });
    await first.run("start", job);
    const pid = before.view.get("/services/job/pid");
    await first.host.stop();
    assert.ok(typeof pid === "number" && runs(pid), "an agent that stops leaves its programs running");

    const after = testNode("n1");
    await withModule(after, folder, async ({ run, value, set, until }) => {
      assert.equal(value("state"), "RUN", "cfg is not there yet, so nothing speaks against it");
      assert.equal(value("pid"), pid);
      set("/services/job/config", config);
      assert.equal(value("state"), "RUN");
      await run("apply", job);
      assert.equal(value("pid"), pid);
      set("/services/job/config", shell("exec sleep 61"));
      assert.equal(value("state"), "INIT");
      set("/services/job/config", config);
      process.kill(pid, "SIGKILL");
      await until("/services/job/state", "ERROR");
      assert.match(String(value("error")), /unknown exit code/);
      await run("restart", job);
      assert.notEqual(value("pid"), pid);
    });
  });
});

test("service stops a program that it took over", async () => {
  await withFolder(async (folder) => {
    const node = testNode("n1", { "/services/job/config": shell("exec sleep 60") });
    const first = await hostForTest(createServiceModule({ runDir: folder, drain: createDrain() }), [node], {
      clock: fastClock,
    });
    await first.run("start", job);
    await first.host.stop();
    await withModule(node, folder, async ({ run, pid, value }) => {
      const adopted = pid();
      await run("stop", job);
      assert.equal(value("state"), "STOP");
      assert.ok(!runs(adopted));
      assert.ok(!existsSync(join(folder, "services/job.json")));
    });
  });
});

test("service remembers over a restart of the agent what has finished, failed or belongs to an earlier boot", async () => {
  await withFolder(async (folder) => {
    const finished = testNode("n1", { "/services/job/config": shell("exit 0", { restart: "never" }) });
    const first = await hostForTest(createServiceModule({ runDir: folder, drain: createDrain() }), [finished], {
      clock: fastClock,
    });
    await first.run("start", job);
    await first.host.stop();
    const file = join(folder, "services/job.json");
    const record: unknown = JSON.parse(readFileSync(file, "utf8"));
    assert.ok(typeof record === "object" && record !== null);

    const second = testNode("n1");
    const again = await hostForTest(createServiceModule({ runDir: folder, drain: createDrain() }), [second]);
    assert.equal(second.view.get("/services/job/state"), "RUN");
    await again.host.stop();

    writeFileSync(file, JSON.stringify({ ...record, finished: false }));
    await withModule(testNode("n1", { "/services/job/config": shell("exit 0") }), folder, async ({ value }) => {
      assert.equal(value("state"), "ERROR");
      assert.equal(value("error"), "'job' ended while no agent watched it");
    });

    writeFileSync(file, JSON.stringify({ ...record, boot: "another" }));
    await withModule(testNode("n1"), folder, async ({ value }) => assert.equal(value("state"), undefined));

    writeFileSync(file, "{ broken");
    await withModule(testNode("n1"), folder, async ({ value }) => assert.equal(value("state"), undefined));
  });
});

test("service start that is aborted leaves nothing running", async () => {
  await withService(shell("echo $$; exec sleep 60"), async ({ run, value, folder }) => {
    const controller = new AbortController();
    const starting = run("start", job, controller.signal);
    let pid = 0;
    await until(() => {
      pid = Number(readFileSync(join(folder, "services/job.log"), "utf8"));
      assert.ok(pid > 0);
    });
    controller.abort();
    await assert.rejects(starting, /not wanted any more/);
    assert.ok(!runs(pid));
    assert.equal(value("pid"), undefined);
    await run("find", job);
    assert.equal(value("state"), "STOP");
  });
});

test("service drain stops everything that it started, and resume lets it start again", async () => {
  await withService(shell("exec sleep 60"), async ({ run, node, value, pid }) => {
    await run("start", job);
    const first = pid();
    await run("drain");
    assert.equal(node.view.get("/drained"), "YES");
    assert.equal(value("state"), "STOP");
    assert.ok(!runs(first));
    await run("resume");
    assert.equal(node.view.get("/drained"), "NO");
    await run("start", job);
    assert.equal(value("state"), "RUN");
  });
});

test("service drain that is aborted does not say that the node is drained", async () => {
  await withService(shell("exec sleep 60"), async ({ run, node }) => {
    await run("start", job);
    const controller = new AbortController();
    const draining = run("drain", {}, controller.signal);
    controller.abort();
    await draining;
    assert.equal(node.view.get("/drained"), "NO");
  });
});

test("service refuses to drain a node whose cfg wants a program to run as well, unless it is to be powered off", async () => {
  await withService(shell("exec sleep 60"), async ({ run, set, node }) => {
    set("/drained", "YES");
    set("/services/job/state", "RUN");
    await assert.rejects(run("drain"), {
      name: "PermanentError",
      message: /'job' is to run on it: set '\/services\/job\/state' to STOP, or '\/drained' to NO/,
    });
    set("/physState", "POWER_OFF");
    await run("drain");
    assert.equal(node.view.get("/drained"), "YES");
  });
});

test("service does not stop what is no program, such as another module", async () => {
  await withService(undefined, async ({ run }) => {
    await assert.rejects(run("stop", { name: "hostinfo" }), {
      name: "PermanentError",
      message: /Cannot stop 'hostinfo' as it was not started by this module/,
    });
  });
});

test("service empties an output file that is over 1 MiB when the program is started", async () => {
  await withService(shell("echo new; exec sleep 60"), async ({ run, folder }) => {
    const file = join(folder, "services/job.log");
    writeFileSync(file, "x".repeat(2 ** 20 + 1));
    await run("start", job);
    assert.equal(readFileSync(file, "utf8"), "new\n");
  });
});

/** Starts a process in a session of its own and ends: it is a program that goes into the background. */
const FORKS = "setsid sleep 60 & echo $!; sleep 0.1; exit 0";

/** The process that {@link FORKS} has left, which is ended after the test. */
async function withLeft(config: Value, body: (bench: Bench, left: number) => Promise<void>): Promise<void> {
  await withService(config, async (bench) => {
    let left = 0;
    try {
      await bench.run("start", job).catch(() => {});
      left = Number((await saidLines(bench.folder, 1))[0]);
      await body(bench, left);
    } finally {
      if (left > 1) process.kill(left, "SIGKILL");
    }
  });
}

test("service says of a program that goes into the background that it does, whom it left there, and what helps", async () => {
  await withLeft(shell(FORKS), ({ value }, left) => {
    assert.equal(value("state"), "ERROR");
    const error = String(value("error"));
    assert.ok(
      error.startsWith("'job' exited with code 0 and left processes behind: 1 run on in the background, unwatched ("),
    );
    assert.match(error, /Have it stay in the foreground, often with -F, -D or --foreground/);
    assert.ok(error.includes(`(${left})`), error);
    assert.ok(runs(left), "it is not ended: it may be somebody's work");
    return Promise.resolve();
  });
});

test("service that may finish says so too, and is RUN", async () => {
  await withLeft(shell(FORKS, { restart: "on-failure" }), ({ value }, left) => {
    assert.equal(value("state"), "RUN");
    assert.match(String(value("error")), /^'job' exited with code 0 and left processes behind: 1 run on/);
    assert.ok(runs(left));
    return Promise.resolve();
  });
});

test("service counts what it ended with a program that left its own group behind", async () => {
  await withService(shell("sleep 60 & exit 0"), async ({ run, value }) => {
    await assert.rejects(
      run("start", job),
      /exited with code 0 and left processes behind: 1 of its processes were ended/,
    );
    assert.doesNotMatch(String(value("error")), /unwatched/);
  });
});

test("service says nothing of what was left where a program fails, or leaves nothing", async () => {
  await withService(shell("sleep 60 & exit 3"), async ({ run, set, value }) => {
    await assert.rejects(run("start", job), /^Error: 'job' exited with code 3$/);
    set("/services/job/config", shell("exit 0", { restart: "never" }));
    await run("restart", job);
    assert.equal(value("error"), undefined);
  });
});

test("service stops a program at once that the cfg names no more, and leaves nothing of it in the state", () =>
  withClock(shell("echo up; exec sleep 60"), async ({ run, value, pid, set, folder, clock }) => {
    set("/services/job/state", "RUN");
    const starting = run("start", job);
    await saidLines(folder, 1);
    await clock.advance(1_000);
    await starting;
    const leader = pid();
    set("/services/job/config", undefined);
    await clock.advance(120_000);
    assert.ok(runs(leader), "it is to run, so that its config is missing is a mistake");
    set("/services/job/config", shell("exec sleep 60"));
    set("/services/job/state", undefined);
    await clock.advance(120_000);
    assert.ok(runs(leader), "it has a config");
    set("/services/job/config", undefined);
    await until(() => assert.equal(value("state"), undefined));
    assert.ok(!runs(leader));
    for (const field of ["pid", "error", "exitCode"]) assert.equal(value(field), undefined, field);
    assert.ok(!existsSync(join(folder, "services/job.json")));
    set("/services/job/config", shell("echo again; exec sleep 60"));
    const again = run("start", job);
    await saidLines(folder, 2);
    await clock.advance(1_000);
    await again;
    assert.equal(value("state"), "RUN");
  }));

test("service stops a program that was removed while no agent ran, a minute after the cfg is there", async () => {
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const isGone = (leader: number, value: Bench["value"]) =>
      until(async () => {
        await clock.advance(500); // how often it is looked at
        assert.ok(!runs(leader));
        assert.equal(value("state"), undefined);
      });
    const before = testNode("n1", { "/name": "n1", "/services/job/config": shell("echo up; exec sleep 60") });
    const first = await hostForTest(createServiceModule({ runDir: folder, drain: createDrain() }), [before], { clock });
    const starting = first.run("start", job);
    await saidLines(folder, 1);
    await clock.advance(1_000);
    await starting;
    await first.host.stop();
    const after = testNode("n1");
    await withModule(after, folder, async ({ pid, set, value }) => {
      const leader = pid();
      await clock.advance(3_600_000);
      assert.ok(runs(leader), "no cfg is there yet");
      set("/name", "n1");
      await clock.advance(59_999);
      assert.ok(runs(leader), "its cfg may still be on its way");
      set("/services/job/config", shell("echo up; exec sleep 60"));
      await clock.advance(59_999);
      assert.equal(value("state"), "RUN");
      set("/services/job/config", undefined);
      await isGone(leader, value);
    }, clock);
    const third = testNode("n1", { "/name": "n1", "/services/job/config": shell("echo up; exec sleep 60") });
    const host = await hostForTest(createServiceModule({ runDir: folder, drain: createDrain() }), [third], { clock });
    const again = host.run("start", job);
    await saidLines(folder, 2);
    await clock.advance(1_000);
    await again;
    await host.host.stop();
    await withModule(testNode("n1", { "/name": "n1" }), folder, async ({ pid, value }) => {
      const leader = pid();
      await clock.advance(59_999);
      assert.ok(runs(leader));
      await clock.advance(1);
      await isGone(leader, value);
    }, clock);
  });
});

test("service reads no record whose process could be none of a program", async () => {
  await withFolder((folder) => {
    const programs = openProgramFolder(folder);
    const record = { pid: 2, boot: "b", started: "s", digest: "d", finished: false };
    programs.write("job", record);
    assert.deepEqual(programs.read("job"), record);
    const odd = [
      ...[-1, 0, 1, 1.5, "2"].map((pid) => ({ ...record, pid })),
      ...["boot", "started", "digest", "finished"].map((field) => ({ ...record, [field]: 7 })),
      [],
      null,
    ];
    for (const each of odd) {
      writeFileSync(join(folder, "job.json"), JSON.stringify(each));
      assert.equal(programs.read("job"), undefined, JSON.stringify(each));
    }
    assert.equal(programs.read("other"), undefined);
    assert.deepEqual(programs.names(), ["job"]);
    return Promise.resolve();
  });
});

test("service answers who asks for the end of its output, once for each request, and forgets the answer with it", async () => {
  await withService(
    shell("echo one; echo two; echo three; sleep 60"),
    async ({ run, node, host, history, value, folder }) => {
      await run("find", job);
      await run("start", job);
      await until(() => assert.match(readFileSync(join(folder, "services/job.log"), "utf8"), /three/));
      node.view.set("/services/job/output/asked", { number: 7, lines: 2 });
      host.changed(node.id);
      assert.deepEqual(value("output/tail"), { number: 7, text: "two\nthree\n" });
      host.changed(node.id);
      assert.equal(history.filter((line) => line.includes("output/tail")).length, 1);
      node.view.set("/services/job/output/asked", { number: 8, lines: 1 });
      host.changed(node.id);
      assert.deepEqual(value("output/tail"), { number: 8, text: "three\n" });
      node.view.delete("/services/job/output/asked");
      host.changed(node.id);
      assert.equal(value("output/tail"), undefined);
    },
  );
});
