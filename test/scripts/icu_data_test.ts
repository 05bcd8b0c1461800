import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { findIcuData, isNeededByAgents, withoutItems } from "../../scripts/build/icu_data.ts";
import { runCommand } from "../../scripts/command.ts";
import { nodePath, ROOT } from "../../scripts/runtimes.ts";

interface Item {
  readonly name: string;
  /** What follows its header. */
  readonly content: Uint8Array;
}

const align = (size: number): number => Math.ceil(size / 16) * 16;

/** A header with a text, as ICU writes them. */
function header(format: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, size, true);
  view.setUint16(2, 0xda27);
  view.setUint16(4, 20, true);
  bytes[10] = 2;
  bytes.set(new TextEncoder().encode(format), 12);
  bytes[16] = 1;
  return bytes;
}

/** A file with an ICU data package in it, after `before` times 16 bytes. */
function packageFile(items: readonly Item[], before: number): Uint8Array {
  const names = items.map(({ name }) => new TextEncoder().encode(`icudt78l/${name}\0`));
  const start = before * 16;
  const table = start + 144;
  let nameAt = 4 + items.length * 8;
  let at = align(nameAt + names.reduce((sum, { length }) => sum + length, 0));
  const file = new Uint8Array(table + at + items.reduce((sum, { content }) => sum + align(32 + content.length), 0));
  file.fill(0xda, 0, start);
  file.set(header("CmnD", 144), start);
  const view = new DataView(file.buffer);
  view.setUint32(table, items.length, true);
  items.forEach(({ content }, index) => {
    const name = names[index] ?? new Uint8Array();
    view.setUint32(table + 4 + index * 8, nameAt, true);
    view.setUint32(table + 8 + index * 8, at, true);
    file.set(name, table + nameAt);
    file.set(header("ResB", 32), table + at);
    file.set(content, table + at + 32);
    nameAt += name.length;
    at += align(32 + content.length);
  });
  return file;
}

const items = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^(?:[a-z]{1,3}\/)?[a-zA-Z_]{1,8}\.res$/),
    content: fc.uint8Array({ maxLength: 60 }),
  }, { noNullPrototype: true }),
  { minLength: 1, maxLength: 12, selector: ({ name }) => name },
).map((list) => list.sort((a, b) => a.name < b.name ? -1 : 1));
const place = fc.nat(5);

test("findIcuData() finds a package anywhere, with every item in it", () => {
  const covered = createCoverage("ICU packages", ["at the start", "further on", "one item", "several items"], 0.07);
  fc.assert(
    fc.property(items, place, (list, before) => {
      covered.saw(before === 0 ? "at the start" : "further on", list.length > 1 ? "several items" : "one item");
      const file = packageFile(list, before);
      const { table, items = [] } = findIcuData(file) ?? {};
      assert.deepEqual(items.map(({ name }) => name), list.map(({ name }) => name));
      items.forEach(({ at, size }, index) => {
        const content = list[index]?.content ?? new Uint8Array();
        assert.deepEqual(file.slice((table ?? 0) + at + 32, (table ?? 0) + at + 32 + content.length), content);
        assert.equal(size, index === list.length - 1 ? undefined : align(32 + content.length));
      });
    }),
    { numRuns: 250 },
  );
  covered.check();
});

test("withoutItems() takes away what is not needed, and leaves everything else where it is", () => {
  const covered = createCoverage("items that are taken away", ["some", "none"], 0.14);
  fc.assert(fc.property(items, place, fc.func(fc.boolean()), (list, before, keep) => {
    const file = packageFile(list, before);
    const isNeeded = (name: string): boolean => name === list[0]?.name || keep(name);
    const whole = findIcuData(file);
    const less = withoutItems(file, isNeeded);
    covered.saw(list.every(({ name }) => isNeeded(name)) ? "none" : "some");
    assert.ok(whole !== undefined && less !== undefined);
    const { table } = whole;
    assert.deepEqual(findIcuData(less)?.items.map(({ name, at }) => [name, at]), [
      ...whole.items.filter(({ name }) => isNeeded(name)).map(({ name, at }) => [name, at]),
    ]);
    assert.equal(less.length, file.length);
    // As it was: before the table, from its end to the first item, and the items that are needed.
    const expected = Uint8Array.from(file);
    for (const { name, at, size } of whole.items) {
      if (!isNeeded(name) && size !== undefined) expected.fill(0, table + at, table + at + size);
    }
    const end = table + 4 + list.length * 8;
    assert.deepEqual(less.subarray(0, table), expected.subarray(0, table));
    assert.deepEqual(less.subarray(end), expected.subarray(end));
  }));
  covered.check();
});

test("withoutItems() of a file without a package is undefined, and two packages are refused", () => {
  assert.equal(withoutItems(new Uint8Array(1000), () => true), undefined);
  assert.equal(withoutItems(new Uint8Array(), () => true), undefined);
  const file = packageFile([{ name: "root.res", content: new Uint8Array(8) }], 1);
  const twice = new Uint8Array(file.length + align(file.length));
  twice.set(file);
  twice.set(file, align(file.length));
  assert.throws(() => findIcuData(twice), /Expected one ICU data package, not one at 16 and one at /);
});

test("findIcuData() takes or refuses a package that is damaged anywhere, and never leaves the file", () => {
  const covered = createCoverage("damaged ICU packages", ["taken", "refused"], 0.06);
  fc.assert(
    fc.property(items, fc.nat(), fc.nat(255), fc.nat(), (list, where, value, length) => {
      const file = packageFile(list, 1);
      // Mostly where structure is: the headers, the table and the names.
      const damaged = file.slice(0, file.length - length % 4 * 40);
      damaged[16 + where % 400] = value;
      try {
        const found = findIcuData(damaged);
        for (const { at } of found?.items ?? []) assert.ok((found?.table ?? 0) + at + 24 <= damaged.length);
        withoutItems(damaged, () => false);
        covered.saw("taken");
      } catch (error) {
        assert.ok(error instanceof TypeError && /^Expected /.test(error.message), String(error));
        covered.saw("refused");
      }
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("agents need English and what every language needs, and nothing of others", () => {
  const needed = [
    ...["root.res", "en.res", "en_US.res", "res_index.res", "pool.res", "supplementalData.res", "uts46.nrm"],
    ...[
      "zone/en_001.res",
      "coll/ucadata.icu",
      "coll/root.res",
      "brkitr/word.brk",
      "curr/res_index.res",
      "cnvalias.icu",
    ],
  ];
  const others = [
    ...["de.res", "zh_Hant_HK.res", "kok_Latn_IN.res", "coll/de__PHONEBOOK.res", "coll/es_.res", "unit/ru.res"],
    ...["ibm-943_P15A-2003.cnv", "brkitr/cjdict.dict", "translit/root.res", "unames.icu", "confusables.cfu"],
    ...["rfc3491.spp", "brkitr/ja.res"],
  ];
  assert.deepEqual([...needed, ...others].filter(isNeededByAgents), needed);
});

test("Node with only the data that agents need has English, and goes on in every other language", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-icu-"));
  try {
    const trimmed = withoutItems(readFileSync(nodePath()), isNeededByAgents);
    if (trimmed === undefined) return context.skip("the Node that is here has no ICU data linked in");
    const node = join(folder, "node");
    writeFileSync(node, trimmed, { mode: 0o755 });
    for (const LANG of ["C", "de_DE.UTF-8"]) {
      const script = join(ROOT, "test/scripts/fixture_intl.cjs");
      const { code, output } = await runCommand([node, script], { env: { LANG } });
      assert.deepEqual({ code, output }, { code: 0, output: "to the end" }, LANG);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
