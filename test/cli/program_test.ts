import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { callProgram, defineProgram, programHelp, runtime, versionLine } from "../../src/cli/mod.ts";
import { VERSION } from "../../src/version.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";
import { createTerminalDouble } from "./terminal_double.ts";

const program = defineProgram({
  name: "kraken-example",
  about: "Shows what a program looks like.",
  positionals: { usage: "[NODE ...]" },
  options: {
    broker: { kind: "string", placeholder: "URL", required: true, help: "Where the broker is" },
    wait: { kind: "duration", short: "w", default: 10_000, help: "How long" },
  },
});

async function call(args: readonly string[]) {
  const terminal = createTerminalDouble();
  const io = { args, env: {}, terminal, signal: new AbortController().signal };
  const code = await callProgram(program, io, ({ options, args }) => {
    terminal.write(`works ${options.broker} ${options.wait} ${args.join(" ")}`);
    return Promise.resolve(7);
  });
  return { code, output: terminal.output(), errors: terminal.errors() };
}

test("programHelp() shows usage, what it does, and each option with its default", () => {
  assert.equal(
    programHelp(program),
    `Usage: kraken-example [OPTION ...] [NODE ...]

Shows what a program looks like.

Options:
      --broker URL     Where the broker is (required)
  -w, --wait DURATION  How long (default 10s)
  -h, --help           Show this help
      --version        Show the version and what it runs on
`,
  );
});

test("callProgram() hands the work its options and takes its exit code", async () => {
  assert.deepEqual(await call(["--broker", "b", "n1", "n2"]), { code: 7, output: "works b 10000 n1 n2", errors: "" });
});

test("callProgram() answers --help and --version without doing any work", async () => {
  assert.deepEqual(await call(["--help"]), { code: 0, output: programHelp(program), errors: "" });
  assert.deepEqual(await call(["--version"]), { code: 0, output: versionLine("kraken-example"), errors: "" });
});

test("callProgram() exits with 2 on a usage error and says where to read more", async () => {
  const { code, output, errors } = await call(["--brokr", "b"]);
  assert.deepEqual({ code, output }, { code: 2, output: "" });
  assert.match(
    errors,
    /^kraken-example: Unknown option '--brokr': did you mean '--broker'\?\nSee `kraken-example --help`/,
  );
});

test("versionLine() names program, version, runtime and which @std/cli is in use", async () => {
  assert.match(
    versionLine("krakenctl"),
    /^krakenctl \d+\.\d+\.\d+ \((deno|node|bun) \S+; @std\/cli: (jsr|bundled)\)\n$/,
  );
  const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  assert.equal(VERSION, manifest.version);
});

test("runtime() tells Deno and Bun from Node, which they pretend to be", () => {
  assert.equal(runtime({ node: "24.0.0", deno: "2.9.5" }), "deno 2.9.5");
  assert.equal(runtime({ node: "24.0.0", bun: "1.4.5" }), "bun 1.4.5");
  assert.equal(runtime({ node: "20.20.2" }), "node 20.20.2");
});

/** Writes a program to a file of its own and gives the command that runs it on this runtime. */
async function script(body: string) {
  const folder = await mkdtemp(join(tmpdir(), "kraken-test-"));
  const file = join(folder, "program.mts");
  const source = fileURLToPath(new URL("../../src/cli/mod.ts", import.meta.url));
  await writeFile(file, `import { ProgramError, runProcess } from ${JSON.stringify(source)};\n${body}\n`);
  return {
    args: await runtimeArguments(file),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

function run(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test("runProcess() exits with the code of its work after everything is written", async () => {
  await using file = await script(
    `await runProcess("p", async (io) => { io.terminal.write("x".repeat(300_000)); setInterval(() => {}, 1000); return 4; });`,
  );
  const { code, stdout } = await run(file.args);
  assert.deepEqual([code, stdout.length], [4, 300_000]);
});

test("runProcess() shows a ProgramError by its message alone", async () => {
  await using expected = await script(
    `await runProcess("p", async () => { throw new ProgramError("Cannot listen on port 1", 6); });`,
  );
  assert.deepEqual(await run(expected.args), { code: 6, stdout: "", stderr: "p: Cannot listen on port 1\n" });
});

/** What a program says that ends with a defect: the whole of it is one line. */
const DEFECT =
  /^p: Unexpected TypeError: Oops twice \(at [^\n]*program[^\n]*:\d+:\d+[^\n]*\)\. This is a defect of Kraken: [^\n]*\n$/;
const DEFECTS = {
  thrown: `throw new TypeError("Oops\\ntwice");`,
  "thrown in a timer": `setTimeout(() => { throw new TypeError("Oops\\ntwice"); }, 1); await new Promise(() => {});`,
  "a rejection that nobody handles":
    `void Promise.reject(new TypeError("Oops\\ntwice")); await new Promise((resolve) => setTimeout(resolve, 60000));`,
};
for (const [kind, body] of Object.entries(DEFECTS)) {
  test(`runProcess() shows a defect in one line, with its place and without a stack: ${kind}`, async () => {
    await using file = await script(`await runProcess("p", async () => { setInterval(() => {}, 1000); ${body} });`);
    const { code, stdout, stderr } = await run(file.args);
    assert.match(stderr, DEFECT);
    assert.deepEqual([code, stdout], [1, ""]);
  });
}

test("runProcess() says in words what the operating system refused", async () => {
  await using file = await script(
    `import { readFileSync } from "node:fs";
    await runProcess("p", async () => { readFileSync("/no/such/file"); return 0; });`,
  );
  const { code, stderr } = await run(file.args);
  assert.equal(stderr, "p: Cannot open '/no/such/file': there is no such file or folder (ENOENT)\n");
  assert.equal(code, 1);
});

test("runProcess() fires its signal on SIGTERM so that the work can end cleanly", async () => {
  await using file = await script(
    `await runProcess("p", (io) => new Promise((resolve) => {
      const timer = setInterval(() => {}, 1000);
      io.signal.addEventListener("abort", () => { clearInterval(timer); io.terminal.write("ended\\n"); resolve(0); });
      io.terminal.write("ready\\n");
    }));`,
  );
  const child = spawn(process.execPath, file.args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    let output = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      // Not child.kill(): Deno then reports the signal in place of the exit code, whatever the child made of it.
      if (output === "" && child.pid !== undefined) process.kill(child.pid, "SIGTERM");
      output += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.deepEqual([code, output], [0, "ready\nended\n"]);
  } finally {
    child.kill("SIGKILL");
  }
});
