import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { emptyDocument, FACET_NAMES, type NodeDocument, type Term } from "../../src/state/mod.ts";
import type { LoggedEvent } from "./types.ts";
import { checkEventOrder } from "./event_order.ts";
import { explainStoreError } from "./explain.ts";
import { facetFromText, facetToText } from "./facet_text.ts";
import { prepareSchema } from "./sqlite_schema.ts";
import { type Batch, type DroppedEvents, MAX_EVENTS, type Store, type Stored } from "./types.ts";

/** The level at which SQLite returns from a commit only when the disk has it. */
const SYNCHRONOUS_FULL = 2;

/** Returns the file of a store: `state.db` in the folder `place`, unless it names a file. */
export function storeFile(place: string): string {
  return place.endsWith(".db") ? place : join(place, "state.db");
}

/**
 * Opens a store in a SQLite database, and creates it if it does not exist. One process can use it at a time. Data for
 * which `commit` has returned survives `kill -9` and, if the disk keeps its promises, a power failure.
 *
 * @param place A folder, in which the file is `state.db`, or a file whose name ends in `.db`. Missing folders are
 *   created.
 * @throws {Error} If it cannot be opened. The message says why and what to do.
 */
export async function openSqliteStore(place: string): Promise<Store> {
  const file = storeFile(place);
  const { DatabaseSync } = await importSqlite();
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    keepPrivate(file);
    db = new DatabaseSync(file);
    lockAndPrepare(db);
    return createStore(db, file);
  } catch (error) {
    db?.close();
    throw new Error(`Cannot open the store '${file}': ${explainStoreError(error, file)}`, { cause: error });
  }
}

/**
 * The store contains the secret of this aggregator's key, so no other user may read it. SQLite's other files follow.
 */
function keepPrivate(file: string): void {
  if (file.startsWith("file:")) return; // a URI of SQLite, not a path
  let descriptor: number;
  try {
    descriptor = openSync(file, "a", 0o600); // an empty file is an empty database
  } catch {
    return; // SQLite cannot open it either, and reports why
  }
  try {
    if ((fstatSync(descriptor).mode & 0o077) !== 0) fchmodSync(descriptor, 0o600);
  } finally {
    closeSync(descriptor);
  }
}

async function importSqlite(): Promise<typeof import("node:sqlite")> {
  try {
    return await import("node:sqlite");
  } catch (error) {
    const runtime = `Node ${process.versions.node}`;
    throw new Error(
      `Cannot open a store on ${runtime}, which lacks node:sqlite: use Deno, Bun or Node 22.13 or newer`,
      {
        cause: error,
      },
    );
  }
}

function lockAndPrepare(db: DatabaseSync): void {
  // Set before the file is first read: the lock is then kept until it is closed, and WAL needs no shared memory.
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  const mode = db.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
  if (mode !== "wal") throw new Error(`its file system supports no write-ahead log: the journal mode is '${mode}'`);
  db.exec("PRAGMA synchronous = FULL");
  const level = db.prepare("PRAGMA synchronous").get()?.["synchronous"];
  if (level !== SYNCHRONOUS_FULL) {
    throw new Error(`it would not wait for the disk: its level of synchronisation is ${level}`);
  }
  inTransaction(db, () => prepareSchema(db));
}

/** Runs something as one transaction: all of it is on disk when this returns, or nothing when it throws. */
function inTransaction(db: DatabaseSync, run: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    run();
    db.exec("COMMIT");
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
    throw error;
  }
}

function createStore(db: DatabaseSync, file: string): Store {
  const write = prepareWrites(db);
  const readEvents = prepareEvents(db);
  // By count, not by id: each start leaves a gap in the ids, and a program that starts often must not lose its log.
  const prune = db.prepare("DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?)");
  let { lastEvent, kept } = readEventCounts(db);
  // A full log has lost what was before its first event; one that is not full has lost nothing.
  let dropped: DroppedEvents = { upTo: kept < MAX_EVENTS ? 0 : readFirstEvent(db) - 1, count: 0 };
  let closed = false;

  return {
    load() {
      try {
        return { ...readState(db), lastEvent };
      } catch (error) {
        throw new Error(`Cannot read the store '${file}': ${explainStoreError(error, file)}`, { cause: error });
      }
    },
    commit(batch) {
      try {
        const events = batch.events ?? [];
        checkEventOrder(lastEvent, events);
        const excess = Math.max(0, kept + events.length - MAX_EVENTS);
        inTransaction(db, () => {
          write(batch);
          if (excess > 0) prune.run(excess);
        });
        lastEvent = events.at(-1)?.id ?? lastEvent;
        kept += events.length - excess;
        if (excess > 0) dropped = { upTo: readFirstEvent(db) - 1, count: dropped.count + excess };
      } catch (error) {
        throw new Error(`Cannot write to the store '${file}': ${explainStoreError(error, file)}`, { cause: error });
      }
    },
    get dropped() {
      return dropped;
    },
    events(after, limit, nodes) {
      try {
        return readEvents(after, limit, nodes);
      } catch (error) {
        throw new Error(`Cannot read the store '${file}': ${explainStoreError(error, file)}`, { cause: error });
      }
    },
    close() {
      if (!closed) db.close();
      closed = true;
    },
  };
}

