import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BEGIN = "<!-- generated from the code by `npm run check -- --write` -->";
const END = "<!-- end of generated tables -->";

/** A page of which one part, between two marks, is generated from the code. */
export interface GeneratedPage {
  /** Path of the page below the root. */
  readonly file: string;
  /** The code that the part describes, for messages. */
  readonly source: string;
  /** Makes the part, as Markdown. */
  make(): string;
}

/**
 * Checks that the generated part of a page is up to date.
 *
 * @param root Folder of the repository.
 * @param page The page.
 * @returns Problems as `file:line: message`; empty if it is up to date.
 * @throws {Error} If the page is missing or has no marks.
 */
export function generatedProblems(root: string, page: GeneratedPage): string[] {
  const text = readFileSync(join(root, page.file), "utf8");
  return replacePart(text, page) === text
    ? []
    : [`${page.file}:1: Its tables do not match ${page.source}: run npm run check -- --write`];
}

/**
 * Regenerates the generated part of a page.
 *
 * @param root Folder of the repository.
 * @param page The page.
 * @throws {Error} If the page is missing or has no marks.
 */
export function writeGenerated(root: string, page: GeneratedPage): void {
  const path = join(root, page.file);
  writeFileSync(path, replacePart(readFileSync(path, "utf8"), page));
}

function replacePart(text: string, { file, make }: GeneratedPage): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`Cannot find the place of the tables in ${file}: it has no "${BEGIN}"`);
  return `${text.slice(0, begin)}${BEGIN}\n\n${make()}\n${text.slice(end)}`;
}

/**
 * Formats a Markdown table.
 *
 * @param head Titles of the columns.
 * @param rows Rows with as many cells as titles.
 * @returns Its lines. `|` in cells is escaped.
 */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`.replaceAll("|  |", "| |").replaceAll(
      "|  |",
      "| |",
    )
  );
}
