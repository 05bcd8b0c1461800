import * as v from "valibot";
import { type TreeEntryShape, treeList } from "../../ctl/shapes.ts";

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

/** What the demo asks of an aggregator's API. */
export interface Api {
  /** The nodes, without the aggregator's own. */
  nodes(): Promise<ListedNode[]>;
  /** The aggregators, each after its parent. */
  tree(): Promise<TreeEntryShape[]>;
  counts(): Promise<{ plans: number; mutations: number; retries: number }>;
  /** @throws {Error} When it is refused: with every problem that the aggregator names. */
  apply(nodes: readonly { name: string; id?: string; cfg: unknown }[]): Promise<void>;
}

/** Talks to the API at a URL such as `http://127.0.0.1:3141`; each request has 10 seconds. */
export function createApi(base: string): Api {
  async function request(path: string, init?: RequestInit): Promise<unknown> {
    const response = await fetch(`${base}/api/v1${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${JSON.stringify(body)}`);
    return body;
  }
  return {
    async nodes() {
      return v.parse(nodesShape, await request("/nodes")).nodes.filter(({ kind }) => kind === "node");
    },
    async tree() {
      return v.parse(treeList, await request("/tree")).aggregators;
    },
    async counts() {
      return v.parse(engineShape, await request("/engine")).counts;
    },
    async apply(nodes) {
      await request("/apply", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ nodes }),
      });
    },
  };
}
