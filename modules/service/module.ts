import { join } from "node:path";
import { defineModule, type Drain, type Module, type MutationRun, PermanentError } from "../../src/module/mod.ts";
import type { Values } from "../../src/state/mod.ts";
import { type ProgramConfig, programConfig, programNames } from "./config.ts";
import { serviceDeclaration } from "./declaration.ts";
import { openProgramFolder } from "./record.ts";
import { createRemovals, isNamed } from "./removed.ts";
import { createService, type Service } from "./service.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** What is shown of a program. */
const FIELDS = ["state", "error", "pid", "exitCode"] as const;

/**
 * Makes the module that keeps the programs of a node running. It belongs into an agent.
 *
 * Each program runs in a process group of its own, with its output in `{runDir}/services/{name}.log` (emptied at a start
 * when it is over 1 MiB). When the agent stops, cleanly or not, its programs go on: an agent that is restarted must not
 * disturb what runs on its node. The next one finds them by `{runDir}/services/{name}.json` and takes them over.
 *
 * A program that the cfg names no more is stopped, and nothing is left of it in the state.
 *
 * A program that fails is shown as ERROR; when to try again is the engine's business.
 *
 * It also drains the node: its own programs, and whatever else has joined the drain.
 *
 * @param options `runDir` is a folder for files that need not outlive a boot.
 */
export function createServiceModule(options: { readonly runDir: string; readonly drain: Drain }): Module {
  const { drain } = options;
  return defineModule(serviceDeclaration, (context) => {
    const [own] = context.nodes();
    if (own === undefined) throw new Error("Cannot start module 'service' as this program has no node of its own");
    const folder = openProgramFolder(join(options.runDir, "services"));
    const services = new Map<string, Service>();
    /** What was started here: other names are those of modules. */
    const programs = new Set(folder.names());

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
      if (!isProgram) throw new PermanentError(`Cannot stop '${name}' as it is no program that was started here`);
      await service(name).stop();
    }
    async function remove(name: string): Promise<void> {
      const removed = services.get(name);
      await removed?.stop();
      if (isNamed(context.node(own?.id ?? "")?.cfg ?? new Map(), name)) return; // it is wanted again
      services.delete(name);
      programs.delete(name);
      for (const field of FIELDS) context.discover(own?.id ?? "", `/services/${name}/${field}`, null);
    }
    const removals = createRemovals({
      clock: context.clock,
      names: () => [...programs],
      onRemoved(name) {
        context.log.info("Stops a program that the cfg does not name any more", { service: name });
        remove(name).catch((error) =>
          context.log.error("Cannot stop a program", { service: name, problem: String(error) })
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
      const cfg = context.node(id)?.cfg;
      if (cfg === undefined) return;
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

function nameOf(run: MutationRun): string {
  const name = run.bindings["name"];
  if (name === undefined) throw new PermanentError(`Cannot run '${run.mutation}' without the name of a service`);
  return name;
}

/**
 * A node that is to be drained can't run what its cfg wants to run as well: draining would stop it, and it would be
 * started again, for ever.
 */
function contradiction(cfg: Values): string | undefined {
  const name = programNames(cfg).find((name) => cfg.get(`/services/${name}/state`) === "RUN");
  if (name === undefined) return undefined;
  return `'${name}' is to run on it: set '/services/${name}/state' to STOP, or '/drained' to NO`;
}

/** The config to start with. */
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

/** The config to compare with; one that does not fit is complained of when it is started. */
function readableConfig(cfg: Values, name: string): ProgramConfig | undefined {
  try {
    return programConfig(cfg, name);
  } catch {
    return undefined;
  }
}
