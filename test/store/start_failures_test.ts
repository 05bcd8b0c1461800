import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSqliteStore } from "../../aggregator/store/mod.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";
import { documentOf } from "./contract.ts";
import { skipSqlite } from "./support.ts";

const program = async (path: string): Promise<readonly string[]> =>
  await runtimeArguments(fileURLToPath(new URL(`../../${path}`, import.meta.url)));
const AGGREGATOR = await program("aggregator/main.ts");
const SIMULATOR = await program("modules/simpower/simulator/main.ts");
const AGENT = await program("agent/main.ts");
const KRAKENCTL = await program("ctl/main.ts");

/** How a program ended. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, or until it says that it is ready: then it is ended. */
function run(command: readonly string[], args: readonly string[], as?: string): Promise<Ended> {
  const [file = "", ...rest] = [...(as === undefined ? [] : [as]), process.execPath, ...command, ...args];
  const more = as === undefined ? rest : ["--reuid=65534", "--regid=65534", "--clear-groups", ...rest];
  const child = spawn(file, more, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    // Not child.kill(): Deno then reports the signal in place of the exit code.
    if (stdout.includes('"ready":true') && child.pid !== undefined) process.kill(child.pid, "SIGTERM");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

const start = (folder: string, ...more: string[]): Promise<Ended> =>
  run(AGGREGATOR, ["--cluster", "demo", "--data", folder, "--http-port", "0", "--mqtt-port", "0", ...more]);

/** Makes sure that a program has ended with one line that says everything. */
function assertOneLine({ code, stderr }: Ended, expected: RegExp, exitCode = 1): void {
  assert.match(stderr, expected);
  assert.deepEqual(stderr.trimEnd().split("\n").length, 1, stderr);
  assert.equal(code, exitCode, stderr);
}

let folder = "";
let whole = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "kraken-start-"));
  whole = join(folder, "whole");
  if (skipSqlite) return;
  const { code, stderr } = await start(whole);
  assert.equal(code, 0, stderr);
  const store = await openSqliteStore(whole);
  const documents = Array.from({ length: 200 }, (_, index) => ({
    document: documentOf(`00000000-0000-4000-8000-${String(index).padStart(12, "0")}`, "cfg", "/name", `n${index}`),
    facets: ["cfg"] as const,
  }));
  store.commit({ documents });
  store.close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of a folder in which an aggregator ran. */
function copy(name: string): { readonly path: string; readonly file: string } {
  const path = join(folder, name);
  cpSync(whole, path, { recursive: true });
  return { path, file: join(path, "state.db") };
}

const options = { skip: skipSqlite };
const damages: { readonly [what: string]: (file: string) => void } = {
  "is garbage": (file) => writeFileSync(file, randomBytes(20_000)),
  "is cut short within its first page": (file) => truncateSync(file, 700),
  "is cut short": (file) => truncateSync(file, statSync(file).size - 9_000),
  "has garbage in its middle": (file) => {
    const size = statSync(file).size;
    writeFileSync(file, randomBytes(size - 8_192), { flag: "r+" });
    truncateSync(file, size);
  },
};
for (const [what, damage] of Object.entries(damages)) {
  test(`a state.db that ${what} is told in one line, with what to do`, options, async () => {
    const { path, file } = copy(what.replaceAll(" ", "-"));
    damage(file);
    const ended = await start(path);
    assertOneLine(ended, /^kraken-aggregator: Cannot (open|read) the store '.*state\.db': it is (damaged|no SQLite)/);
    assert.match(ended.stderr, /put the last backup in its place, then start once with --restored/);
  });
}

test("a value in state.db that is none of Kraken's is told in one line", options, async () => {
  const { path, file } = copy("odd-value");
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  db.exec("UPDATE facets SET entries = 'null'");
  db.close();
  assertOneLine(
    await start(path),
    /^kraken-aggregator: Cannot read the store '.*': Cannot read a facet: expected a list$/m,
  );
});

test("a state.db of a newer Kraken is told in one line", options, async () => {
  const { path, file } = copy("newer");
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  db.exec("PRAGMA user_version = 99");
  db.close();
  assertOneLine(
    await start(path),
    /its format is 99, this program knows up to \d+: use the newer Kraken that wrote it$/m,
  );
});

