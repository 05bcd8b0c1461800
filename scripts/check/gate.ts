import process from "node:process";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../command.ts";
import { DENO_CONFIG, denoPath, nodePath, ROOT } from "../runtimes.ts";
import { findExamples, runExamples } from "./doc_examples.ts";
import { documentProblems } from "./documents.ts";
import { importProblems } from "./import_rules.ts";
import { switchProblems } from "./switches.ts";
import { checkOpenApi } from "./openapi.ts";
import { ownershipProblems } from "./ownership.ts";
import { referenceProblems } from "./reference.ts";

/** How one part of the gate went. */
export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  /** What is wrong, for people. */
  readonly output: string;
}

interface Check {
  readonly name: string;
  run(signal: AbortSignal | undefined): Promise<{ readonly ok: boolean; readonly output: string }>;
}

/** The parts of the gate. */
const CHECKS: readonly Check[] = [
  command("format", [denoPath(), "fmt", "--check", "--config", DENO_CONFIG]),
  command("lint", [denoPath(), "lint", "--quiet", "--config", DENO_CONFIG]),
  command("types (tsc)", [nodePath(), join(ROOT, "node_modules/typescript/bin/tsc"), "-p", ROOT]),
  command("types (deno)", [denoPath(), "check", "--quiet", "--config", DENO_CONFIG]),
  problems("import rules", importProblems),
  problems("switches", switchProblems),
  { name: "docs examples", run: async (signal) => outcome(await runExamples(ROOT, findExamples(ROOT), signal)) },
  problems("docs links", documentProblems),
  problems("docs ownership", ownershipProblems),
  problems("docs reference", referenceProblems),
  { name: "OpenAPI (Spectral)", run: async (signal) => outcome(await checkOpenApi(signal)) },
];

/** Runs every part of the gate at once. */
export function runGate(signal?: AbortSignal): Promise<CheckResult[]> {
  return Promise.all(CHECKS.map(async (check) => {
    const start = performance.now();
    const { ok, output } = await check.run(signal);
    return { name: check.name, ok, seconds: (performance.now() - start) / 1000, output: output.trim() };
  }));
}

/** The gate as text: a line for each part, and after them the output of those that failed. */
export function describeGate(results: readonly CheckResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const table = results.map(({ name, ok, seconds }) =>
    `${name.padEnd(width)}  ${ok ? "ok    " : "FAILED"}  ${seconds.toFixed(1).padStart(5)} s\n`
  );
  const failures = results.filter(({ ok }) => !ok).map(({ name, output }) => `\n${name}\n${output}\n`);
  return [...table, ...failures].join("");
}

function command(name: string, words: readonly string[]): Check {
  return {
    name,
    async run(signal) {
      const env = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
      const options = { cwd: ROOT, timeout: 300_000, env, ...(signal === undefined ? {} : { signal }) };
      return outcome(await runCommand(words, options));
    },
  };
}

function problems(name: string, find: (root: string) => readonly string[]): Check {
  return {
    name,
    run() {
      const found = find(ROOT);
      return Promise.resolve({ ok: found.length === 0, output: found.join("\n") });
    },
  };
}

function outcome({ code, output, timedOut }: CommandResult): { readonly ok: boolean; readonly output: string } {
  return { ok: code === 0, output: timedOut ? `${output}\nIt took too long and was ended` : output };
}
