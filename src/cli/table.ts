import type { Paint } from "./terminal.ts";

/**
 * Makes `text` from elsewhere safe to show on one line. Control characters, which could move the cursor or change
 * colours, become `?`; line ends and tabs become spaces.
 */
export function cleanText(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  return text.replace(/[\r\n\t]+/g, " ").replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");
}

/**
 * Counts the columns of a clean `text`: its code points. Wide scripts are not treated apart, as names of nodes have
 * none.
 */
export function textWidth(text: string): number {
  return [...text].length;
}

/** Cuts a clean `text` to `width` columns, with `…` at the end if something was cut. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  return width <= 0 ? "" : `${[...text].slice(0, width - 1).join("")}…`;
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** @default "left" */
  readonly align?: "left" | "right";
  /** Chooses how a cell stands out. */
  readonly paint?: (cell: string) => Paint | undefined;
}

/** Least width that a column is cut to. */
const MIN_WIDTH = 8;
const GAP = "  ";

/**
 * Renders rows under aligned titles.
 *
 * @param columns The columns. If the table is too wide, the last one is cut first.
 * @param rows The cells of each row. Control characters in them are made visible.
 * @param options `width`: columns of the screen, to which lines are cut; `titlePaint`: the style of titles.
 * @returns Lines, without line ends.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width?: number | undefined; readonly titlePaint?: Paint } = {},
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => cleanText(row[index] ?? "")));
  const natural = columns.map(({ title }, index) =>
    cells.reduce((widest, row) => Math.max(widest, textWidth(row[index] ?? "")), textWidth(title))
  );
  const widths = options.width === undefined ? natural : fit(natural, options.width);
  const line = (row: readonly string[], paintOf: (column: Column, cell: string) => Paint | undefined) =>
    columns.map((column, index) => {
      const text = cutText(row[index] ?? "", widths[index] ?? 0);
      const padding = " ".repeat(Math.max(0, (widths[index] ?? 0) - textWidth(text)));
      const painted = text === "" ? "" : paintOf(column, row[index] ?? "")?.(text) ?? text;
      if (column.align === "right") return padding + painted;
      return index === columns.length - 1 ? painted : painted + padding;
    }).join(GAP).trimEnd();
  return [
    line(columns.map(({ title }) => title), () => options.titlePaint),
    ...cells.map((row) => line(row, (column, cell) => column.paint?.(cell))),
  ];
}

/** Takes width from columns, the last first, until the table fits or every column is at its least. */
function fit(natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = natural.reduce((sum, each) => sum + each, 0) + GAP.length * (natural.length - 1) - width;
  for (let index = widths.length - 1; index >= 0 && excess > 0; index--) {
    const spare = Math.max(0, (widths[index] ?? 0) - MIN_WIDTH);
    const taken = Math.min(spare, excess);
    widths[index] = (widths[index] ?? 0) - taken;
    excess -= taken;
  }
  return widths;
}
