import type { Step } from "../plan/mod.ts";
import { type Reports, unread } from "../reports.ts";
import { createHostedModule, type HostedModule, type ModuleHostOptions } from "./hosted_module.ts";

/** Runs the modules of one program, and contains those that throw, hang or flood. */
export interface ModuleHost {
  /** Starts every module. Resolves once each is running or in ERROR; never rejects. */
  start(): Promise<void>;
  /**
   * Runs the handler of a step. A step without a handler resolves at once.
   *
   * @param nodeId The UUID of a node that the modules serve.
   * @param step The step of the node's plan.
   * @param execution Identifies this run: two calls with the same one ask for the same work.
   * @param signal Fires when the work must end.
   * @param reports Takes the handler's reports. By default they are dropped.
   * @returns A promise that rejects if the handler throws, the module is not running, or there is no such node.
   */
  run(nodeId: string, step: Step, execution: string, signal: AbortSignal, reports?: Reports): Promise<void>;
  /** Tells the modules that cfg or view of a node may have changed. */
  changed(nodeId: string): void;
  /** Stops every module, within 5 s each. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Makes a module host.
 *
 * @param options The modules, and the program around them.
 * @throws {TypeError} If two modules have the same name, or a module declares that it discovers a URL that this
 * program does not write.
 *
 * @example Hosting a module in an agent
 * ```ts
 * import assert from "node:assert/strict";
 * import { systemClock } from "../src/clock.ts";
 * import { createLog } from "../src/log.ts";
 * import { createModuleHost, defineModule, type ModuleNode } from "../src/module/mod.ts";
 * import { declareModule } from "../src/plan/mod.ts";
 * import { defineExtension } from "../src/state/mod.ts";
 *
 * const load = defineExtension("load", {
 *   "/load": { type: { kind: "integer", min: 0 }, writer: "self", about: "Runnable processes" },
 * });
 * const declaration = declareModule({
 *   name: "load",
 *   about: "Measures the load",
 *   extensions: [load],
 *   discovers: ["/load"],
 *   mutations: {},
 * });
 * const own: ModuleNode = { id: "n1", name: "n1", view: new Map(), cfg: new Map() };
 * const seen: string[] = [];
 * const host = createModuleHost({
 *   modules: [defineModule(declaration, (context) => {
 *     context.discover("n1", "/load", 4);
 *     return {};
 *   })],
 *   role: "self",
 *   programNode: "n1",
 *   nodes: () => [own],
 *   node: (id) => id === "n1" ? own : undefined,
 *   discover: (_node, url, value) => void seen.push(`${url} ${value}`),
 *   clock: systemClock,
 *   random: Math.random,
 *   log: createLog(() => {}),
 * });
 * await host.start();
 * await host.stop();
 * assert(seen.includes("/load 4") && seen.includes("/services/load/state RUN"));
 * ```
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
