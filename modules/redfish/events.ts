import type { Clock, Random } from "../../src/clock.ts";
import { readEvents } from "../../src/toolkit/mod.ts";
import type { RedfishClient } from "./client.ts";
import { MAX_EVENT, readOrigins, streamPiecesOf } from "./event_stream.ts";
import { readEventStream, readServiceRoot } from "./resources.ts";
import type { Access } from "./sessions.ts";

/** Pauses before a stream is opened again, and before the next check whether there is one, in milliseconds. */
const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 300_000;
const NONE_PAUSE = 3_600_000;
/** A stream without data for this long, in milliseconds, is opened again: its controller may be gone without notice. */
const LONGEST_SILENCE = 600_000;
/** An event that does not name a system applies to all systems of a controller that has no more than this. */
const MAX_ALL = 16;

/** Listens to the events of controllers that stream them. */
export interface BmcEvents {
  /**
   * Listens for a node with this ComputerSystem. Another call opens a new stream if the credentials or the trust have
   * changed.
   */
  attend(nodeId: string, system: URL, access: Access): void;
  /**
   * Reports that a node's controller did not answer. After a reset its stream is dead without having ended, so it is
   * opened again.
   */
  doubt(nodeId: string): void;
  forget(nodeId: string): void;
  /** Tells whether events of a node's controller arrive. */
  hears(nodeId: string): boolean;
  stop(): void;
}

interface Attended {
  readonly path: string;
  readonly access: Access;
  readonly identity: string;
}

interface Listening {
  /** The stream uses the access of the first one. */
  readonly nodes: Map<string, Attended>;
  readonly ended: AbortController;
  /** The stream that is open or being opened. */
  attempt: { readonly identity: string; readonly ended: AbortController } | undefined;
  streams: boolean;
}

/** @param parts `happened` is called for each node for which something may have happened. */
export function createBmcEvents(parts: {
  readonly client: RedfishClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly happened: (nodeId: string) => void;
}): BmcEvents {
  const { client, clock, random } = parts;
  const listening = new Map<string, Listening>();
  const originOf = new Map<string, string>();

  /** Listens until the stream ends. @returns The pause before the next attempt. */
  async function listen(own: Listening, access: Access, ended: AbortController): Promise<number | undefined> {
    const signal = AbortSignal.any([own.ended.signal, ended.signal]);
    const ask = { signal, urgent: false };
    const { eventService } = readServiceRoot(await client.get(access, access.root, ask));
    const uri = eventService === undefined ? undefined : readEventStream(await client.get(access, eventService, ask));
    if (uri === undefined) return NONE_PAUSE;
    const stream = await client.stream(access, uri, signal);
    const silence = LONGEST_SILENCE * (0.75 + random() / 2);
    const silent = () => ended.abort(new Error("No data for too long"));
    let cancel = clock.after(silence, silent);
    function arrived(): void {
      cancel();
      cancel = clock.after(silence, silent);
    }
    own.streams = true;
    for (const id of own.nodes.keys()) parts.happened(id); // events may have been missed
    try {
      for await (const { data } of readEvents(streamPiecesOf(stream, signal, arrived), MAX_EVENT)) {
        const origins = readOrigins(data);
        for (const id of origins === undefined ? [] : nodesOf(own.nodes, origins)) parts.happened(id);
      }
    } finally {
      cancel();
    }
    return undefined;
  }
  async function tryOnce(own: Listening, pause: number): Promise<void> {
    const [first] = own.nodes.values();
    if (first === undefined) return;
    const { access, identity } = first;
    const attempt = own.attempt = { identity, ended: new AbortController() };
    let next = Math.min(pause * 2, LONGEST_PAUSE);
    try {
      next = await listen(own, access, attempt.ended) ?? FIRST_PAUSE;
    } catch {
      // The stream ended after a while, or was ended. Polling notices when the controller is away.
      if (own.streams || attempt.ended.signal.aborted) next = FIRST_PAUSE;
    }
    own.streams = false;
    own.attempt = undefined;
    if (!own.ended.signal.aborted) keepListening(own, next);
  }
  function keepListening(own: Listening, pause: number): void {
    const { signal } = own.ended;
    const cancel = clock.after(pause * (0.5 + random()), () => {
      signal.removeEventListener("abort", cancel);
      void tryOnce(own, pause);
    });
    signal.addEventListener("abort", cancel, { once: true });
  }
  /** Opens a new stream if the credentials or the trust of its first node have changed. */
  function renew(own: Listening): void {
    const [first] = own.nodes.values();
    if (first?.identity !== own.attempt?.identity) own.attempt?.ended.abort(new Error("The credentials have changed"));
  }
  function forget(nodeId: string): void {
    const origin = originOf.get(nodeId);
    const own = origin === undefined ? undefined : listening.get(origin);
    originOf.delete(nodeId);
    own?.nodes.delete(nodeId);
    if (origin === undefined || own === undefined) return;
    if (own.nodes.size > 0) return renew(own);
    own.ended.abort(new Error("No node uses it any more"));
    listening.delete(origin);
  }
  return {
    attend(nodeId, system, access) {
      const { origin } = access.root;
      const path = system.pathname.replace(/\/$/, "");
      if (originOf.get(nodeId) !== origin) forget(nodeId);
      const known = listening.get(origin);
      const own = known ?? { nodes: new Map(), ended: new AbortController(), attempt: undefined, streams: false };
      own.nodes.set(nodeId, { path, access, identity: access.identity() });
      originOf.set(nodeId, origin);
      if (known !== undefined) return renew(own);
      listening.set(origin, own);
      keepListening(own, FIRST_PAUSE);
    },
    doubt(nodeId) {
      const own = listening.get(originOf.get(nodeId) ?? "");
      if (own?.streams === true) own.attempt?.ended.abort(new Error("Its controller did not answer"));
    },
    forget,
    hears: (nodeId) => listening.get(originOf.get(nodeId) ?? "")?.streams === true,
    stop() {
      for (const { ended } of listening.values()) ended.abort(new Error("The module stops"));
    },
  };
}

/** The nodes that an event is about. @param origins The resources that it names. */
function nodesOf(nodes: ReadonlyMap<string, Attended>, origins: readonly string[]): string[] {
  const named = [...nodes].filter(([, { path }]) =>
    origins.some((origin) => origin === path || origin.startsWith(`${path}/`))
  );
  return (named.length > 0 || nodes.size > MAX_ALL ? named : [...nodes]).map(([id]) => id);
}
