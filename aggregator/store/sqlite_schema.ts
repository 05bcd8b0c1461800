import type { DatabaseSync } from "node:sqlite";

/** The format of the tables below, kept in the file as `user_version`. */
const VERSION = 3;
/** Marks a file as Kraken's, kept in it as `application_id`: "KRKN". */
const APPLICATION_ID = 0x4b524b4e;

/** What format 2 has beside format 1. */
const SESSIONS = `
  CREATE TABLE sessions (
    child TEXT PRIMARY KEY, run TEXT NOT NULL, term INTEGER NOT NULL, received INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** What format 3 has beside format 2. */
const EVENTS_OF_NODE = "CREATE INDEX events_of_node ON events (node, id);";

const TABLES = `
  CREATE TABLE facets (
    node TEXT NOT NULL, facet TEXT NOT NULL, entries TEXT NOT NULL, PRIMARY KEY (node, facet)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE terms (child TEXT PRIMARY KEY, term INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, node TEXT NOT NULL, kind TEXT NOT NULL, mutation TEXT, why TEXT NOT NULL
  ) STRICT;
  ${SESSIONS}
  ${EVENTS_OF_NODE}
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;

/**
 * Makes the tables of an empty database, and brings those of an older format up to date.
 *
 * @throws {Error} When the file belongs to another program or to a newer Kraken.
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
  if (version < 2) db.exec(SESSIONS);
  if (version < 3) db.exec(EVENTS_OF_NODE);
  if (version < VERSION) db.exec(`PRAGMA user_version = ${VERSION}`);
}

function readNumber(db: DatabaseSync, sql: string, column: string): number {
  return Number(db.prepare(sql).get()?.[column] ?? 0);
}
