import type { TestCase } from "./junit.ts";
import type { UnitResult } from "./run_unit.ts";
import type { Unit } from "./suites.ts";

/** A line for a unit that has ended; after it, where tests of it failed, their names and what it wrote. */
export function describeUnit(result: UnitResult): string {
  const failed = result.cases.filter(({ outcome }) => outcome === "failed");
  const word = failed.length === 0 ? "ok    " : "FAILED";
  const passed = result.cases.filter(({ outcome }) => outcome === "passed").length;
  const line = `${word} ${unitName(result.unit)}  ${passed} passed  ${result.seconds.toFixed(1)} s\n`;
  if (failed.length === 0) return line;
  const names = failed.map(({ name }) => `  ${name}\n`).join("");
  return `${line}${names}${result.output.trimEnd()}\n\n`;
}

/** The slowest tests, and as the last line the counts: `N passed, N failed`. */
export function describeTotals(results: readonly UnitResult[], gate: readonly { readonly ok: boolean }[]): string {
  const all = results.flatMap(({ unit, cases }) => cases.map((one) => ({ ...one, unit })));
  const slowest = [...all].sort((a, b) => b.seconds - a.seconds).slice(0, 10)
    .map((one) => `${one.seconds.toFixed(1).padStart(6)} s  ${one.name} (${placeOf(one)})\n`);
  const failed = all.filter(({ outcome }) => outcome === "failed").map(({ name, unit }) =>
    `${unitName(unit)}: ${name}\n`
  );
  const skipped = results.flatMap(({ unit, cases }) => {
    const count = cases.filter(({ outcome }) => outcome === "skipped").length;
    return count === 0 ? [] : [`${String(count).padStart(6)}    ${unitName(unit)}\n`];
  });
  const passed = all.filter(({ outcome }) => outcome === "passed").length + gate.filter(({ ok }) => ok).length;
  const failures = failed.length + gate.filter(({ ok }) => !ok).length;
  return [
    slowest.length === 0 ? "" : `\nSlowest tests\n${slowest.join("")}`,
    skipped.length === 0 ? "" : `\nSkipped\n${skipped.join("")}`,
    failed.length === 0 ? "" : `\nFailed\n${failed.join("")}`,
    `\n${passed} passed, ${failures} failed\n`,
  ].join("");
}

function unitName({ runtime, files }: Unit): string {
  const [first = "", last = first] = [files[0], files.at(-1)];
  if (files.length === 1) return `${runtime} ${first}`;
  return `${runtime} ${first} ... ${last.split("/").at(-1)} (${files.length} files)`;
}

/** Where a test is, as far as its report says. */
function placeOf({ file, unit }: TestCase & { readonly unit: Unit }): string {
  return file === undefined ? unitName(unit) : `${unit.runtime} ${file}`;
}
