import * as v from "valibot";
import { isRecord } from "../../../src/state/mod.ts";

const listShape = v.object({
  nodes: v.array(v.object({ kind: v.string(), name: v.string(), runState: v.string() })),
});

/** What the bench asks of an aggregator. */
export interface Api {
  /** How many nodes are in SYNC. */
  countInSync(): Promise<number>;
  /** Frames that the aggregator has got from its children, and sent to them, since it started. */
  messages(): Promise<{ readonly received: number; readonly sent: number }>;
  /** Makes nodes have this cfg, creating those that are not there. */
  apply(nodes: readonly { readonly name: string; readonly cfg: Readonly<Record<string, string>> }[]): Promise<void>;
  /** Merges a patch into the cfg of a node, by id. */
  patchCfg(id: string, patch: object): Promise<void>;
  /** What is discovered of a node, by id, nested. */
  dsc(id: string): Promise<{ readonly [key: string]: unknown }>;
}

/** Talks to the API at a URL such as `http://127.0.0.1:3141`. A request that is not answered in two minutes fails. */
export function createApi(base: string): Api {
  async function request(path: string, init?: RequestInit): Promise<unknown> {
    const response = await fetch(`${base}/api/v1${path}`, { ...init, signal: AbortSignal.timeout(120_000) });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${JSON.stringify(body).slice(0, 500)}`);
    return body;
  }
  return {
    async messages() {
      const response = await fetch(`${base}/metrics`, { signal: AbortSignal.timeout(120_000) });
      const text = await response.text();
      const read = (name: string): number => {
        const found = new RegExp(`^kraken_${name}\\{way="down"\\} (\\d+)$`, "m").exec(text);
        if (found === null) throw new Error(`/metrics has no kraken_${name}: ${text.slice(0, 200)}`);
        return Number(found[1]);
      };
      return { received: read("messages_received_total"), sent: read("messages_sent_total") };
    },
    async countInSync() {
      const { nodes } = v.parse(listShape, await request("/nodes"));
      return nodes.filter(({ kind, runState }) => kind === "node" && runState === "SYNC").length;
    },
    async apply(nodes) {
      await request("/apply?detail=groups", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ nodes }),
      });
    },
    async patchCfg(id, patch) {
      await request(`/nodes/${id}/cfg`, {
        method: "PATCH",
        headers: { "content-type": "application/merge-patch+json" },
        body: JSON.stringify(patch),
      });
    },
    async dsc(id) {
      const body = await request(`/nodes/${id}/dsc`);
      if (!isRecord(body)) throw new Error(`The dsc of '${id}' is ${JSON.stringify(body)}: expected an object`);
      return body;
    },
  };
}
