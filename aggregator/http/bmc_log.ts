import type { BmcLogInfo } from "../../src/api/mod.ts";
import type { Control } from "../control/control.ts";
import type { Handlers } from "./handler.ts";
import { findNode } from "./lookup.ts";

/** Reads the event logs of nodes' controllers, from these themselves. */
export interface BmcLogReader {
  /** The newest entries, the newest first. Never rejects. */
  read(
    node: { readonly id: string; readonly name: string; readonly platform: unknown },
    count: number,
    signal: AbortSignal,
  ): Promise<
    | { readonly ok: true; readonly entries: BmcLogInfo["entries"] }
    | { readonly ok: false; readonly kind: "none" | "mistake" | "silent"; readonly why: string }
  >;
}

const KINDS = { none: "not-found", mistake: "invalid", silent: "unavailable" } as const;

/** Reads the event log of a node's controller when it is asked for. */
export function createBmcLogHandlers(control: Control, logs: BmcLogReader | undefined): Pick<Handlers, "getBmcLog"> {
  return {
    async getBmcLog({ id: named, count }, { signal }) {
      const node = findNode(control, named);
      if (!node.ok) return node;
      if (logs === undefined) {
        const detail = "This aggregator has no modules that read event logs of controllers";
        return { ok: false, problem: { kind: "not-found", detail } };
      }
      const { id, name, cfg } = node.value;
      const read = await logs.read({ id, name, platform: cfg.get("/platform") }, count, signal);
      if (!read.ok) return { ok: false, problem: { kind: KINDS[read.kind], detail: read.why } };
      return { ok: true, value: { id, name, entries: read.entries } };
    },
  };
}
