import { defineModule, type Module, type MutationHandler, type MutationRun } from "../../src/module/mod.ts";
import { isSimulated } from "./config.ts";
import { simpowerDeclaration } from "./declaration.ts";
import { createLimit } from "./limit.ts";
import { createRedfishClient } from "./redfish_client.ts";
import { type PowerWatch, watchPower } from "./watch.ts";

/** The most requests to controllers at a time. */
const MAX_REQUESTS = 32;

/**
 * Makes the module that powers simulated machines. It belongs into an aggregator. It states what the controllers say:
 * a power action is done when the controller says so afterwards, not when it took the request.
 *
 * @param options `fetch` is how to reach controllers, the runtime's own by default. `bootUri` says where a machine that is
 * powered on finds the aggregator that serves it, as `mqtt://broker/UUID`: simulated machines have no boot server to ask.
 */
export function createSimpowerModule(
  options: { readonly fetch?: typeof fetch; readonly bootUri?: () => string | undefined } = {},
): Module {
  return defineModule(simpowerDeclaration, (context) => {
    const client = createRedfishClient({
      fetch: options.fetch ?? fetch,
      clock: context.clock,
      limit: createLimit(MAX_REQUESTS),
    });
    const watches = new Map<string, PowerWatch>();

    /** Watches exactly the simulated nodes. */
    function attend(id: string): PowerWatch | undefined {
      const node = context.node(id);
      const watch = watches.get(id);
      if (node !== undefined && isSimulated(node)) {
        if (watch !== undefined) return watch;
        const fresh = watchPower(id, context, client, options.bootUri ?? (() => undefined));
        watches.set(id, fresh);
        return fresh;
      }
      watch?.stop();
      watches.delete(id);
      return undefined;
    }
    function handler(work: (watch: PowerWatch, run: MutationRun) => Promise<void>): MutationHandler {
      return async (run) => {
        const watch = attend(run.node.id);
        if (watch === undefined) throw new Error(`Cannot power '${run.node.name}' as its /platform is not 'sim'`);
        await work(watch, run);
      };
    }
    const find = handler((watch, run) => watch.find(run));
    const off = handler((watch, run) => watch.change(run, "ForceOff"));

    for (const { id } of context.nodes()) attend(id);
    context.onChange(attend);
    return {
      mutations: {
        "find-off": find,
        "find-on": find,
        "power-on": handler((watch, run) => watch.change(run, "On")),
        "power-off": off,
        "reset-hang": off,
      },
      stop() {
        for (const watch of watches.values()) watch.stop();
      },
    };
  });
}
