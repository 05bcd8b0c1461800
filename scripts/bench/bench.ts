/** What a bench found. */
export interface Bench {
  /** Plain data, for programs. */
  readonly data: { readonly bench: string; readonly [figure: string]: unknown };
  /** The same for people. */
  readonly table: string;
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  const ordered = [...numbers].sort((a, b) => a - b);
  return ordered[ordered.length >> 1] ?? NaN;
}

/** A number with as many digits as matter. */
export function round(number: number): number {
  return Number(number.toPrecision(3));
}

/** Lines of columns, numbers to the right. */
export function tableOf(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => String(row[at] ?? "").length)));
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell, at) => {
      const isNumber = rows.every((row) => typeof row[at] === "number" || row[at] === "");
      return isNumber ? String(cell).padStart(widths[at] ?? 0) : String(cell).padEnd(widths[at] ?? 0);
    }).join("  ").trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ""].join("\n");
}
