import { type Answer, createApiClient } from "../../src/api/client/mod.ts";
import type { EngineInfo, NodeSummaryInfo, TreeEntryInfo } from "../../src/api/mod.ts";
import { formatDuration } from "../../src/toolkit/mod.ts";

/** A node in the aggregator's list. */
export type ListedNode = NodeSummaryInfo;

/** What the project's own tools ask of an aggregator's API. Every method throws when it is refused, with what was answered. */
export interface Api {
  /** The nodes, without aggregators' own. */
  nodes(): Promise<readonly ListedNode[]>;
  /** The aggregators, each after its parent. */
  tree(): Promise<readonly TreeEntryInfo[]>;
  counts(): Promise<EngineInfo["counts"]>;
  /** Frames that the aggregator has got from its children, and sent to them, since it started. */
  messages(): Promise<{ readonly received: number; readonly sent: number }>;
  /** Makes nodes have this cfg, creating those that are not there. */
  apply(
    nodes: readonly {
      readonly name: string;
      readonly id?: string;
      readonly cfg: { readonly [key: string]: unknown };
    }[],
  ): Promise<void>;
  /** Merges a patch into the cfg of a node, by id. */
  patchCfg(id: string, patch: { readonly [key: string]: unknown }): Promise<void>;
  /** What is discovered of a node, by id, nested. */
  dsc(id: string): Promise<{ readonly [key: string]: unknown }>;
}

/**
 * Talks to the API at a URL such as `http://127.0.0.1:3141`.
 *
 * @param limit How long a request may take, in milliseconds.
 */
export function createApi(base: string, limit = 10_000): Api {
  const client = createApiClient({ server: base, timeout: limit });
  return {
    async nodes() {
      return valueOf(await client.call("listNodes", {})).nodes.filter(({ kind }) => kind === "node");
    },
    async tree() {
      return valueOf(await client.call("listTree", {})).aggregators;
    },
    async counts() {
      return valueOf(await client.call("getEngine", {})).counts;
    },
    async messages() {
      const text = valueOf(await client.text("getMetrics", {}));
      const read = (name: string): number => {
        const found = new RegExp(`^kraken_${name}\\{way="down"\\} (\\d+)$`, "m").exec(text);
        if (found === null) throw new Error(`/metrics has no kraken_${name}: ${text.slice(0, 200)}`);
        return Number(found[1]);
      };
      return { received: read("messages_received_total"), sent: read("messages_sent_total") };
    },
    async apply(nodes) {
      valueOf(await client.call("apply", { body: { nodes }, detail: "groups" }));
    },
    async patchCfg(id, body) {
      valueOf(await client.call("patchCfg", { id, body }));
    },
    dsc: async (id) => valueOf(await client.call("getDsc", { id })),
  };
}

/**
 * The value of an answer.
 *
 * @throws {Error} When there is none, with the reason.
 */
export function valueOf<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  const { failure } = answer;
  switch (failure.kind) {
    case "refused":
      throw new Error(`It was answered ${failure.status}: ${failure.problems.join("; ").slice(0, 5_000)}`);
    case "timeout":
      throw new Error(`${failure.server} does not answer within ${formatDuration(failure.timeout)}`);
    case "unreachable":
    case "unexpected":
      throw new Error(`Cannot ask ${failure.server}: ${failure.detail}`);
    case "ended":
      throw new Error("It was ended");
    default:
      return failure satisfies never;
  }
}
