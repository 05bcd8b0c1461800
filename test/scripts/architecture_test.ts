import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/runtimes.ts";
import { isSyntax, parseModule, type Syntax, syntaxChildrenOf, syntaxNameOf } from "../../scripts/syntax.ts";

const PAGE = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");

interface Hop {
  readonly file: string;
  readonly name: string;
  readonly handsOn: string;
  readonly takesIn: string;
}

/** The tables of hops, one for each walk. */
function walks(): Hop[][] {
  return PAGE.split("| file | function |").slice(1).map((table) =>
    table.split("\n\n")[0]?.split("\n").filter((line) => line.startsWith("| `")).map((line) => {
      const [, file = "", name = "", handsOn = "", takesIn = ""] = line.split("|").map((cell) =>
        cell.trim().replaceAll("`", "")
      );
      return { file, name, handsOn, takesIn };
    }) ?? []
  );
}

/** The texts of all functions of a file that have a name, however they are written. */
function functionsOf(file: string, name: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found: string[] = [];
  function walk(node: Syntax): void {
    const own = syntaxNameOf(node["id"]) || syntaxNameOf(node["key"]);
    const value = node["value"] ?? node["init"];
    const isFunction = ["FunctionDeclaration", "ObjectMethod", "ClassMethod"].includes(node.type) ||
      isSyntax(value) && (value.type === "ArrowFunctionExpression" || value.type === "MemberExpression");
    if (own === name && isFunction) found.push(text.slice(node.start, node.end));
    for (const child of syntaxChildrenOf(node)) walk(child);
  }
  walk(parseModule(text));
  return found;
}

/** The last name of a piece of code: of `options.send(`, `send`. */
function calledBy(code: string): string | undefined {
  return /(\w+)\(?\)?$/.exec(code)?.[1];
}

test("docs/architecture.md has both walks", () => {
  assert.deepEqual(walks().map((walk) => walk.length > 20), [true, true]);
});

for (const [place, walk] of walks().entries()) {
  test(`every hop of walk ${place + 1} of docs/architecture.md is in the code, and follows the one before`, () => {
    for (const [at, hop] of walk.entries()) {
      const where = `${hop.file} ${hop.name}`;
      const texts = existsSync(join(ROOT, hop.file)) ? functionsOf(hop.file, hop.name) : [];
      assert.ok(texts.length > 0, `${where}: there is no such function`);
      const handing = texts.filter((text) => text.includes(hop.handsOn) && text.includes(hop.takesIn));
      assert.ok(handing.length > 0, `${where} has no "${hop.handsOn}" together with "${hop.takesIn}"`);
      const before = walk[at - 1];
      if (before === undefined || hop.takesIn !== "") continue;
      assert.equal(calledBy(before.handsOn), hop.name, `${where} does not follow ${before.file} ${before.name}`);
    }
  });
}

const GLOSSARY = readFileSync(join(ROOT, "docs/glossary.md"), "utf8");

test("docs/glossary.md has each term once, in the order of the alphabet", () => {
  const terms = [...GLOSSARY.matchAll(/^\| ([\w ]+) \|/gm)].map(([, term = ""]) => term);
  const [head, ...rest] = terms;
  assert.equal(head, "term");
  assert.deepEqual(rest, [...new Set(rest)].sort((a, b) => a.toLowerCase() < b.toLowerCase() ? -1 : 1));
});

test("docs/architecture.md and docs/glossary.md name only files and folders that there are", () => {
  for (const [, path = ""] of `${PAGE}${GLOSSARY}`.matchAll(/`((?:src|agent|aggregator|ctl|modules)\/[\w./]+)`/g)) {
    if (!path.includes("NAME")) assert.ok(existsSync(join(ROOT, path)), path);
  }
});
