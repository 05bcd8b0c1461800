import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { CONTAINER_MARK } from "../../modules/image/commands.ts";
import { adoptContainer } from "../../modules/image/container.ts";
import { createImageModule } from "../../modules/image/module.ts";
import { programIssue } from "../../modules/image/root_program.ts";
import { runMountCommand } from "../../modules/image/mounts.ts";
import { systemClock } from "../../src/clock.ts";
import { createDrain } from "../../src/module/mod.ts";
import { childrenOf, identityOf, isRunning, type ProcessIdentity } from "../../src/process/mod.ts";
import { noteWaits } from "../support/clocks.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { hostForTest, testNode } from "./module_fixture.ts";

const { signal } = new AbortController();

/** A process that looks like one that started a container in `root`, and the first process of that, if it has one. */
async function withLeader(
  script: string,
  run: (
    bench: {
      readonly leader: ChildProcess;
      readonly own: ProcessIdentity;
      child(): ProcessIdentity | undefined;
      readonly root: string;
    },
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const root = join(folder, "root");
    const leader = spawn("sh", ["-c", script, CONTAINER_MARK, root], {
      ...{ detached: true, stdio: ["pipe", "ignore", "ignore"] },
    });
    const exited = new Promise((resolve) => leader.once("exit", resolve));
    try {
      const own = await found(() => identityOf(leader.pid ?? 0));
      await run({
        ...{ leader, own, root },
        child() {
          const [pid] = childrenOf(own.pid);
          return pid === undefined ? undefined : identityOf(pid);
        },
      });
    } finally {
      for (const pid of childrenOf(leader.pid ?? 0)) process.kill(pid, "SIGKILL");
      leader.kill("SIGKILL");
      await exited;
    }
  });
}

/** Waits until something is there. */
async function found<T>(find: () => T | undefined): Promise<T> {
  let result: T | undefined;
  await until(() => {
    result = find();
    assert.ok(result !== undefined);
  });
  assert.ok(result !== undefined);
  return result;
}

test("where nothing runs in a root there is no container to take over", async () => {
  assert.equal(await adoptContainer("/nowhere/root", { clock: systemClock, signal }), undefined);
  await withLeader("sleep 600; :", async ({ root, child }) => {
    await found(child);
    assert.equal(await adoptContainer(`${root}/other`, { clock: systemClock, signal }), undefined);
  });
  await withFolder(async (folder) => {
    const stranger = spawn("sh", ["-c", "sleep 600; :", "editor", folder], { stdio: "ignore" });
    const exited = new Promise((resolve) => stranger.once("exit", resolve));
    const child = await found(() => childrenOf(stranger.pid ?? 0)[0]);
    assert.equal(await adoptContainer(folder, { clock: systemClock, signal }), undefined, "it is somebody else's");
    process.kill(child, "SIGKILL");
    stranger.kill("SIGKILL");
    await exited;
  });
});

test("a container of an earlier run is stopped by a SIGTERM to its first process", async () => {
  await withLeader("sleep 600; :", async ({ root, child }) => {
    const first = await found(child);
    const container = await adoptContainer(root, { clock: systemClock, signal });
    assert.ok(container !== undefined);
    assert.equal(container.outputFrom, 0);
    const { words } = await container.stop(60_000);
    assert.match(words, /^ended/);
    assert.equal(isRunning(first), false);
  });
});

test("a container of an earlier run that heeds no SIGTERM is killed after its time", async () => {
  await withLeader(`sh -c 'trap : TERM; while :; do sleep 0.05; done'; :`, async ({ root, child }) => {
    const first = await found(child);
    const container = await adoptContainer(root, { clock: systemClock, signal });
    await new Promise((resolve) => setTimeout(resolve, 200)); // until it has set its trap
    const from = performance.now();
    await container?.stop(500);
    assert.ok(performance.now() - from >= 499);
    assert.equal(isRunning(first), false);
  });
});

test("the process that started a container is told from its child, which looks the same until it is set up", async () => {
  await withFolder(async (folder) => {
    const root = join(folder, "root");
    const inner = `sh -c 'sleep 600; :' ${CONTAINER_MARK} ${root}; :`;
    const leader = spawn("sh", ["-c", inner, CONTAINER_MARK, root], { detached: true, stdio: "ignore" });
    const exited = new Promise((resolve) => leader.once("exit", resolve));
    const first = await found(() => {
      const [pid] = childrenOf(leader.pid ?? 0);
      return pid === undefined || childrenOf(pid).length === 0 ? undefined : identityOf(pid);
    });
    const container = await adoptContainer(root, { clock: systemClock, signal });
    assert.ok(container !== undefined);
    const below = childrenOf(first.pid);
    await container.stop(60_000);
    assert.equal(isRunning(first), false);
    await exited; // it waited for that one alone
    for (const pid of below) process.kill(pid, "SIGKILL");
  });
});

