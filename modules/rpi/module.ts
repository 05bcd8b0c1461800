import {
  type BootHost,
  bootHostOf,
  type BootPhase,
  type BootSight,
  phaseAfter,
  readPhase,
} from "../../src/boot/mod.ts";
import {
  defineModule,
  type Module,
  type ModuleContext,
  type ModuleNode,
  PermanentError,
} from "../../src/module/mod.ts";
import { rpiDeclaration } from "./declaration.ts";
import { isSerial } from "./files.ts";

/** Progress is told in steps of so many percent. */
const STEP = 5;

/** A Raspberry Pi that boots from here. */
export interface RpiHost extends BootHost {
  readonly id: string;
  readonly name: string;
  readonly serial: string;
  readonly mac: string;
}

/** What a boot server has seen a Raspberry Pi do. */
export type RpiSight =
  | { readonly kind: "address" }
  | { readonly kind: "config" }
  /** It has so much of kernel and initramfs; 100: all of both. */
  | { readonly kind: "progress"; readonly percent: number }
  /** Its agent has asked for its identity: whatever else was seen, it runs what it was given. */
  | { readonly kind: "enrolled" }
  /** Its agent has given a sign of life. */
  | { readonly kind: "alive" };

/** Where boot servers ask about Raspberry Pis, and tell what these do. Before the module has started nobody is known. */
export interface RpiDesk {
  host(serial: string): RpiHost | undefined;
  /** Whether it runs an agent that is heard at this moment: it does not boot then, whatever is sent in its name. */
  isUp(id: string): boolean;
  saw(id: string, sight: RpiSight): void;
}

/**
 * Makes the module, and the desk that boot servers report to.
 *
 * @param parts Absent where the program has no boot services. `parent` is the aggregator's name: machines of others are theirs
 * to boot; `onEnd` is told when a machine was switched off, and what it was given for this boot is void.
 */
export function createRpiModule(
  parts?: { readonly parent: string; readonly onEnd: (id: string) => void },
): { readonly module: Module; readonly desk: RpiDesk } {
  const serials = new Map<string, string>(); // node, by serial number
  const phases = new Map<string, BootPhase>(); // by node, also while nobody has said yet that it is on
  const powers = new Map<string, unknown>();
  let context: ModuleContext | undefined;

  function served(id: string): ModuleNode | undefined {
    const node = context?.node(id);
    const isOurs = node?.cfg.get("/parent") === parts?.parent && node?.cfg.get("/boot/method") === "rpi";
    return isOurs ? node : undefined;
  }
  function host(serial: string): RpiHost | undefined {
    const node = served(serials.get(serial) ?? "");
    if (node === undefined || node.cfg.get("/rpi/serial") !== serial) return undefined;
    const { mac, ...read } = bootHostOf(node.cfg);
    return mac === undefined ? undefined : { ...read, mac, serial, id: node.id, name: node.name };
  }
  const isUp = (id: string) => context?.node(id)?.view.get("/link") === "UP";

  function tell({ id, view }: ModuleNode): void {
    const phase = phases.get(id) ?? "NONE";
    if (view.get("/physState") !== "POWER_ON" || (view.get("/rpi/state") ?? "NONE") === phase) return;
    context?.discover(id, "/rpi/state", phase);
    const isBooting = phase === "DHCP" || phase === "LOADING";
    if (isBooting && view.has("/runState")) context?.discover(id, "/runState", null); // its agent is gone for good
    if (phase === "LOADING") context?.discover(id, "/rpi/progress", 0);
  }
  function take(id: string): void {
    const node = served(id);
    if (node === undefined) {
      powers.delete(id);
      if (phases.delete(id)) parts?.onEnd(id);
      return;
    }
    const serial = node.cfg.get("/rpi/serial");
    if (typeof serial === "string" && isSerial(serial)) serials.set(serial, id);
    if (!phases.has(id)) phases.set(id, readPhase(node.view.get("/rpi/state")));
    const power = node.view.get("/physState");
    if (power !== powers.get(id)) {
      powers.set(id, power);
      if (power === "POWER_OFF" || power === "PHYS_HANG") phases.set(id, "NONE");
      if (power === "POWER_OFF") parts?.onEnd(id);
    }
    tell(node);
  }
  function saw(id: string, sight: RpiSight): void {
    const node = served(id);
    if (node === undefined || isUp(id)) return;
    const before = phases.get(id) ?? "NONE";
    if (sight.kind === "progress" && before !== "LOADING") return;
    const phase = phaseAfter(before, bootSightOf(sight));
    phases.set(id, phase);
    if (sight.kind === "progress" && phase === "LOADING") {
      const percent = Math.floor(sight.percent / STEP) * STEP;
      if (percent > Number(node.view.get("/rpi/progress") ?? 0)) context?.discover(id, "/rpi/progress", percent);
    }
    tell(node);
  }

  const module = defineModule(rpiDeclaration, (given) => {
    if (parts === undefined) return { mutations: { listen: refuse } };
    context = given;
    for (const { id } of given.nodes()) take(id);
    given.onChange(take);
    return {
      mutations: {
        listen({ node, discover }) {
          const serial = String(node.cfg.get("/rpi/serial"));
          if (host(serial)?.id !== node.id) {
            throw new PermanentError(
              `Cannot boot '${node.name}' as it is not known which Raspberry Pi it is: set its /ipv4/mac, and its /rpi/serial to ` +
                `8 digits in lower case that no other node has`,
            );
          }
          if ((phases.get(node.id) ?? "NONE") === "NONE") phases.set(node.id, "WAIT");
          discover("/rpi/state", phases.get(node.id) ?? "WAIT");
        },
      },
      stop() {
        context = undefined;
      },
    };
  });
  return { module, desk: { host, isUp, saw } };
}

/** What was seen of a Raspberry Pi, as what machines do in general. */
function bootSightOf(sight: RpiSight): BootSight {
  if (sight.kind === "config") return { kind: "script" };
  return sight.kind === "progress" && sight.percent >= 100 ? { kind: "loaded" } : sight;
}

function refuse({ node }: { readonly node: ModuleNode }): never {
  throw new PermanentError(
    `Cannot boot '${node.name}' from the network as this aggregator has no boot services: start it with --boot-address`,
  );
}
