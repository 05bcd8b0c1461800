import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type CommandResult, runCommand } from "../command.ts";
import { DENO_CONFIG, denoPath } from "../runtimes.ts";
import { filesBelow } from "./files.ts";

/** A program in a document. */
export interface Example {
  /** Where it stands: the file and the line of its fence. */
  readonly at: string;
  readonly code: string;
}

/**
 * The examples of a Markdown file: its fenced blocks whose info string is exactly `ts`. Other words behind it, as in
 * `ts ignore`, mean a fragment that can't run.
 */
export function markdownExamples(file: string, text: string): Example[] {
  return fencedBlocks(text.split("\n"), 1).map(({ line, code }) => ({ at: `${file}:${line}`, code }));
}

/** The examples of a TypeScript file: the `ts` blocks of its doc comments, from `@example` on. */
export function docCommentExamples(file: string, text: string): Example[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const start = comment[0].search(/^\s*\*\s*@example\b/m);
    if (start < 0) return [];
    const firstLine = text.slice(0, comment.index + start).split("\n").length;
    const lines = comment[0].slice(start).split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
    return fencedBlocks(lines, firstLine).map(({ line, code }) => ({ at: `${file}:${line}`, code }));
  });
}

function fencedBlocks(lines: readonly string[], firstLine: number): { readonly line: number; readonly code: string }[] {
  const blocks: { line: number; code: string }[] = [];
  let open: { line: number; info: string; code: string[] } | undefined;
  lines.forEach((text, index) => {
    const fence = /^\s*```\s*(.*?)\s*$/.exec(text);
    if (fence === null) return open?.code.push(text);
    if (open === undefined) {
      open = { line: firstLine + index, info: fence[1] ?? "", code: [] };
      return;
    }
    if (open.info === "ts") blocks.push({ line: open.line, code: open.code.join("\n") });
    open = undefined;
  });
  return blocks;
}

/** All examples of the project. */
export function findExamples(root: string): Example[] {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  return [
    // A test may hold an example as data.
    ...filesBelow(root, ".ts").filter((file) => !file.startsWith("test/"))
      .flatMap((file) => docCommentExamples(file, read(file))),
    ...filesBelow(root, ".md").flatMap((file) => markdownExamples(file, read(file))),
  ];
}

/**
 * Type-checks and runs examples, one after the other in one process, in the root's `.kraken` folder: what they import is
 * written as seen from a folder of the root, `../src/state/mod.ts`.
 */
export async function runExamples(
  root: string,
  examples: readonly Example[],
  signal?: AbortSignal,
): Promise<CommandResult> {
  const folder = join(root, ".kraken");
  mkdirSync(folder, { recursive: true });
  const name = (part: string | number) => `examples_${process.pid}_${part}.ts`;
  const parts = ["main", ...examples.keys()];
  try {
    examples.forEach((example, index) => {
      // The empty export makes a module of an example without imports, with names of its own.
      writeFileSync(join(folder, name(index)), `// ${example.at}\n${example.code}\nexport {};\n`);
    });
    writeFileSync(join(folder, name("main")), mainSource(examples, name));
    const command = [denoPath(), "run", "-A", "--quiet", "--check", "--config", DENO_CONFIG, name("main")];
    const options = { cwd: folder, timeout: 180_000, env: { NO_COLOR: "1" } };
    return await runCommand(command, signal === undefined ? options : { ...options, signal });
  } finally {
    for (const part of parts) rmSync(join(folder, name(part)), { force: true });
  }
}

function mainSource(examples: readonly Example[], name: (index: number) => string): string {
  const runs = examples.map(({ at }, index) =>
    `await import("./${name(index)}").catch((error) => {
  console.log(${JSON.stringify(`${at}: the example fails:`)}, error);
  failed = true;
});`
  );
  return `import process from "node:process";\nlet failed = false;\n${
    runs.join("\n")
  }\nprocess.exit(failed ? 1 : 0);\n`;
}
