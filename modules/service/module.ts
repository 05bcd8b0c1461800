import { join } from "node:path";
import {
  defineModule,
  type Drain,
  type Module,
  type ModuleContext,
  type MutationRun,
  PermanentError,
} from "../../src/module/mod.ts";
import { tailOf } from "../../src/process/mod.ts";
import { isRecord, type Values } from "../../src/state/mod.ts";
import { type ProgramConfig, programConfig, programNames } from "./config.ts";
import { MAX_TEXT, serviceDeclaration } from "./declaration.ts";
import { openProgramFolder, type ProgramFolder } from "./record.ts";
import { createRemovals, isNamed } from "./removed.ts";
import { createService, type Service } from "./service.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** What is reported about a program. */
const FIELDS = ["state", "error", "pid", "exitCode"] as const;

/**
 * Creates the module that keeps the programs of a node running, for an agent.
 *
 * Each program runs in its own process group, with its output in `{runDir}/services/{name}.log` (emptied at a start if
 * it is larger than 1 MiB). When the agent stops, cleanly or not, its programs continue, because an agent's restart
 * must not disturb the node. The next agent finds them by `{runDir}/services/{name}.json` and takes them over.
 *
 * A program that cfg no longer names is stopped, and removed from the state.
 *
 * A failed program is reported as ERROR; the engine decides when to retry.
 *
 * The module also drains the node: its own programs, and everything else that has joined the drain.
 *
 * @param options `runDir` is a folder for files that need not survive a reboot.
 */
export function createServiceModule(options: { readonly runDir: string; readonly drain: Drain }): Module {
  const { drain } = options;
  return defineModule(serviceDeclaration, (context) => {
    const [own] = context.nodes();
    if (own === undefined) throw new Error("Cannot start module 'service' as this program has no node of its own");
    const folder = openProgramFolder(join(options.runDir, "services"));
    const services = new Map<string, Service>();
    /** The programs that were started here: other names belong to modules. */
    const programs = new Set(folder.names());
    const answerOutputs = createOutputAnswers(folder, context);

    function service(name: string): Service {
      let found = services.get(name);
      if (found === undefined) {
        found = createService({
          name,
          folder,
          clock: context.clock,
          signal: context.signal,
          discover: (field, value) => context.discover(own?.id ?? "", `/services/${name}/${field}`, value),
        });
        services.set(name, found);
      }
      return found;
    }
    async function start(run: MutationRun): Promise<void> {
      const name = nameOf(run);
      programs.add(name);
      await service(name).start(wantedConfig(run.node.cfg, name), run.signal);
    }
    async function stop(run: MutationRun): Promise<void> {
      const name = nameOf(run);
      const isProgram = services.has(name) || programNames(run.node.cfg).includes(name);
      if (!isProgram) throw new PermanentError(`Cannot stop '${name}' as it was not started by this module`);
      await service(name).stop();
    }
    async function remove(name: string): Promise<void> {
      const removed = services.get(name);
      await removed?.stop();
      if (isNamed(context.node(own?.id ?? "")?.cfg ?? new Map(), name)) return; // cfg names it again
      services.delete(name);
      programs.delete(name);
      for (const field of FIELDS) context.discover(own?.id ?? "", `/services/${name}/${field}`, null);
    }
    const removals = createRemovals({
      clock: context.clock,
      names: () => [...programs],
      onRemoved(name) {
        context.log.info("Stops a program that cfg no longer names", { service: name });
        remove(name).catch((error) =>
          context.log.error("Cannot stop a program", { service: name, problem: errorText(error) })
        );
      },
    });
    function showDrained(run: MutationRun): void {
      run.discover("/drained", drain.drained ? "YES" : "NO");
    }

    for (const name of programs) service(name).adopt();
    drain.join({
      objection: contradiction,
      async release() {
        await Promise.all([...services.values()].map((service) => service.stop()));
      },
    });
    context.discover(own.id, "/drained", "NO");
    context.onChange((id) => {
      const node = context.node(id);
      if (node === undefined) return;
      const { cfg } = node;
      answerOutputs(id, node.view, programs);
      for (const [name, service] of services) service.compare(readableConfig(cfg, name));
      removals.look(cfg);
    });
    removals.look(own.cfg);

    return {
      stop: removals.stop,
      mutations: {
        find: (run) => service(nameOf(run)).show(),
        start,
        apply: start,
        restart: start,
        stop,
        "stop-outdated": stop,
        clear: stop,
        "find-drained": showDrained,
        async drain(run) {
          const objection = drain.objection(run.node.cfg);
          if (objection !== undefined) throw new PermanentError(`Cannot drain the node as ${objection}`);
          await drain.release(run.signal);
          if (drain.drained) showDrained(run);
        },
        resume(run) {
          drain.resume();
          showDrained(run);
        },
      },
    };
  });
}

/**
 * Makes what answers those who wait for the end of a program's output, and forgets the answer once nobody does.
 *
 * @returns Looks at the requests of a node, for these programs.
 */
function createOutputAnswers(
  folder: ProgramFolder,
  context: Pick<ModuleContext, "discover">,
): (id: string, view: Values, programs: Iterable<string>) => void {
  /** The number of the last request that was answered, by program. */
  const answered = new Map<string, number>();
  return (id, view, programs) => {
    for (const name of programs) {
      const asked = view.get(`/services/${name}/output/asked`);
      const number = isRecord(asked) ? asked["number"] : undefined;
      if (number === answered.get(name)) continue;
      if (!isRecord(asked) || typeof number !== "number") {
        answered.delete(name);
        context.discover(id, `/services/${name}/output/tail`, null);
        continue;
      }
      answered.set(name, number);
      const text = tailOf(folder.outputOf(name), Number(asked["lines"]), MAX_TEXT);
      context.discover(id, `/services/${name}/output/tail`, { number, text });
    }
  };
}

function nameOf(run: MutationRun): string {
  const name = run.bindings["name"];
  if (name === undefined) throw new PermanentError(`Cannot run '${run.mutation}' without the name of a service`);
  return name;
}

/**
 * A node to drain cannot also run what its cfg asks for: draining would stop it, and the engine would start it again,
 * endlessly.
 */
function contradiction(cfg: Values): string | undefined {
  const name = programNames(cfg).find((name) => cfg.get(`/services/${name}/state`) === "RUN");
  if (name === undefined) return undefined;
  return `'${name}' is to run on it: set '/services/${name}/state' to STOP, or '/drained' to NO`;
}

/** Reads the config to start; throws if it is invalid. */
function wantedConfig(cfg: Values, name: string): ProgramConfig {
  try {
    const config = programConfig(cfg, name);
    if (config !== undefined) return config;
  } catch (error) {
    throw new PermanentError(errorText(error));
  }
  throw new PermanentError(
    `Cannot start '${name}' as it has no config: set '/services/${name}/config' to an object with a 'command'`,
  );
}

/** Reads the config to compare with; an invalid one is reported when it is used. */
function readableConfig(cfg: Values, name: string): ProgramConfig | undefined {
  try {
    return programConfig(cfg, name);
  } catch {
    return undefined;
  }
}
