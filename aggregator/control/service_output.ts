import type { Clock, Random } from "../../src/clock.ts";
import { isRecord, MAX_INTEGER } from "../../src/state/mod.ts";
import type { Result } from "../../src/toolkit/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { ReadNode } from "../nodes/nodes.ts";

/** How long an agent may take to answer, in milliseconds. */
const PATIENCE_MS = 10_000;
/** The most people who wait at a time: each costs a value of a node until it is answered. */
const MAX_WAITING = 100;

/** The end of a program's output, or why there is none: `none`: it has no such program; `silent`: its agent does not answer. */
export type OutputResult = Result<string, { readonly kind: "none" | "silent"; readonly why: string }>;

/** Asks the agents of nodes that are served here for the output of their programs. */
export interface ServiceOutputs {
  /**
   * The last lines that a program has printed. Never rejects.
   *
   * @param id Of the node.
   * @param service Its name, as in `/services/{name}`.
   * @param lines From 1 to 1000.
   * @param signal Ends the wait when the client has gone.
   */
  tail(id: string, service: string, lines: number, signal: AbortSignal): Promise<OutputResult>;
}

/** See {@link ServiceOutputs}. */
export function createServiceOutputs(
  parts: {
    readonly nodes: { read(id: string): Pick<ReadNode, "name" | "view" | "cfg"> | undefined };
    readonly discovered: Pick<Discovered, "parent">;
    readonly changes: Changes;
    readonly clock: Clock;
    readonly random: Random;
  },
): ServiceOutputs {
  const { nodes, discovered, changes, clock } = parts;
  /** Who waits, by node and service: the last one who asked is answered first, and all others with it. */
  const waiting = new Map<string, { readonly id: string; readonly service: string; number: number; ends: Set<End> }>();
  type End = (result: OutputResult) => void;

  function urlOf(service: string, part: "asked" | "tail"): string {
    return `/services/${service}/output/${part}`;
  }
  function count(): number {
    return [...waiting.values()].reduce((sum, { ends }) => sum + ends.size, 0);
  }
  function answered(key: string, result: OutputResult): void {
    const entry = waiting.get(key);
    if (entry === undefined) return;
    waiting.delete(key);
    discovered.parent(entry.id, new Map([[urlOf(entry.service, "asked"), null]]));
    for (const end of entry.ends) end(result);
  }

  changes.on("publish", "service output", ["Discovered"], ({ id, urls }) => {
    for (const url of urls) {
      const service = /^\/services\/([^/]+)\/output\/tail$/.exec(url)?.[1];
      const key = `${id} ${service}`;
      const entry = service === undefined ? undefined : waiting.get(key);
      const tail = nodes.read(id)?.view.get(url);
      if (entry === undefined || !isRecord(tail) || tail["number"] !== entry.number) continue;
      answered(key, { ok: true, value: String(tail["text"]) });
    }
  });

  return {
    tail(id, service, lines, signal) {
      const node = nodes.read(id);
      const name = node?.name ?? id;
      if (node === undefined || !isProgram(node, service)) {
        const why = `Nothing is known of a program '${service}' on '${name}': it has none, or its agent is not in SYNC`;
        return Promise.resolve({ ok: false, kind: "none", why });
      }
      if (count() >= MAX_WAITING) {
        const why = `${MAX_WAITING} others wait for output: ask again in a moment`;
        return Promise.resolve({ ok: false, kind: "silent", why });
      }
      return new Promise((resolve) => {
        const key = `${id} ${service}`;
        const number = Math.floor(parts.random() * MAX_INTEGER);
        const entry = waiting.get(key) ?? { id, service, number, ends: new Set<End>() };
        entry.number = number;
        waiting.set(key, entry);
        const cancel = clock.after(PATIENCE_MS, () => {
          const why = `The agent of '${name}' has not answered within ${PATIENCE_MS / 1000} s`;
          answered(key, { ok: false, kind: "silent", why });
        });
        const leave = (): void => end({ ok: false, kind: "silent", why: "Nobody waits for it any more" });
        function end(result: OutputResult): void {
          cancel();
          signal.removeEventListener("abort", leave);
          entry.ends.delete(end);
          if (entry.ends.size === 0) answered(key, result);
          resolve(result);
        }
        entry.ends.add(end);
        signal.addEventListener("abort", leave, { once: true });
        discovered.parent(id, new Map([[urlOf(service, "asked"), { number, lines }]]));
      });
    },
  };
}

/** Tells whether an agent runs a program of this name; the modules of Kraken's own programs have a state, too. */
function isProgram({ view, cfg }: Pick<ReadNode, "view" | "cfg">, service: string): boolean {
  const at = `/services/${service}`;
  const config = cfg.get(`${at}/config`);
  return view.has(`${at}/state`) &&
    (view.has(`${at}/pid`) || view.has(`${at}/exitCode`) || (isRecord(config) && "command" in config));
}
