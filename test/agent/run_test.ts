import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { program } from "../../agent/options.ts";
import { runAgent } from "../../agent/run.ts";
import { callProgram, ProgramError } from "../../src/cli/mod.ts";
import { createLog } from "../../src/log.ts";
import type { MqttConnectionOptions } from "../../src/mqtt/mod.ts";
import { decodeFrame, encodeFrame } from "../../src/sync/mod.ts";
import { createTerminalDouble } from "../cli/terminal_double.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { ofRun } from "../support/versions.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const PARENT = "00000000-0000-4000-8000-000000000002";

/** The program on a broker that takes everything, until a test ends it. */
async function withProgram(
  args: readonly string[],
  body: (world: ReturnType<typeof begin>, runDir: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const world = begin([
      ...["--id", ID, "--name", "n1", "--cluster", "lab", "--parent", PARENT, "--broker", "mqtt://user:pw@127.0.0.1"],
      ...["--run-dir", join(folder, "run"), ...args],
    ]);
    try {
      await body(world, join(folder, "run"));
    } finally {
      world.ending.abort(new Error("the test is over"));
      await world.ended;
    }
  });
}

function begin(args: readonly string[]) {
  const clock = createVirtualClock();
  const terminal = createTerminalDouble();
  const lines: string[] = [];
  const published: string[] = [];
  const connections: (MqttConnectionOptions & { isEnded: boolean })[] = [];
  const ending = new AbortController();
  const running = callProgram(program, { args, env: {}, terminal, signal: ending.signal }, (run) =>
    runAgent(run, {
      ...{ clock, random: () => 0.5, log: createLog((line) => lines.push(line)) },
      connect(options) {
        const connection = { ...options, isEnded: false };
        connections.push(connection);
        return {
          waiting: { messages: 0, bytes: 0 },
          publish(topic, payload) {
            const decoded = decodeFrame(payload);
            published.push(`${topic.split("/").at(-1)} ${decoded.ok ? decoded.frame.type : decoded.problem}`);
            return Promise.resolve(true);
          },
          end() {
            connection.isEnded = true;
            return Promise.resolve();
          },
        };
      },
    }));
  return {
    clock,
    terminal,
    lines,
    published,
    connections,
    ending,
    ended: Promise.resolve(running).catch((error) => error),
  };
}

test("the agent says when it is ready, connects as its node, and is born", () =>
  withProgram([], async ({ terminal, connections, published, lines, clock }, runDir) => {
    await until(() => assert.notEqual(terminal.output(), ""));
    const { run, ...ready } = JSON.parse(terminal.output());
    assert.deepEqual(ready, { ready: true, id: ID, name: "n1" });
    assert.ok(existsSync(join(runDir, "services")), "its modules have started");
    const [connection] = connections;
    assert.equal(connection?.url, "mqtt://user:pw@127.0.0.1");
    assert.equal(connection.clientId, `kraken-${run}`);
    assert.ok(connection.topics.every((topic) => topic.includes("lab")), connection.topics.join());
    connection.onConnect();
    await clock.advance(1_000);
    assert.ok(published.some((each) => each.endsWith(" birth")), published.join());
    assert.ok(!lines.join("").includes("pw"), "a secret is logged");
  }));

test("the agent ends with code 0 when it is asked to, and its parent hears of that", () =>
  withProgram([], async ({ terminal, ending, ended, published, connections, lines, clock }) => {
    await until(() => assert.notEqual(terminal.output(), ""));
    connections[0]?.onConnect();
    ending.abort(new Error("asked"));
    assert.equal(await ended, 0);
    assert.equal(published.at(-1)?.split(" ")[1], "dead");
    assert.deepEqual(connections.map(({ isEnded }) => isEnded), [true]);
    assert.ok(lines.some((line) => line.includes('"Stopping"')));
    assert.equal(clock.waiting, 0, "no timer is left behind");
  }));

test("the agent ends with code 1 when another run has taken its place", () =>
  withProgram([], async ({ terminal, ended, connections, clock }) => {
    await until(() => assert.notEqual(terminal.output(), ""));
    const [connection] = connections;
    connection?.onConnect();
    const down = connection?.topics.find((topic) => topic.endsWith("/down")) ?? assert.fail(connection?.topics.join());
    let isOver = false;
    ended.then(() => isOver = true);
    await until(async () => {
      await clock.advance(1_000);
      connection?.onMessage(
        down,
        encodeFrame({
          ...{
            type: "welcome",
            from: PARENT,
            to: crypto.randomUUID(),
            term: ofRun(1_000 + clock.now()),
            received: 0,
            newest: 0,
          },
          ...{ epoch: 9, keepalive: 10, digest: "0".repeat(32) },
        }),
      );
      assert.ok(isOver);
    });
    assert.equal(await ended, 1);
  }));

test("an agent whose options are wrong does not start", async () => {
  const { ended, connections } = begin(["--id", "x"]);
  const error: unknown = await ended;
  assert.ok(error instanceof ProgramError, String(error));
  assert.equal(connections.length, 0);
});
