// Measures tests: changes the code of a folder in small ways, one at a time, and says which changes no test notices.
// Usage: npm run -s mutate -- FOLDER [--since REVISION] [--sample N] [--seed N] [--from FILE] [--json]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { callProgram, defineProgram, EXIT, ProgramError, runProcess } from "../../src/cli/mod.ts";
import { filesBelow } from "../check/files.ts";
import { ROOT } from "../runtimes.ts";
import { changedLines, isEquivalent, readChanges, readEquivalents, sample } from "./choose.ts";
import { type Mutant, mutantsOf } from "./mutators.ts";
import { createReach, orderTests, type Reach } from "./reach.ts";
import { describe, type Tried } from "./report.ts";
import { createSandbox } from "./sandbox.ts";
import { createTrial } from "./trial.ts";

const program = defineProgram({
  name: "mutate",
  about:
    "Changes the code of a folder or file in small ways, one at a time, and says which changes no quick test notices.",
  options: {
    since: { kind: "string", help: "Only lines that differ from this revision" },
    sample: { kind: "integer", default: 60, min: 1, help: "How many mutants are tried, chosen by chance" },
    seed: { kind: "integer", default: 1, help: "What chance begins from" },
    from: { kind: "string", help: "Try the changes of this file instead: lines of JSON with file, old and new" },
    budget: {
      kind: "duration",
      default: 60_000,
      help: "Test files that take longer than this together are left out: those that do not fit in beside nearer ones",
    },
    json: { kind: "boolean", help: "Print one JSON object" },
  },
  positionals: { usage: "FOLDER", min: 1, max: 1 },
  examples: ["npm run -s mutate -- src/sync", "npm run -s mutate -- aggregator/boot --since HEAD~5 --seed 7"],
});

/** The mutants below a folder. */
async function findMutants(folder: string, since: string | undefined, signal: AbortSignal): Promise<Mutant[]> {
  const files = filesBelow(ROOT, ".ts").filter((file) => file === folder || file.startsWith(`${folder}/`));
  if (files.length === 0) throw new ProgramError(`Cannot mutate "${folder}" as it has no TypeScript files`, EXIT.usage);
  const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), "utf8")));
  if (since === undefined) return all;
  const lines = await changedLines(since, signal);
  return all.filter(({ file, line }) => lines.get(file)?.has(line) === true);
}

/** The listed changes below a folder, as far as the code still has what they change. */
function findListed(path: string, folder: string, warn: (text: string) => void): Mutant[] {
  return readChanges(path).filter(({ file }) => file === folder || file.startsWith(`${folder}/`)).flatMap((change) => {
    const source = readFileSync(join(ROOT, change.file), "utf8");
    const start = source.indexOf(change.old);
    if (start === -1) {
      warn(`${change.file} does not have this any more: ${change.old.trim()}`);
      return [];
    }
    const line = source.slice(0, start).split("\n").length;
    return [{ ...change, line, start, end: start + change.old.length, text: change.new }];
  });
}

await runProcess(
  program.name,
  async (io) =>
    await callProgram(program, io, async ({ options, args, terminal, signal }) => {
      const folder = (args[0] ?? "").replace(/\/$/, "");
      const progress = (text: string) => terminal.writeError(`${text}\n`);
      const all = options.from === undefined
        ? await findMutants(folder, options.since, signal)
        : findListed(options.from, folder, progress);
      const equivalents = readEquivalents();
      const chosen = options.from === undefined ? sample(all, options.sample, options.seed) : all;
      const reachOf = createReach(ROOT);
      const sandbox = await createSandbox(signal);
      try {
        const trial = createTrial(sandbox, options.budget);
        const tried: Tried[] = [];
        for (const mutant of chosen) {
          if (signal.aborted) return EXIT.failed;
          const reach: Reach = reachOf(mutant.file);
          const outcome = isEquivalent(mutant, equivalents)
            ? "equivalent"
            : await trial.try(mutant, orderTests(mutant.file, reach));
          tried.push({ mutant, outcome });
          progress(`${tried.length}/${chosen.length} ${outcome.padEnd(10)} ${mutant.file}:${mutant.line}`);
        }
        const report = describe(folder, all.length, tried, options.seed);
        terminal.write(options.json ? `${JSON.stringify(report.data, undefined, 2)}\n` : report.text);
        return EXIT.ok;
      } finally {
        await sandbox.close();
      }
    }),
);