/** Up to this many nodes are looked up in the index one by one; for more, all events are read in order and filtered. */
const FEW_NODES = 16;

/** Prepares `events` of a {@link Store}. */
function prepareEvents(db: DatabaseSync): Store["events"] {
  const page = db.prepare("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?");
  const ofNode = db.prepare("SELECT * FROM events WHERE node = ? AND id > ? ORDER BY id LIMIT ?");
  // The plus sign keeps SQLite from using the index, whose rows it would have to sort for every page.
  const ofNodes = db.prepare(
    "SELECT * FROM events WHERE id > ? AND +node IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?",
  );
  return (after, limit, nodes) => {
    if (nodes === undefined) return page.all(after, limit).map(eventOf);
    if (nodes.size > FEW_NODES) return ofNodes.all(after, JSON.stringify([...nodes]), limit).map(eventOf);
    const found = [...nodes].flatMap((node) => ofNode.all(node, after, limit).map(eventOf));
    return found.sort((a, b) => a.id - b.id).slice(0, limit);
  };
}

function prepareWrites(db: DatabaseSync): (batch: Batch) => void {
  const putFacet = db.prepare("INSERT OR REPLACE INTO facets (node, facet, entries) VALUES (?, ?, ?)");
  const removeNode = db.prepare("DELETE FROM facets WHERE node = ?");
  const putFact = db.prepare("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)");
  const putTerm = db.prepare("INSERT OR REPLACE INTO terms (child, assignment, run) VALUES (?, ?, ?)");
  const putSession = db.prepare(
    "INSERT OR REPLACE INTO sessions (child, program, assignment, run, received) VALUES (?, ?, ?, ?, ?)",
  );
  const putEvent = db.prepare("INSERT INTO events (id, time, node, kind, mutation, why) VALUES (?, ?, ?, ?, ?, ?)");
  return (batch) => {
    for (const id of batch.removed ?? []) removeNode.run(id);
    for (const { document, facets } of batch.documents ?? []) {
      for (const name of facets) putFacet.run(document.id, name, facetToText(document.facets[name]));
    }
    for (const [key, value] of batch.facts ?? []) putFact.run(key, JSON.stringify(value));
    for (const [child, { assignment, run }] of batch.terms ?? []) putTerm.run(child, assignment, run);
    for (const [child, { run, term, received }] of batch.sessions ?? []) {
      putSession.run(child, run, term.assignment, term.run, received);
    }
    for (const { id, time, node, kind, mutation, why } of batch.events ?? []) {
      putEvent.run(id, time, node, kind, mutation ?? null, why);
    }
  };
}

function readEventCounts(db: DatabaseSync): { lastEvent: number; kept: number } {
  const row = db.prepare("SELECT max(id) AS last, count(*) AS kept FROM events").get();
  return { lastEvent: Number(row?.["last"] ?? 0), kept: Number(row?.["kept"] ?? 0) };
}

function readFirstEvent(db: DatabaseSync): number {
  return Number(db.prepare("SELECT min(id) AS first FROM events").get()?.["first"] ?? 1);
}

type Row = Record<string, SQLOutputValue>;

function readState(db: DatabaseSync): Omit<Stored, "lastEvent"> {
  const documents = new Map<string, NodeDocument>();
  for (const row of db.prepare("SELECT node, facet, entries FROM facets").all()) {
    const id = textOf(row, "node");
    const name = FACET_NAMES.find((known) => known === row["facet"]);
    if (name === undefined) throw new TypeError(`node '${id}' has an unknown facet '${row["facet"]}'`);
    const document = documents.get(id) ?? emptyDocument(id);
    documents.set(id, { id, facets: { ...document.facets, [name]: facetFromText(textOf(row, "entries")) } });
  }
  const facts = db.prepare("SELECT key, value FROM facts").all().map((row) =>
    [textOf(row, "key"), factOf(row)] as const
  );
  const terms = db.prepare("SELECT child, assignment, run FROM terms").all()
    .map((row) => [textOf(row, "child"), termIn(row)] as const);
  const sessions = db.prepare("SELECT child, program, assignment, run, received FROM sessions").all().map((row) =>
    [textOf(row, "child"), {
      run: textOf(row, "program"),
      term: termIn(row),
      received: Number(row["received"]),
    }] as const
  );
  return {
    documents: [...documents.values()],
    facts: new Map(facts),
    terms: new Map(terms),
    sessions: new Map(sessions),
  };
}

function termIn(row: Row): Term {
  return { assignment: Number(row["assignment"]), run: Number(row["run"]) };
}

function factOf(row: Row): string | number | boolean {
  const value: unknown = JSON.parse(textOf(row, "value"));
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new TypeError(`fact '${row["key"]}' is ${JSON.stringify(value)}: expected a string, a number or a boolean`);
}

function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`column '${column}' is ${value}: expected a text`);
  return value;
}

function eventOf(row: Row): LoggedEvent {
  const { id, mutation } = row;
  return {
    id: Number(id),
    time: textOf(row, "time"),
    node: textOf(row, "node"),
    kind: textOf(row, "kind"),
    ...(typeof mutation === "string" ? { mutation } : {}),
    why: textOf(row, "why"),
  };
}
