import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filesBelow } from "./files.ts";

/** What the Markdown files below `root` say that is not so: links to no file and npm scripts that don't exist. */
export function documentProblems(root: string): string[] {
  const manifest: { scripts?: object } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const scripts = new Set(Object.keys(manifest.scripts ?? {}));
  return filesBelow(root, ".md").flatMap((file) => {
    const lines = readFileSync(join(root, file), "utf8").split("\n");
    return [...scriptProblems(lines, scripts), ...linkProblems(lines, join(root, dirname(file)))]
      .map(({ line, message }) => `${file}:${line}: ${message}`);
  });
}

interface Problem {
  readonly line: number;
  readonly message: string;
}

function scriptProblems(lines: readonly string[], scripts: ReadonlySet<string>): Problem[] {
  return lines.flatMap((text, index) =>
    [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].flatMap(([, name = ""]) =>
      scripts.has(name) ? [] : [{
        line: index + 1,
        message: `There is no script "${name}" in package.json: it has ${[...scripts].join(", ")}`,
      }]
    )
  );
}

function linkProblems(lines: readonly string[], folder: string): Problem[] {
  let fenced = false;
  return lines.flatMap((text, index) => {
    if (/^\s*```/.test(text)) fenced = !fenced;
    if (fenced) return [];
    return [...text.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)[^)]*\)/g)].flatMap(([, target = ""]) => {
      const path = decodeURI(target.replace(/#.*$/, ""));
      if (path === "" || /^[a-z]+:/i.test(path) || existsSync(join(folder, path))) return [];
      return [{ line: index + 1, message: `Cannot follow the link to "${target}" as there is no such file` }];
    });
  });
}
