import type { Values } from "../state/mod.ts";

/** Something that runs on a node and must have been let go before the node counts as drained. */
export interface Tenant {
  /** Why letting it go would contradict what the cfg asks for; undefined when it does not. */
  objection(cfg: Values): string | undefined;
  /** Lets it go. Resolves when nothing of it is left. */
  letGo(): Promise<void>;
}

/** What `/drained` stands for: the modules that run something on the node join it, and it is drained once all have let go. */
export interface Drain {
  /** Whether all have let go, and nobody has resumed since. */
  readonly drained: boolean;
  /** Called by each module that runs something, when it starts. */
  join(tenant: Tenant): void;
  /**
   * The first objection of a tenant. A node on its way to a power-off has none: that puts off what else its cfg asks for.
   */
  objection(cfg: Values): string | undefined;
  /** Makes all let go, at the same time. A signal that has fired by then means that the node is wanted again. */
  letGo(signal: AbortSignal): Promise<void>;
  resume(): void;
}

/** Makes the drain of one node. */
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
    async letGo(signal) {
      await Promise.all(tenants.map((tenant) => tenant.letGo()));
      if (!signal.aborted) drained = true;
    },
    resume() {
      drained = false;
    },
  };
}
