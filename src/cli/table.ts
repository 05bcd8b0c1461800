import type { Paint } from "./style.ts";
import { cleanText, cutText, textWidth } from "./text.ts";

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