test("a container whose first process comes late is waited for, two seconds at most, and ended when it never comes", async () => {
  await withLeader("read line; sleep 600; :", async ({ leader, root, child }) => {
    const adopting = adoptContainer(root, { clock: systemClock, signal });
    leader.stdin?.write("go\n");
    const container = await adopting;
    assert.ok(container !== undefined);
    assert.ok(isRunning(await found(child)));
  });
  await withLeader("read line", async ({ root, own }) => {
    const clock = noteWaits({ ...systemClock, after: (_ms, run) => systemClock.after(0, run) });
    assert.equal(await adoptContainer(root, { clock, signal }), undefined);
    assert.deepEqual([clock.waits.length, new Set(clock.waits)], [100, new Set([20])]);
    await until(() => assert.equal(isRunning(own), false));
  });
});

test("a command that fails is told of with the last line of what it said, cut, and a silent one with how it ended", async () => {
  await runMountCommand({ program: "true", args: [] }, systemClock);
  const sh = (script: string) => runMountCommand({ program: "sh", args: ["-c", script] }, systemClock);
  await assert.rejects(sh("echo first >&2; echo last >&2; echo out; exit 1"), {
    message: "Cannot run 'sh -c echo first >&2; echo last >&2; echo out; exit 1': last",
  });
  await assert.rejects(sh("echo; exit 3"), { message: "Cannot run 'sh -c echo; exit 3': it ended with 3" });
  await assert.rejects(runMountCommand({ program: "no-such-program", args: ["x"] }, systemClock), {
    message: "Cannot run 'no-such-program x': Cannot start 'no-such-program' as there is no such command",
  });
  await assert.rejects(sh(`printf '%0300d' 7 >&2; exit 1; : ${"x".repeat(300)}`), (error: Error) => {
    const [, command = "", said = ""] = /^Cannot run '(.*)': (.*)$/.exec(error.message) ?? [];
    assert.deepEqual([command.length, said], [200, "0".repeat(200)]);
    return true;
  });
});

test("a command has the path to look for programs in its environment, and nothing else", async () => {
  process.env["KRAKEN_TEST_SECRET"] = "secret";
  try {
    await runMountCommand(
      { program: "sh", args: ["-c", 'test -n "$PATH" && test -z "$KRAKEN_TEST_SECRET$HOME"'] },
      systemClock,
    );
  } finally {
    delete process.env["KRAKEN_TEST_SECRET"];
  }
});

test("a command of a program without a path looks where commands usually are", async () => {
  const path = process.env["PATH"];
  delete process.env["PATH"];
  try {
    const usual = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    await runMountCommand({ program: "/bin/sh", args: ["-c", `/usr/bin/env | /bin/grep -qx '${usual}'`] }, systemClock);
  } finally {
    if (path !== undefined) process.env["PATH"] = path;
  }
});

test("a drain says that an image is to be active, and what to set", async () => {
  await withFolder(async (folder) => {
    const drain = createDrain();
    const node = testNode("n1");
    const { host } = await hostForTest(createImageModule({ runDir: folder, drain }), [node]);
    const objection = (state: string | undefined) =>
      drain.objection(
        new Map([["/drained", "YES"], ...(state === undefined ? [] : [["/image/state", state] as const])]),
      );
    assert.equal(objection("ACTIVE"), "its image is to be active: set '/image/state' to IDLE, or '/drained' to NO");
    assert.equal(objection("IDLE"), undefined);
    assert.equal(objection(undefined), undefined);
    await host.stop();
  });
});

test("a program that is a folder, or that may not be run, is no program", async () => {
  await withFolder((folder) => {
    mkdirSync(join(folder, "sbin/init"), { recursive: true });
    assert.match(programIssue(folder, "/sbin/init") ?? "", /is no executable file$/);
    assert.match(programIssue(folder, "/sbin/no") ?? "", /^there is no '\/sbin\/no' in it$/);
    return Promise.resolve();
  });
});
