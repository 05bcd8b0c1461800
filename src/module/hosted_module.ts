import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Step } from "../plan/mod.ts";
import type { Reports } from "../reports.ts";
import type { Value } from "../state/mod.ts";
import { durationText, errorText, within } from "../toolkit/mod.ts";
import type { Module, ModuleContext, ModuleNode, RunningModule } from "./define.ts";
import { declaredDiscoveries } from "./discovery_check.ts";
import { createPace } from "./pace.ts";

/** The program around a module host. */
export interface ModuleHostOptions {
  readonly modules: readonly Module[];
  /** The writer that the program is for the nodes that its modules serve: modules may discover only what it writes. */
  readonly role: "parent" | "self";
  /** The UUID of the program's own node, which shows the state of modules and holds their configs. */
  readonly programNode: string;
  /** The nodes that the modules serve: the program's own in an agent, the children in an aggregator. */
  nodes(): Iterable<ModuleNode>;
  /** One of these nodes, or the program's own; undefined if there is no such node. */
  node(id: string): ModuleNode | undefined;
  /** Takes an observed value, which has been checked. Null: it can no longer be known. */
  discover(node: string, url: string, value: Value | null): void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The longest that a module may take to start, in milliseconds. */
const START_LIMIT = 10_000;
/** The longest that a module may take to stop, in milliseconds. */
const STOP_LIMIT = 5_000;
/** The longest error text in a state value: see `/services/{name}/error`. */
const MAX_ERROR_LENGTH = 512;

/** One module inside its host. Its methods do for one module what those of `ModuleHost` do for all. */
export interface HostedModule {
  start(): Promise<void>;
  run(nodeId: string, step: Step, execution: string, signal: AbortSignal, reports: Reports): Promise<void>;
  changed(nodeId: string): void;
  stop(): Promise<void>;
}

/** The stage of a module's life. */
type Phase =
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly module: RunningModule }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "stopped" };

/**
 * Makes the host's side of one module: its context, its life, and the containment of its failures.
 *
 * @param module The module.
 * @param options The program around it.
 * @throws {TypeError} If the module declares that it discovers a URL that this program does not write.
 */
