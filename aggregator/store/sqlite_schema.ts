import type { DatabaseSync } from "node:sqlite";

/** The format of the tables below, kept in the file as `user_version`. */
const VERSION = 4;
/** Marks a file as Kraken's, kept in it as `application_id`: "KRKN". */
const APPLICATION_ID = 0x4b524b4e;

const TABLES = `
  CREATE TABLE facets (
    node TEXT NOT NULL, facet TEXT NOT NULL, entries TEXT NOT NULL, PRIMARY KEY (node, facet)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE terms (
    child TEXT PRIMARY KEY, assignment INTEGER NOT NULL, run INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sessions (
    child TEXT PRIMARY KEY, program TEXT NOT NULL, assignment INTEGER NOT NULL, run INTEGER NOT NULL,
    received INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, node TEXT NOT NULL, kind TEXT NOT NULL, mutation TEXT, why TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_node ON events (node, id);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;

/**
 * Creates the tables of an empty database `db`, and checks an existing one.
 *
 * @throws {Error} If the file belongs to another program, or to a Kraken with another format.
 */
export function prepareSchema(db: DatabaseSync): void {
  const application = readNumber(db, "PRAGMA application_id", "application_id");
  const version = readNumber(db, "PRAGMA user_version", "user_version");
  const tables = readNumber(db, "SELECT count(*) AS tables FROM sqlite_schema", "tables");
  if (tables === 0 && application === 0) {
    db.exec(TABLES);
    return;
  }
  if (application !== APPLICATION_ID) throw new Error("it is the database of another program");
  if (version > VERSION) {
    throw new Error(
      `its format is ${version}, this program knows up to ${VERSION}: use the newer Kraken that wrote it`,
    );
  }
  if (version < VERSION) {
    throw new Error(
      `its format is ${version}, of a Kraken before the first release, and this program reads ${VERSION} only: ` +
        "start with an empty folder, and apply the inventory again",
    );
  }
}

function readNumber(db: DatabaseSync, sql: string, column: string): number {
  return Number(db.prepare(sql).get()?.[column] ?? 0);
}
