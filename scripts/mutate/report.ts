import { renderTable } from "../../src/cli/mod.ts";
import type { Mutant } from "./mutators.ts";

/** What became of a mutant: a test failed, never ended, or noticed nothing; no quick test reaches it; it changes nothing. */
export type TrialOutcome = "killed" | "timeout" | "survived" | "unreached" | "equivalent";

/** A mutant that was tried. */
export interface Tried {
  readonly mutant: Mutant;
  readonly outcome: TrialOutcome;
}

/** The score of a folder and the mutants that no test noticed, as data and as text. */
export function describe(
  folder: string,
  all: number,
  tried: readonly Tried[],
  seed: number,
): { readonly data: object; readonly text: string } {
  const count = (...outcomes: TrialOutcome[]) => tried.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const counted = tried.length - count("equivalent");
  const noticed = count("killed", "timeout");
  const score = counted === 0 ? 100 : Math.floor(1000 * noticed / counted) / 10;
  const survivors = tried.filter(({ outcome }) => outcome === "survived" || outcome === "unreached");
  const titles = ["folder", "mutants", "tried", "killed", "timeout", "survived", "unreached", "equivalent", "score %"];
  const row = [
    ...[folder, all, tried.length, count("killed"), count("timeout"), count("survived"), count("unreached")].map(
      String,
    ),
    ...[count("equivalent"), score].map(String),
  ];
  const lines = survivors.map(({ mutant, outcome }) =>
    `${outcome} ${mutant.file}:${mutant.line}\n${marked("-", mutant.old)}${marked("+", mutant.new)}`
  );
  const table = renderTable(titles.map((title, index) => ({ title, align: index === 0 ? "left" : "right" })), [row]);
  return {
    data: {
      folder,
      seed,
      mutants: all,
      tried: tried.length,
      score,
      equivalent: count("equivalent"),
      survivors: survivors.map(({ mutant: { file, line, old, new: changed }, outcome }) => ({
        ...{ file, line, old, new: changed, outcome },
      })),
    },
    text: `${lines.join("")}${lines.length === 0 ? "" : "\n"}${table.join("\n")}\n`,
  };
}

function marked(mark: string, text: string): string {
  return text.split("\n").map((line) => `  ${mark} ${line}\n`).join("");
}
