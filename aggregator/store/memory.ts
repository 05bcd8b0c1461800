import { emptyDocument, type NodeDocument, type Term } from "../../src/state/mod.ts";
import type { Session } from "../../src/sync/mod.ts";
import type { LoggedEvent } from "./types.ts";
import { checkEventOrder } from "./event_order.ts";
import { type DroppedEvents, MAX_EVENTS, type Store } from "./types.ts";

/** Opens a store in memory, for tests. */
export function openMemoryStore(): Store {
  const documents = new Map<string, NodeDocument>();
  const facts = new Map<string, string | number | boolean>();
  const terms = new Map<string, Term>();
  const sessions = new Map<string, Session>();
  const log: LoggedEvent[] = [];
  let dropped: DroppedEvents = { upTo: 0, count: 0 };
  let closed = false;

  return {
    load() {
      if (closed) throw new Error("Cannot read the store: it is closed");
      return {
        documents: [...documents.values()],
        facts: new Map(facts),
        terms: new Map(terms),
        sessions: new Map(sessions),
        lastEvent: log.at(-1)?.id ?? 0,
      };
    },
    commit(batch) {
      if (closed) throw new Error("Cannot write to the store: it is closed");
      checkEventOrder(log.at(-1)?.id ?? 0, batch.events ?? []);
      for (const id of batch.removed ?? []) documents.delete(id);
      for (const { document, facets } of batch.documents ?? []) {
        if (facets.length === 0) continue;
        const stored = documents.get(document.id) ?? emptyDocument(document.id);
        const changed = Object.fromEntries(facets.map((name) => [name, document.facets[name]]));
        documents.set(document.id, { id: document.id, facets: { ...stored.facets, ...changed } });
      }
      for (const [key, value] of batch.facts ?? []) facts.set(key, value);
      for (const [child, term] of batch.terms ?? []) terms.set(child, term);
      for (const [child, session] of batch.sessions ?? []) sessions.set(child, session);
      for (const event of batch.events ?? []) log.push(event);
      const excess = log.splice(0, Math.max(0, log.length - MAX_EVENTS));
      dropped = { upTo: excess.at(-1)?.id ?? dropped.upTo, count: dropped.count + excess.length };
    },
    get dropped() {
      return dropped;
    },
    events(after, limit, nodes) {
      if (closed) throw new Error("Cannot read the store: it is closed");
      return log.filter((event) => event.id > after && nodes?.has(event.node) !== false).slice(0, limit);
    },
    close() {
      closed = true;
    },
  };
}
