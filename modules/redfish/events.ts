import type { Clock, Random } from "../../src/clock.ts";
import type { RedfishClient } from "./client.ts";
import { readEventData, readOrigins } from "./event_stream.ts";
import { readEventStream, readServiceRoot } from "./resources.ts";
import type { Access } from "./sessions.ts";

/** Pauses before a stream is opened again, and before it is looked whether there is one now, in milliseconds. */
const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 300_000;
const NONE_PAUSE = 3_600_000;
/** An event that does not say which system it is about is about all of a controller's, where it has no more than these. */
const MAX_ALL = 16;

/** Listens to the events of controllers, where they stream them. */
export interface Events {
  /** Listens for a node, whose ComputerSystem this is. Called again it changes nothing. */
  attend(nodeId: string, system: URL, access: Access): void;
  forget(nodeId: string): void;
  /** Whether events of a node's controller arrive. */
  hears(nodeId: string): boolean;
  stop(): void;
}

interface Listening {
  readonly nodes: Map<string, string>;
  readonly ended: AbortController;
  streams: boolean;
}

/** @param parts `happened` is told of each node where something may have happened. */
export function createEvents(parts: {
  readonly client: RedfishClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly happened: (nodeId: string) => void;
}): Events {
  const { client, clock, random } = parts;
  const listening = new Map<string, Listening>();
  const originOf = new Map<string, string>();

  function tell(nodes: ReadonlyMap<string, string>, origins: readonly string[]): void {
    const named = [...nodes].filter(([, path]) =>
      origins.some((origin) => origin === path || origin.startsWith(`${path}/`))
    );
    const told = named.length > 0 || nodes.size > MAX_ALL ? named : [...nodes];
    for (const [id] of told) parts.happened(id);
  }
  /** Listens until the stream ends. @returns The pause until it is tried again. */
  async function listen(own: Listening, access: Access): Promise<number | undefined> {
    const ask = { signal: own.ended.signal, urgent: false };
    const { eventService } = readServiceRoot(await client.get(access, access.root, ask));
    const uri = eventService === undefined ? undefined : readEventStream(await client.get(access, eventService, ask));
    if (uri === undefined) return NONE_PAUSE;
    const stream = await client.stream(access, uri, own.ended.signal);
    own.streams = true;
    for (const id of own.nodes.keys()) parts.happened(id); // what was missed meanwhile
    for await (const data of readEventData(stream)) {
      const origins = readOrigins(data);
      if (origins !== undefined) tell(own.nodes, origins);
    }
    return undefined;
  }
  function keepListening(own: Listening, access: Access, pause: number): void {
    const cancel = clock.after(pause * (0.5 + random()), async () => {
      let next = Math.min(pause * 2, LONGEST_PAUSE);
      try {
        next = await listen(own, access) ?? FIRST_PAUSE;
      } catch {
        if (own.streams) next = FIRST_PAUSE; // it ended after a while; polling says when the controller is not there
      }
      own.streams = false;
      own.ended.signal.removeEventListener("abort", cancel);
      if (!own.ended.signal.aborted) keepListening(own, access, next);
    });
    own.ended.signal.addEventListener("abort", cancel, { once: true });
  }
  function forget(nodeId: string): void {
    const origin = originOf.get(nodeId);
    const own = origin === undefined ? undefined : listening.get(origin);
    originOf.delete(nodeId);
    own?.nodes.delete(nodeId);
    if (origin === undefined || own === undefined || own.nodes.size > 0) return;
    own.ended.abort(new Error("Nobody asks any more"));
    listening.delete(origin);
  }
  return {
    attend(nodeId, system, access) {
      const { origin } = access.root;
      const path = system.pathname.replace(/\/$/, "");
      if (originOf.get(nodeId) === origin && listening.get(origin)?.nodes.get(nodeId) === path) return;
      forget(nodeId);
      const known = listening.get(origin);
      const own = known ?? { nodes: new Map(), ended: new AbortController(), streams: false };
      own.nodes.set(nodeId, path);
      originOf.set(nodeId, origin);
      if (known !== undefined) return;
      listening.set(origin, own);
      keepListening(own, access, FIRST_PAUSE);
    },
    forget,
    hears: (nodeId) => listening.get(originOf.get(nodeId) ?? "")?.streams === true,
    stop() {
      for (const { ended } of listening.values()) ended.abort(new Error("The module stops"));
    },
  };
}
