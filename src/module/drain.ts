import type { Values } from "../state/mod.ts";

/** Something that runs on a node and must be released before the node counts as drained. */
export interface Tenant {
  /** The reason why a release would contradict the cfg; undefined if it would not. */
  objection(cfg: Values): string | undefined;
  /** Releases it. Resolves when nothing of it is left. */
  release(): Promise<void>;
}

/**
 * The drain of a node, behind `/drained`: each module that runs something on the node joins it, and the node is
 * drained once all of them have released what they run.
 */
export interface Drain {
  /** Whether all have released what they run, and none has resumed since. */
  readonly drained: boolean;
  /** Called by each module that runs something, when it starts. */
  join(tenant: Tenant): void;
  /**
   * The first objection of a tenant. There is none while the node's cfg asks for a power-off, which comes before its other
   * goals.
   */
  objection(cfg: Values): string | undefined;
  /**
   * Makes all tenants release what they run, at the same time. If `signal` has fired by the end, the node is needed again
   * and does not count as drained.
   */
  release(signal: AbortSignal): Promise<void>;
  /** Ends the drained state: something runs on the node again. */
  resume(): void;
}

/**
 * Makes the drain of one node, without tenants.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createDrain } from "../src/module/mod.ts";
 *
 * const drain = createDrain();
 * let jobs = 3;
 * drain.join({
 *   objection: () => jobs > 100 ? "too many jobs" : undefined,
 *   release: async () => void (jobs = 0),
 * });
 * await drain.release(AbortSignal.timeout(1_000));
 * assert(drain.drained && jobs === 0);
 * ```
 */
export function createDrain(): Drain {
  const tenants: Tenant[] = [];
  let drained = false;
  return {
    get drained() {
      return drained;
    },
    join: (tenant) => void tenants.push(tenant),
    objection(cfg) {
      if (cfg.get("/drained") !== "YES" || cfg.get("/physState") === "POWER_OFF") return undefined;
      for (const tenant of tenants) {
        const objection = tenant.objection(cfg);
        if (objection !== undefined) return objection;
      }
      return undefined;
    },
    async release(signal) {
      await Promise.all(tenants.map((tenant) => tenant.release()));
      if (!signal.aborted) drained = true;
    },
    resume() {
      drained = false;
    },
  };
}
