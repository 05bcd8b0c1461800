import { type Column, renderTable, type Style } from "../src/cli/mod.ts";
import type { BmcLogInfo } from "../src/api/mod.ts";

/** The event logs of controllers as a table. */
export function describeBmcLogs(logs: readonly BmcLogInfo[], style: Style, width: number | undefined): string[] {
  const columns: Column[] = [
    { title: "NODE" },
    { title: "TIME" },
    { title: "LOG" },
    { title: "SEVERITY", paint: (cell) => paintOf(cell, style) },
    { title: "MESSAGE" },
  ];
  const rows = logs.flatMap(({ name, entries }) =>
    entries.length === 0
      ? [[name, "-", "-", "-", "(no entries)"]]
      : entries.map(({ time = "-", log, severity = "-", message }) => [name, time, log, severity, message])
  );
  return renderTable(columns, rows, { width, titlePaint: style.bold });
}

function paintOf(severity: string, style: Style) {
  if (severity === "Critical") return style.red;
  return severity === "Warning" ? style.yellow : undefined;
}
