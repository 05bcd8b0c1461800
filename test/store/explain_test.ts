import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { explainStoreError } from "../../aggregator/store/explain.ts";
import { facetFromText, facetToText } from "../../aggregator/store/facet_text.ts";
import { readMarker, writeMarker } from "../../aggregator/store/mod.ts";
import { explainSystemError } from "../../src/system_error.ts";
import { at } from "../support/versions.ts";

const sqlite = (message: string, errcode?: number): Error =>
  Object.assign(new Error(message), errcode === undefined ? {} : { errcode });

/** What SQLite says, with its code and without, as not every runtime tells that; and what is to be made of it. */
const SAID: readonly (readonly [code: number, message: string, expected: RegExp])[] = [
  [5, "database is locked", /^another process has it open\. .*stop that one, or choose another --data$/],
  [13, "database or disk is full", /^its disk is full: free some space$/],
  [
    26,
    "file is not a database",
    /^it is no SQLite database\. Move it away and put the last backup in its place, .*--restored/,
  ],
  [
    11,
    "database disk image is malformed",
    /^it is damaged: database disk image is malformed\. Move it away .*--restored/,
  ],
  [10, "disk I/O error", /^its disk fails: disk I\/O error\. Look at the kernel's log$/],
];
for (const [code, message, expected] of SAID) {
  test(`explainStoreError() says what '${message}' means, and what to do`, () => {
    assert.match(explainStoreError(sqlite(message), "/no/such/state.db"), expected);
    assert.match(
      explainStoreError(sqlite("", code), "/no/such/state.db"),
      code === 5 || code === 13 || code === 26 ? expected : /^its? /,
    );
    assert.match(explainStoreError(sqlite(message, code | 0x100), "/no/such/state.db"), expected);
  });
}

test("explainStoreError() leaves other words as they are, and explains what the system says", () => {
  assert.equal(explainStoreError(sqlite("its format is 99"), "/no/such"), "its format is 99");
  assert.equal(explainStoreError("odd", "/no/such"), "odd");
  assert.equal(explainStoreError(Object.assign(new Error("odd"), { errcode: "13" }), "/no/such"), "odd");
  const code = Object.assign(new Error("ENOTDIR: not a directory, mkdir '/a/b'"), { code: "ENOTDIR" });
  assert.equal(explainStoreError(code, "/a/b"), "a part of its path is a file: expected a folder");
  assert.equal(
    explainStoreError(sqlite("unable to open database file", 14), "/no/such/state.db"),
    "unable to open database file",
  );
});

test("explainStoreError() names the file or folder that can't be written, and who tried", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-explain-"));
  const file = join(folder, "state.db");
  const refuse = (refused: string) => (place: string) => {
    if (place === refused) throw Object.assign(new Error("EACCES"), { code: "EACCES" });
  };
  const who = `this user (uid ${process.getuid?.()})`;
  try {
    assert.equal(explainStoreError(sqlite("no", 14), file, refuse(file)), "no", "what is not there can't be refused");
    writeFileSync(file, "");
    for (const code of [8, 10, 14]) {
      for (const place of [file, folder]) {
        const said = explainStoreError(sqlite("", code), file, refuse(place));
        assert.equal(
          said,
          `${who} can't write '${place}': ${explainSystemError(Object.assign(new Error(), { code: "EACCES" }))}`,
        );
      }
    }
    assert.equal(explainStoreError(sqlite("", 11), file, refuse(file)).startsWith("it is damaged"), true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("explainStoreError() says that a folder is where the file should be, and nothing of a file that can be written", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-explain-"));
  try {
    assert.equal(explainStoreError(sqlite("unable to open database file"), folder), "it is not a file");
    const file = join(folder, "state.db");
    writeFileSync(file, "");
    assert.equal(
      explainStoreError(sqlite("attempt to write a readonly database"), file),
      "attempt to write a readonly database",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("facetFromText() reads what facetToText() writes, and refuses every other row", () => {
  const facet = new Map([
    ["/a", { value: { x: [1, "y", true, { z: 0 }] }, version: at(3, 4) }],
    ["/b", { value: null, version: at(0, 0) }],
  ]);
  assert.deepEqual(facetFromText(facetToText(facet)), facet);
  const good = ["/a", "v", 7, 1, 2];
  assert.deepEqual(facetFromText(JSON.stringify([good])).get("/a"), { value: "v", version: at(1, 2, 7) });
  for (const text of ["null", "{}", "7", '"rows"']) assert.throws(() => facetFromText(text), /expected a list$/, text);
  for (
    const row of [
      ...[null, {}, "x", [], [1, "v", 1, 1, 2], ["/a", "v", 1, 2]],
      ...[["/a", "v", "1", 1, 2], ["/a", "v", 1, "1", 2], ["/a", "v", 1, 1, "2"]],
      ...[["/a", [null], 1, 1, 2], ["/a", { x: null }, 1, 1, 2], ["/a", [[{ y: [null] }]], 1, 1, 2]],
    ]
  ) {
    assert.throws(
      () => facetFromText(JSON.stringify([good, row])),
      /expected rows of url, value, assignment, run and rev$/,
      JSON.stringify(row),
    );
  }
});

test("a marker is read as it was written, and one that is none proves nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-marker-"));
  try {
    const file = join(folder, "state.db");
    assert.equal(readMarker(file), undefined);
    const marker = { cluster: "demo", name: "root", run: 3, started: "2030-01-01T00:00:00.000Z" };
    writeMarker(file, marker);
    assert.deepEqual(readMarker(file), marker);
    writeMarker(file, { ...marker, run: 4, lost: marker.started });
    assert.deepEqual(readMarker(file), { ...marker, run: 4, lost: marker.started });
    for (
      const text of [
        "",
        "garbage",
        "null",
        JSON.stringify({ ...marker, run: 0 }),
        JSON.stringify({ ...marker, run: 1.5 }),
        JSON.stringify({ ...marker, run: "3" }),
        JSON.stringify({ ...marker, started: undefined }),
        JSON.stringify({ ...marker, lost: 7 }),
      ]
    ) {
      writeFileSync(`${file}.owner`, text);
      assert.equal(readMarker(file), undefined, text);
    }
    mkdirSync(join(folder, "other.db.owner.new"));
    assert.throws(
      () => writeMarker(join(folder, "other.db"), marker),
      /Cannot write '.*other\.db\.owner' in '.*': it is a folder/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("explainStoreError() says that a file is where the folder should be, and nothing of the kind otherwise", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-"));
  try {
    const other = join(folder, "data");
    writeFileSync(other, "");
    const error = Object.assign(new Error("EEXIST: file already exists"), { code: "EEXIST" });
    const said = explainStoreError(error, join(other, "state.db"));
    assert.equal(said, `'${other}' is no folder: expected one, so choose another --data`);
    for (const file of [join(folder, "state.db"), join(other, "deeper", "state.db"), "/no/such/state.db"]) {
      assert.equal(explainStoreError(error, file), explainSystemError(error));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a marker is its owner's to read, and nothing is left beside it", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-marker-"));
  try {
    const file = join(folder, "state.db");
    writeMarker(file, { cluster: "demo", name: "root", run: 1, started: "2030-01-01T00:00:00.000Z" });
    assert.equal(statSync(`${file}.owner`).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ["state.db.owner"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a marker of longer names than there may be proves nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-marker-"));
  try {
    const file = join(folder, "state.db");
    const most = {
      cluster: "c".repeat(64),
      name: "n".repeat(64),
      run: 1,
      started: "s".repeat(32),
      lost: "l".repeat(32),
    };
    writeMarker(file, most);
    assert.deepEqual(readMarker(file), most);
    for (const field of ["cluster", "name", "started", "lost"] as const) {
      writeMarker(file, { ...most, [field]: `${most[field]}x` });
      assert.equal(readMarker(file), undefined, field);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
