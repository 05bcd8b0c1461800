import * as v from "valibot";
import { type TreeEntryShape, treeList } from "../../ctl/shapes.ts";
import { isRecord } from "../../src/state/mod.ts";

const nodesShape = v.object({
  nodes: v.array(v.object({
    id: v.string(),
    name: v.string(),
    kind: v.string(),
    physState: v.string(),
    runState: v.string(),
    phase: v.string(),
    reason: v.string(),
  })),
});
const engineShape = v.object({
  counts: v.object({ plans: v.number(), mutations: v.number(), retries: v.number(), failures: v.number() }),
});

/** A node in the aggregator's list. */
export type ListedNode = v.InferOutput<typeof nodesShape>["nodes"][number];

/** What the project's own tools ask of an aggregator's API. Every method throws when it is refused, with what was answered. */
export interface Api {
  /** The nodes, without aggregators' own. */
  nodes(): Promise<ListedNode[]>;
  /** The aggregators, each after its parent. */
  tree(): Promise<TreeEntryShape[]>;
  counts(): Promise<{ plans: number; mutations: number; retries: number }>;
  /** Frames that the aggregator has got from its children, and sent to them, since it started. */
  messages(): Promise<{ readonly received: number; readonly sent: number }>;
  /** Makes nodes have this cfg, creating those that are not there. */
  apply(nodes: readonly { readonly name: string; readonly id?: string; readonly cfg: unknown }[]): Promise<void>;
  /** Merges a patch into the cfg of a node, by id. */
  patchCfg(id: string, patch: object): Promise<void>;
  /** What is discovered of a node, by id, nested. */
  dsc(id: string): Promise<{ readonly [key: string]: unknown }>;
}

/**
 * Talks to the API at a URL such as `http://127.0.0.1:3141`.
 *
 * @param limit How long a request may take, in milliseconds.
 */
export function createApi(base: string, limit = 10_000): Api {
  async function ask(path: string, init?: RequestInit): Promise<Response> {
    const response = await fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(limit) });
    if (response.ok) return response;
    throw new Error(`${path} was answered ${response.status}: ${(await response.text()).slice(0, 5_000)}`);
  }
  async function get(path: string): Promise<unknown> {
    return await (await ask(`/api/v1${path}`)).json();
  }
  async function send(method: string, path: string, type: string, body: unknown): Promise<void> {
    const init = { method, headers: { "content-type": type }, body: JSON.stringify(body) };
    await (await ask(`/api/v1${path}`, init)).body?.cancel();
  }
  return {
    async nodes() {
      return v.parse(nodesShape, await get("/nodes")).nodes.filter(({ kind }) => kind === "node");
    },
    async tree() {
      return v.parse(treeList, await get("/tree")).aggregators;
    },
    async counts() {
      return v.parse(engineShape, await get("/engine")).counts;
    },
    async messages() {
      const text = await (await ask("/metrics")).text();
      const read = (name: string): number => {
        const found = new RegExp(`^kraken_${name}\\{way="down"\\} (\\d+)$`, "m").exec(text);
        if (found === null) throw new Error(`/metrics has no kraken_${name}: ${text.slice(0, 200)}`);
        return Number(found[1]);
      };
      return { received: read("messages_received_total"), sent: read("messages_sent_total") };
    },
    apply: (nodes) => send("POST", "/apply?detail=groups", "application/json", { nodes }),
    patchCfg: (id, patch) => send("PATCH", `/nodes/${id}/cfg`, "application/merge-patch+json", patch),
    async dsc(id) {
      const body = await get(`/nodes/${id}/dsc`);
      if (!isRecord(body)) throw new Error(`The dsc of '${id}' is ${JSON.stringify(body)}: expected an object`);
      return body;
    },
  };
}
