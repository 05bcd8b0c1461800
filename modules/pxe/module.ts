import { defineModule, MistakeError, type Module, type ModuleNode } from "../../src/module/mod.ts";
import { type BootParts, type BootTracker, createBootTracker, refuseToBoot } from "../boot/tracker.ts";
import { pxeDeclaration } from "./declaration.ts";
import { createHostIndex, type PxeHost, type PxeRegistry } from "./registry.ts";

/**
 * Creates the module, and the registry that boot servers report to.
 *
 * @param parts The boot services. Absent if the program has none: then the module refuses every boot.
 */
export function createPxeModule(
  parts?: BootParts,
): { readonly module: Module; readonly registry: PxeRegistry; readonly recheck: BootTracker["recheck"] } {
  const index = createHostIndex();
  const tracker = createBootTracker("pxe", parts, { follow: index.take, hostOf });
  function hostOf(node: ModuleNode): PxeHost {
    const host = index.host(String(node.cfg.get("/ipv4/mac")));
    if (host !== undefined) return host;
    throw new MistakeError(`Cannot boot '${node.name}' as its MAC address is not known: set its /ipv4/mac`);
  }
  const module = defineModule(pxeDeclaration, (context) => {
    if (parts === undefined) return { mutations: { listen: refuseToBoot } };
    tracker.start(context);
    const { wait } = tracker;
    return {
      mutations: {
        listen: tracker.listen,
        address: wait,
        script: wait,
        load: wait,
      },
      stop: tracker.stop,
    };
  });
  const { host, hosts, bystander, hostAt } = index;
  const { isUp, isRunning, saw } = tracker;
  return { module, registry: { host, hosts, bystander, hostAt, isUp, isRunning, saw }, recheck: tracker.recheck };
}
