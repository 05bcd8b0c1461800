import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { execute, StartError } from "../../src/process/mod.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const PATH = "/usr/bin:/bin";
const never = new AbortController().signal;
const sh = (script: string, signal = never) => execute("sh", ["-c", script], { PATH }, signal);

test("execute() gives the code and the first 16 Ki characters of each output", async () => {
  assert.deepEqual(await sh("echo out; echo err >&2; exit 3"), { code: 3, stdout: "out\n", stderr: "err\n" });
  const { code, stdout } = await sh("head -c 1000000 /dev/zero | tr '\\0' x");
  assert.deepEqual([code, stdout.length], [0, 16 * 1024]);
});

test("execute() gives the environment that it is told, nothing to read, and no code where a signal ended it", async () => {
  assert.equal((await sh('cat; echo "${HOME-none}"')).stdout, "none\n");
  assert.equal((await sh("kill -9 $$")).code, null);
});

test("execute() says that there is no such program", async () => {
  await assert.rejects(
    execute("no-such-program", [], { PATH }, never),
    (error) =>
      error instanceof StartError && error.isMissing && /'no-such-program'.*no such command/.test(error.message),
  );
});

test("execute() ends at once with its signal, also where another process holds the output", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "pid");
    const unwanted = new AbortController();
    const running = sh(`sleep 600 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`, unwanted.signal);
    await until(() => assert.ok(existsSync(file)));
    try {
      unwanted.abort(new Error("Not wanted"));
      await assert.rejects(running, { message: "Not wanted" });
      await assert.rejects(sh("true", unwanted.signal), { message: "Not wanted" });
    } finally {
      process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
    }
  });
});
