import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openSqliteStore, storeFile } from "../../aggregator/store/mod.ts";
import { documentOf, testStore } from "./contract.ts";
import { createFolder, createSqliteCase, skipSqlite } from "./support.ts";
import { ofRun } from "../support/versions.ts";

testStore("openSqliteStore()", createSqliteCase, { skip: skipSqlite });

/** Runs something with a folder of its own. */
async function inFolder(run: (path: string) => Promise<void>): Promise<void> {
  const folder = createFolder();
  try {
    await run(folder.path);
  } finally {
    folder.remove();
  }
}

/** Does something to the database behind a store's back. */
async function tamper(file: string, sql: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

test("openSqliteStore() says what it needs where node:sqlite is missing", { skip: skipSqlite === false }, async () => {
  await assert.rejects(openSqliteStore("/nowhere"), /which lacks node:sqlite: use Deno, Bun or Node 22\.13 or newer$/);
});

test("openSqliteStore() refuses a store that is open already", { skip: skipSqlite }, () =>
  inFolder(async (path) => {
    const store = await openSqliteStore(path);
    try {
      await assert.rejects(
        openSqliteStore(path),
        /^Error: Cannot open the store '.*state\.db': another process has it open\. One aggregator has a folder at a time/,
      );
      store.commit({ facts: new Map([["run", 1]]) });
    } finally {
      store.close();
    }
    (await openSqliteStore(path)).close();
  }));

test(
  "openSqliteStore() refuses the format of a newer Kraken and leaves it as it is",
  { skip: skipSqlite },
  () =>
    inFolder(async (path) => {
      const file = join(path, "newer.db");
      (await openSqliteStore(file)).close();
      await tamper(file, "PRAGMA user_version = 5");
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await assert.rejects(
          openSqliteStore(file),
          /its format is 5, this program knows up to 4: use the newer Kraken/,
        );
      }
      await tamper(file, "PRAGMA user_version = 4");
      (await openSqliteStore(file)).close();
    }),
);

test(
  "a store is for its owner alone, also one that others could read before",
  { skip: skipSqlite },
  () =>
    inFolder(async (path) => {
      for (let time = 0; time < 2; time++) {
        const store = await openSqliteStore(path);
        store.commit({ facts: new Map([["run", time]]) });
        const files = readdirSync(path);
        assert.ok(files.includes("state.db"));
        for (const name of files) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name);
        store.close();
        chmodSync(join(path, "state.db"), 0o644);
      }
    }),
);

test(
  "openSqliteStore() refuses the format of an older Kraken, and leaves it as it is",
  { skip: skipSqlite },
  () =>
    inFolder(async (path) => {
      const file = join(path, "older.db");
      (await openSqliteStore(file)).close();
      await tamper(file, "PRAGMA user_version = 3");
      for (let time = 0; time < 2; time++) {
        await assert.rejects(openSqliteStore(file), /its format is 3, .* reads 4 only: start with an empty folder/);
      }
      await tamper(file, "PRAGMA user_version = 4");
      (await openSqliteStore(file)).close();
    }),
);

test(
  "one node's events are found by an index that is in their order",
  { skip: skipSqlite },
  () =>
    inFolder(async (path) => {
      const file = join(path, "events.db");
      const event = { time: "2026-01-01T00:00:00.000Z", kind: "done", why: "x" };
      const first = await openSqliteStore(file);
      first.commit({ events: [1, 2, 3, 4].map((id) => ({ ...event, id, node: `n${id % 2}` })) });
      first.close();
      const store = await openSqliteStore(file);
      assert.deepEqual(store.events(1, 10, new Set(["n1"])).map(({ id }) => id), [3]);
      store.close();
      const { DatabaseSync } = await import("node:sqlite");
      const db = new DatabaseSync(file);
      const query = "EXPLAIN QUERY PLAN SELECT * FROM events WHERE node = 'n1' AND id > 1 ORDER BY id LIMIT 5";
      const plan = db.prepare(query).all().map(({ detail }) => String(detail));
      db.close();
      assert.equal(plan.length, 1, "nothing is sorted");
      assert.match(plan[0] ?? "", /^SEARCH events USING INDEX events_of_node \(node=\? AND (id|rowid)>\?\)$/);
    }),
);

