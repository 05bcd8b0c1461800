import { defineModule, MistakeError, type Module, type ModuleNode } from "../../src/module/mod.ts";
import {
  type BootMachine,
  bootMachineOf,
  type BootParts,
  type BootRegistry,
  type BootTracker,
  createBootTracker,
  refuseToBoot,
} from "../boot/tracker.ts";
import { rpiDeclaration } from "./declaration.ts";
import { isSerial } from "./files.ts";

/** A Raspberry Pi that boots from here. */
export interface RpiHost extends BootMachine {
  readonly serial: string;
}

/**
 * The interface for boot servers: they ask about Raspberry Pis and report what these do. config.txt has the role of a
 * boot script. Before the module has started, no machine is known.
 */
export interface RpiRegistry extends BootRegistry {
  host(serial: string): RpiHost | undefined;
}

/**
 * Creates the module, and the registry that boot servers report to.
 *
 * @param parts The boot services. Absent if the program has none: then the module refuses every boot.
 */
export function createRpiModule(
  parts?: BootParts,
): { readonly module: Module; readonly registry: RpiRegistry; readonly recheck: BootTracker["recheck"] } {
  const nodes = new Map<string, string>(); // by serial number
  const serials = new Map<string, string>(); // by node
  const tracker = createBootTracker("rpi", parts, { follow, hostOf });

  function follow(id: string, node: ModuleNode | undefined): void {
    const serial = node?.cfg.get("/boot/method") === "rpi" ? node.cfg.get("/rpi/serial") : undefined;
    const before = serials.get(id);
    if (before === serial) return;
    if (before !== undefined && nodes.get(before) === id) nodes.delete(before);
    serials.delete(id);
    if (typeof serial !== "string" || !isSerial(serial)) return;
    nodes.set(serial, id);
    serials.set(id, serial);
  }
  function host(serial: string): RpiHost | undefined {
    const node = tracker.served(nodes.get(serial) ?? "");
    if (node === undefined) return undefined;
    const machine = bootMachineOf(node);
    return machine && { ...machine, serial };
  }

  function hostOf({ id, name, cfg }: ModuleNode): RpiHost {
    const pi = host(String(cfg.get("/rpi/serial")));
    if (pi?.id === id) return pi;
    throw new MistakeError(
      `Cannot boot '${name}' as it is not known which Raspberry Pi it is: set its /ipv4/mac, and its /rpi/serial to 8 digits in ` +
        `lower case that no other node has`,
    );
  }
  const module = defineModule(rpiDeclaration, (context) => {
    if (parts === undefined) return { mutations: { listen: refuseToBoot } };
    tracker.start(context);
    const { wait } = tracker;
    return {
      mutations: {
        listen: tracker.listen,
        address: wait,
        config: wait,
        load: wait,
      },
      stop: tracker.stop,
    };
  });
  const { isUp, isRunning, saw } = tracker;
  return { module, registry: { host, isUp, isRunning, saw }, recheck: tracker.recheck };
}
