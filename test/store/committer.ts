/**
 * A program for the tests: commits batch after batch to the store in the folder that it is given, each of a document of
 * `size` characters, a fact and an event, and prints the number of each once it is acknowledged.
 */
import { writeSync } from "node:fs";
import { openSqliteStore } from "../../aggregator/store/mod.ts";
import { documentOf, eventOf } from "./contract.ts";
import { errorText } from "../../src/toolkit/mod.ts";

const [folder = "", size = "10", most = "1000000"] = process.argv.slice(2);
const store = await openSqliteStore(folder);
const first = store.load().lastEvent + 1;
try {
  for (let number = first; number < first + Number(most); number += 1) {
    const document = documentOf(`node-${number}`, "cfg", "/platform", "x".repeat(Number(size)));
    store.commit({
      documents: [{ document, facets: ["cfg"] }],
      facts: new Map([["newest", number]]),
      terms: new Map([[document.id, { assignment: 1, run: number }]]),
      events: [eventOf(number)],
    });
    writeSync(1, `${number}\n`);
  }
} catch (error) {
  const { facts, lastEvent, documents } = store.load();
  const after = { newest: facts.get("newest"), lastEvent, documents: documents.length };
  writeSync(1, `${JSON.stringify({ failed: errorText(error), after })}\n`);
}