test("openSqliteStore() refuses files that are not its own", { skip: skipSqlite }, () =>
  inFolder(async (path) => {
    const text = join(path, "text.db");
    writeFileSync(text, "These are the notes of somebody else. ".repeat(100));
    await assert.rejects(openSqliteStore(text), /it is no SQLite database\. Move it away/);
    const other = join(path, "other.db");
    await tamper(other, "CREATE TABLE notes (text TEXT)");
    await assert.rejects(openSqliteStore(other), /it is the database of another program$/);
    await assert.rejects(
      openSqliteStore(join(text, "folder")),
      /^Error: Cannot open the store '.*text\.db\/folder\/state\.db': /,
    );
  }));

test(
  "commit() takes the whole batch back when one row of it is refused",
  { skip: skipSqlite },
  () =>
    inFolder(async (path) => {
      const store = await openSqliteStore(path);
      try {
        const documents = [{ document: documentOf("a", "cfg", "/platform", "sim"), facets: ["cfg"] as const }];
        const facts = new Map([["run", 1]]);
        assert.throws(
          () => store.commit({ documents, facts, terms: new Map([["a", ofRun(1.5)]]) }),
          /^Error: Cannot write/,
        );
        assert.deepEqual(store.load(), {
          documents: [],
          facts: new Map(),
          terms: new Map(),
          sessions: new Map(),
          lastEvent: 0,
        });
        store.commit({ documents, facts, terms: new Map([["a", ofRun(1)]]) });
        assert.equal(store.load().documents.length, 1);
      } finally {
        store.close();
      }
    }),
);

test("load() says what is damaged", { skip: skipSqlite }, () =>
  inFolder(async (path) => {
    const file = join(path, "damaged.db");
    (await openSqliteStore(file)).close();
    await tamper(file, `INSERT INTO facets VALUES ('a', 'cfg', '[["/platform"]]')`);
    const store = await openSqliteStore(file);
    try {
      assert.throws(
        () => store.load(),
        /Cannot read the store '.*damaged\.db': Cannot read a facet: expected rows of url/,
      );
    } finally {
      store.close();
    }
  }));

test("storeFile() is the file that is named, or state.db in a folder", () => {
  assert.deepEqual(["/a/b", "/a/b.db", "/a/db"].map(storeFile), ["/a/b/state.db", "/a/b.db", "/a/db/state.db"]);
});

test(
  "openSqliteStore() makes folders that only their owner may look into",
  { skip: skipSqlite },
  () =>
    inFolder(async (path) => {
      const folder = join(path, "new", "data");
      (await openSqliteStore(folder)).close();
      assert.equal(statSync(folder).mode & 0o777, 0o700);
    }),
);

test(
  "load() refuses a facet that it does not know, and a fact that is none",
  { skip: skipSqlite },
  () =>
    inFolder(async (path) => {
      for (
        const [name, sql, expected] of [
          ["facet", "INSERT INTO facets VALUES ('a', 'other', '[]')", /node 'a' has an unknown facet 'other'$/],
          [
            "null",
            "INSERT INTO facts VALUES ('a', 'null')",
            /fact 'a' is null: expected a string, a number or a boolean$/,
          ],
          ["list", "INSERT INTO facts VALUES ('a', '[1]')", /fact 'a' is \[1\]: expected/],
        ] as const
      ) {
        const file = join(path, `${name}.db`);
        (await openSqliteStore(file)).close();
        await tamper(file, sql);
        const store = await openSqliteStore(file);
        try {
          assert.throws(() => store.load(), expected);
        } finally {
          store.close();
        }
      }
    }),
);

/** Not every Node opens URIs, by which SQLite makes a database in memory: the one place without a log that is at hand. */
const skipUri = "Deno" in globalThis || "Bun" in globalThis ? skipSqlite : "Node may make a file of that name";

test("openSqliteStore() refuses a place where no write-ahead log can be", { skip: skipUri }, async () => {
  await assert.rejects(
    openSqliteStore("file:kraken?mode=memory&name=state.db"),
    /its file system supports no write-ahead log: the journal mode is 'memory'$/,
  );
});
