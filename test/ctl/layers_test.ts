import assert from "node:assert/strict";
import { test } from "node:test";
import { krakenctl } from "../../ctl/krakenctl.ts";
import { systemClock } from "../../src/clock.ts";
import { createTestApp } from "../http/support.ts";

/** krakenctl in this process, which asks the real HTTP interface of an aggregator in memory. */
async function makeCluster() {
  const { app, control } = await createTestApp();
  async function run(...args: readonly string[]) {
    let [stdout, stderr] = ["", ""];
    const terminal = {
      write: (text: string) => void (stdout += text),
      writeError: (text: string) => void (stderr += text),
      ...{ isTty: false, colour: false, columns: () => undefined, rows: () => undefined },
    };
    const code = await krakenctl({ args, env: {}, terminal, signal: new AbortController().signal }, {
      fetch: async (input, init) => await app.request(input instanceof Request ? input.url : String(input), init),
      clock: systemClock,
      readText: () => Promise.reject(new Error("There is no file")),
      ask: () => Promise.resolve(undefined),
    });
    return { code, stdout, stderr };
  }
  return { run, control };
}

test("krakenctl profile sets, shows and deletes profiles, and says which nodes a change would touch", async () => {
  const { run } = await makeCluster();
  assert.equal(
    (await run("profile", "set", "base", "/arch=x86_64", "--about", "All")).stdout,
    "profile base: written; no node has it\n",
  );
  assert.equal((await run("profile", "set", "gpu", "/rack=r7", "--inherits", "base")).code, 0);
  assert.equal((await run("set", "n1", '/profiles=["gpu"]')).code, 0);
  const preview = await run("profile", "set", "base", "/arch=aarch64", "--dry-run");
  assert.match(preview.stdout, /n1:? [^]*\/arch: x86_64 -> aarch64[^]*--if-match [0-9a-f]{32}/);
  assert.match((await run("get", "node", "n1")).stdout, /PROFILE[^]*\/arch +x86_64 +base[^]*\/rack +r7 +gpu/);
  assert.match((await run("profile", "list")).stdout, /^NAME +INHERITS +NODES +ABOUT\nbase +n1 +All\ngpu +base +n1\n/);
  assert.match((await run("profile", "get", "gpu")).stdout, /inherits +base[^]*\/rack +r7/);
  const kept = await run("profile", "delete", "gpu");
  assert.deepEqual([kept.code, kept.stderr], [1, "krakenctl: The profile 'gpu' is in use by 'n1'\n"]);
  assert.equal((await run("set", "n1", "/profiles=")).code, 0);
  assert.equal((await run("profile", "delete", "gpu")).stdout, "profile gpu: deleted\n");
});

test("krakenctl group makes a group of a nodeset or a filter, which stands for its members", async () => {
  const { run } = await makeCluster();
  assert.equal((await run("set", "n[1-2]", "/rack=r7")).code, 0);
  assert.equal((await run("group", "set", "r7", "/rack=r7")).stdout, "@r7: n[1-2]\n");
  assert.equal((await run("group", "set", "last", "n3", "--about", "The last")).stdout, "@last: n3\n");
  assert.equal((await run("group", "set", "bad", "phase=stuck")).stdout, "@bad: no node at this moment\n");
  assert.match((await run("get", "nodes", "@r7,@last")).stdout, /3 nodes/);
  assert.match(
    (await run("group", "list")).stdout,
    /bad +phase=stuck\nlast +n3 +n3 +The last\nr7 +\/rack=r7 +n\[1-2\]\n/,
  );
  const typo = await run("group", "set", "x", "phase=stukc");
  assert.match(typo.stderr, /phase is "stukc": expected one of converged/);
  const two = await run("group", "set", "x", "n1", "n2");
  assert.deepEqual([two.code, /expected one, such as n\[1-4\],n9/.test(two.stderr)], [2, true]);
  assert.equal((await run("group", "delete", "last")).stdout, "@last: deleted\n");
  assert.match((await run("get", "nodes", "@last")).stderr, /There is no group '@last'/);
});

test("krakenctl set --until stages a change, and says how much of it took effect at once", async () => {
  const { run, control } = await makeCluster();
  control.report(control.find("n1")?.id ?? "", new Map([["/busy", "BUSY"]]));
  assert.equal(
    (await run("set", "n[1-2]", "/rack=r7", "--until", "free")).stdout,
    "2 nodes: 1 staged, 1 changed at once\n",
  );
  assert.match((await run("get", "node", "n1")).stdout, /staged +until its scheduler frees it: \/rack=r7/);
  for (const more of [["--dry-run"], ["--wait"], ["/busy=FREE"]]) {
    const { code, stderr } = await run("set", "n1", "/arch=x86_64", "--until", "boot", ...more);
    assert.deepEqual([code, /cannot stage/.test(stderr)], [2, true]);
  }
});

test("krakenctl logs says of which program nothing is known, and asks for no number of lines that is none", async () => {
  const { run } = await makeCluster();
  assert.match((await run("logs", "n1", "job")).stderr, /Nothing is known of a program 'job' on 'n1'/);
  assert.equal((await run("logs", "n1", "job", "-n", "0")).code, 2);
});