export function createHostedModule(module: Module, options: ModuleHostOptions): HostedModule {
  const { name } = module.declaration;
  const { clock, programNode } = options;
  const log = options.log.with({ module: name });
  const { schema, check } = declaredDiscoveries(module.declaration, options.role);
  const configUrl = `/services/${name}/config`;
  const controller = new AbortController();
  const listeners: ((node: string) => void)[] = [];
  let phase: Phase = { kind: "starting" };
  let badConfig: string | undefined;

  function report(state: "RUN" | "STOP" | "ERROR", error: string | null): void {
    options.discover(programNode, `/services/${name}/state`, state);
    reportError(error);
  }
  function reportError(error: string | null): void {
    options.discover(programNode, `/services/${name}/error`, error?.slice(0, MAX_ERROR_LENGTH) ?? null);
  }
  const contain = createContainment(log, reportError);

  const pace = createPace({
    clock,
    nodes: () => [...options.nodes()].length,
    take(node, url, value) {
      // A node may be deleted while a module still looks at it, or while a value of it waits.
      if (options.node(node) !== undefined) options.discover(node, url, value);
    },
    changed(flooded, perSecond) {
      if (phase.kind === "failed" || phase.kind === "stopped") return;
      const why =
        `It discovers far more than ${perSecond} values a second: the newest are taken once a second until it is quiet`;
      if (flooded) log.error("A module floods", { why });
      else log.info("A module that flooded is quiet again");
      report(flooded ? "ERROR" : "RUN", flooded ? why : badConfig ?? null);
    },
  });

  function discover(node: string, url: string, value: Value | null): void {
    const problem = check(url, value);
    if (problem !== undefined) throw new TypeError(`Module '${name}' cannot discover a value: ${problem}`);
    if (phase.kind === "stopped" || phase.kind === "failed" || options.node(node) === undefined) return;
    pace.say(node, url, value);
  }

  function config(): Value | undefined {
    const value = options.node(programNode)?.cfg.get(configUrl);
    if (value === undefined) return undefined;
    const problem = schema.validate(configUrl, value);
    if (problem !== badConfig) {
      badConfig = problem;
      reportError(problem ?? null);
      if (problem !== undefined) log.error("The config of a module is not used", { problem });
    }
    return problem === undefined ? value : undefined;
  }

  const context: ModuleContext = {
    name,
    nodes: () => options.nodes(),
    node: (id) => options.node(id),
    discover,
    config,
    onChange: (changed) => void listeners.push(changed),
    log,
    clock: containedClock(clock, (run) => contain("a timer", run)),
    random: options.random,
    signal: controller.signal,
  };

  function fail(why: string): void {
    phase = { kind: "failed", why };
    pace.stop(false);
    controller.abort(new Error(why));
    log.error("A module did not start", { why });
    report("ERROR", why);
  }
  async function stopRunning(running: RunningModule): Promise<void> {
    try {
      const late = `It did not stop within ${durationText(STOP_LIMIT)}`;
      await within({ clock, ms: STOP_LIMIT, late }, async () => await running.stop?.());
    } catch (error) {
      log.error("A module failed to stop", { why: errorText(error) });
    }
  }

  return {
    async start() {
      const starting = (async () => await module.start(context))();
      const late = `It did not start within ${durationText(START_LIMIT)}`;
      try {
        const running = await within({ clock, ms: START_LIMIT, late }, () => starting);
        if (phase.kind === "starting") {
          phase = { kind: "running", module: running };
          report("RUN", badConfig ?? null);
          return;
        }
      } catch (error) {
        if (phase.kind === "starting") fail(errorText(error));
      }
      starting.then(stopRunning, () => {}); // nothing else would stop it if it starts after all
    },
    async run(nodeId, step, execution, signal, reports) {
      if (phase.kind !== "running") {
        const why = phase.kind === "failed" ? phase.why : `it is ${phase.kind}`;
        throw new Error(`Cannot run '${step.key}' as module '${name}' is not running: ${why}`);
      }
      const handler = phase.module.mutations?.[step.mutation];
      if (handler === undefined) return;
      const node = options.node(nodeId);
      if (node === undefined) throw new Error(`Cannot run '${step.key}' as there is no node '${nodeId}'`);
      const own = log.with({ node: node.name, mutation: step.key, execution });
      own.debug("Runs a mutation");
      try {
        await handler({
          node,
          mutation: step.mutation,
          bindings: step.bindings,
          execution,
          signal,
          queued: reports.queued,
          saw: reports.saw,
          note: reports.note,
          discover: (url, value) => discover(nodeId, url, value),
        });
        own.debug("Has run a mutation");
      } catch (error) {
        own.debug("Could not run a mutation", { why: errorText(error) });
        throw error;
      }
    },
    changed(nodeId) {
      if (phase.kind === "failed" || phase.kind === "stopped") return;
      for (const listener of listeners) contain("its change listener", () => listener(nodeId));
    },
    async stop() {
      const before = phase;
      if (before.kind === "stopped") return;
      controller.abort(new Error("The program stops"));
      if (before.kind === "running") await stopRunning(before.module);
      pace.stop(before.kind === "running");
      phase = { kind: "stopped" };
      report("STOP", before.kind === "failed" ? before.why : null);
    },
  };
}

/**
 * Makes what calls code of a module. An error that it throws or rejects with is reported and goes no further.
 *
 * @param report Takes why it failed.
 */
function createContainment(log: Log, report: (why: string) => void): (what: string, call: () => unknown) => void {
  return (what, call) => {
    function failed(error: unknown): void {
      const why = `Failed in ${what}: ${errorText(error)}`;
      log.error("A module threw", { why });
      report(why);
    }
    try {
      const result = call();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** A clock whose timers call nothing that throws: an exception in a timer would end the whole program. */
function containedClock(clock: Clock, contain: (run: () => void) => void): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms, run) => clock.after(ms, () => contain(run)),
  };
}
