import type { Step } from "../plan/mod.ts";
import { type Reports, unread } from "../reports.ts";
import { createHostedModule, type HostedModule } from "./hosted_module.ts";
import type { ModuleHostOptions } from "./host_options.ts";

/** Runs the modules of one program, and contains those that throw, hang or flood. */
export interface ModuleHost {
  /** Starts every module. Resolves once each is running or in ERROR; never rejects. */
  start(): Promise<void>;
  /**
   * Runs the handler of a step. A step without a handler resolves at once: it happens by itself and is only waited for.
   *
   * @returns A promise that rejects when the handler throws, the module is not running, or the node is gone.
   */
  run(nodeId: string, step: Step, execution: string, signal: AbortSignal, reports?: Reports): Promise<void>;
  /** cfg or view of a node may have changed. */
  changed(nodeId: string): void;
  /** Stops every module, within 5 s each. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Makes a module host.
 *
 * @throws {TypeError} When two modules have one name, or a module claims to discover what this program does not write.
 */
export function createModuleHost(options: ModuleHostOptions): ModuleHost {
  const hosted = new Map<string, HostedModule>();
  for (const module of options.modules) {
    const { name } = module.declaration;
    if (hosted.has(name)) throw new TypeError(`Cannot host two modules of the name '${name}'`);
    hosted.set(name, createHostedModule(module, options));
  }
  return {
    async start() {
      await Promise.all([...hosted.values()].map((module) => module.start()));
    },
    async run(nodeId, step, execution, signal, reports = unread) {
      const module = hosted.get(step.module);
      if (module === undefined) {
        const names = [...hosted.keys()].join(", ");
        throw new Error(`Cannot run '${step.key}' as there is no module '${step.module}' here: there are ${names}`);
      }
      await module.run(nodeId, step, execution, signal, reports);
    },
    changed(nodeId) {
      for (const module of hosted.values()) module.changed(nodeId);
    },
    async stop() {
      await Promise.all([...hosted.values()].map((module) => module.stop()));
    },
  };
}
