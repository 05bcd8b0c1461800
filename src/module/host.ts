import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Step } from "../plan/mod.ts";
import type { Value } from "../state/mod.ts";
import type { Module, ModuleNode } from "./define.ts";
import { createHostedModule, type HostedModule } from "./hosted_module.ts";

/** What a module host needs of the program that it runs in. */
export interface ModuleHostOptions {
  readonly modules: readonly Module[];
  /** What the program is to the nodes that its modules serve: modules may discover only what that writer writes. */
  readonly role: "parent" | "self";
  /** The id of the program's own node: the state of modules is shown there, and their configs are read there. */
  readonly programNode: string;
  /** The nodes that the modules serve: the program's own in an agent, the children in an aggregator. */
  nodes(): Iterable<ModuleNode>;
  /** One of these nodes, or the program's own. */
  node(id: string): ModuleNode | undefined;
  /** Takes what was observed: checked already. */
  discover(node: string, url: string, value: Value | null): void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Runs the modules of one program, and contains those that throw, hang or flood. */
export interface ModuleHost {
  /** Starts every module. Resolves once each is running or in ERROR; never rejects. */
  start(): Promise<void>;
  /**
   * Runs the handler of a step. A step without a handler resolves at once: it happens by itself and is only waited for.
   *
   * @returns A promise that rejects when the handler throws, the module is not running, or the node is gone.
   */
  run(nodeId: string, step: Step, execution: string, signal: AbortSignal): Promise<void>;
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
    async run(nodeId, step, execution, signal) {
      const module = hosted.get(step.module);
      if (module === undefined) {
        const names = [...hosted.keys()].join(", ");
        throw new Error(`Cannot run '${step.key}' as there is no module '${step.module}' here: there are ${names}`);
      }
      await module.run(nodeId, step, execution, signal);
    },
    changed(nodeId) {
      for (const module of hosted.values()) module.changed(nodeId);
    },
    async stop() {
      await Promise.all([...hosted.values()].map((module) => module.stop()));
    },
  };
}