test("a state.db that another process has is told in one line", options, async () => {
  const { path } = copy("locked");
  const store = await openSqliteStore(path);
  try {
    assertOneLine(await start(path), /another process has it open\. .*stop that one, or choose another --data$/m);
  } finally {
    store.close();
  }
});

test("a state.db that is a folder, and a folder that is a file, are told in one line each", options, async () => {
  mkdirSync(join(folder, "odd", "state.db"), { recursive: true });
  assertOneLine(await start(join(folder, "odd")), /state\.db': it is not a file$/m);
  writeFileSync(join(folder, "file"), "");
  assertOneLine(await start(join(folder, "file", "below")), /file\/below\/state\.db': a part of its path is a file/);
});

const notRoot = process.getuid?.() === 0 ? false : "needs root, to be somebody else";
test("what this user may not read or write is told in one line", { skip: skipSqlite || notRoot }, async () => {
  const { path, file } = copy("permissions");
  const asNobody = (...more: string[]) =>
    run(AGGREGATOR, ["--cluster", "demo", "--data", path, "--http-port", "0", "--mqtt-port", "0", ...more], "setpriv");
  chmodSync(folder, 0o755);
  chmodSync(path, 0o777);
  chmodSync(file, 0o600);
  assertOneLine(
    await asNobody(),
    /state\.db': this user \(uid 65534\) can't write '.*state\.db': this user lacks the permission: check/,
  );
  chmodSync(path, 0o555);
  chownSync(file, 65534, 65534);
  assertOneLine(await asNobody(), /state\.db': this user \(uid 65534\) can't write '.*permissions': this user lacks/);
});

test("a port that is in use is told in one line, with the option that helps", options, async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    })
  );
  try {
    const args = ["--cluster", "demo", "--data", join(folder, "ports")];
    assertOneLine(
      await run(AGGREGATOR, [...args, "--http-port", String(port), "--mqtt-port", "0"]),
      /Cannot listen on 127\.0\.0\.1:\d+ as the port is in use: .*--http-port$/m,
    );
    assertOneLine(
      await run(AGGREGATOR, [...args, "--http-port", "0", "--mqtt-port", String(port)]),
      /port is in use|another program has the port/,
    );
  } finally {
    server.close();
  }
});

test("files that other programs are given are told in one line where they can't be used", async () => {
  const bad = join(folder, "bad.json");
  writeFileSync(bad, '{"systems": [');
  assertOneLine(
    await run(SIMULATOR, ["--config", bad]),
    /^kraken-simulator: Cannot read the config '.*bad\.json': /,
    2,
  );
  assertOneLine(
    await run(SIMULATOR, ["--config", "/no/such"]),
    /^kraken-simulator: Cannot read the config '\/no\/such': /,
    2,
  );
  assertOneLine(await run(AGENT, ["--cmdline", "/no/such"]), /^kraken-agent: Cannot read the kernel command line: /);
  assertOneLine(await run(KRAKENCTL, ["apply", "-f", "/no/such"]), /^krakenctl: /);
});

test("a state.db that is gone is warned of, and is a trouble until there are nodes", options, async () => {
  const { path, file } = copy("gone");
  rmSync(file);
  const { code, stderr } = await start(path);
  assert.equal(code, 0);
  assert.match(
    stderr,
    /The store was lost.*state\.db' is empty, though an aggregator had one here .*start once with --restored/,
  );
  const again = await start(path);
  assert.match(again.stderr, /The store was lost/, "it was told once only");
});

test("a state.db that is older than the last run is refused, with what to do", options, async () => {
  const { path, file } = copy("older");
  cpSync(file, join(folder, "backup.db"));
  const { code, stderr } = await start(path);
  assert.equal(code, 0, stderr);
  cpSync(join(folder, "backup.db"), file);
  assertOneLine(await start(path), /state\.db' is older than the last run here .*start once with --restored$/m);
  assert.equal((await start(path, "--restored")).code, 0);
  assert.equal((await start(path)).code, 0);
});
