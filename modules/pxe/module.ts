import { type BootPhase, type BootSight, phaseAfter, readPhase } from "../../src/boot/mod.ts";
import {
  defineModule,
  type Module,
  type ModuleContext,
  type ModuleNode,
  PermanentError,
} from "../../src/module/mod.ts";
import { pxeDeclaration } from "./declaration.ts";
import { createHostIndex, type PxeDesk } from "./desk.ts";

/** Progress is told in steps of so many percent. */
const STEP = 5;

/** What the module needs of the boot services of its program. */
export interface PxeParts {
  /** The name of the aggregator: machines of others are theirs to boot. */
  readonly parent: string;
  /** The machine of a node was switched off, or its node is gone: what was given to it for this boot is void. */
  onEnd(id: string): void;
}

/** What is known of one machine's boot. */
interface Boot {
  phase: BootPhase;
  /** As last told. */
  percent: number;
  /** `/physState`, as last seen. */
  power: unknown;
  /** Its agent is heard, as last seen. */
  up: boolean;
  /** It has asked for an address to boot with since its agent was first heard. */
  asked: boolean;
}

/**
 * Makes the module, and the desk that boot servers report to.
 *
 * @param parts Absent where the program has no boot services: then the module only says so to who wants to boot.
 */
export function createPxeModule(parts?: PxeParts): { readonly module: Module; readonly desk: PxeDesk } {
  const index = createHostIndex();
  const boots = new Map<string, Boot>();
  let context: ModuleContext | undefined;

  function served(node: ModuleNode | undefined): ModuleNode | undefined {
    return node?.cfg.get("/parent") === parts?.parent ? node : undefined;
  }
  function bootOf(node: ModuleNode): Boot {
    let boot = boots.get(node.id);
    if (boot === undefined) {
      const { view } = node;
      const phase = readPhase(view.get("/pxe/state"));
      boot = { phase, percent: 0, power: view.get("/physState"), up: isUp(node), asked: false };
      boots.set(node.id, boot);
    }
    return boot;
  }
  function isUp(node: ModuleNode): boolean {
    return node.view.get("/link") === "UP";
  }

  /** States how far a machine is: of one that is not known to be on, later. */
  function tell(node: ModuleNode, boot: Boot): void {
    const { view } = node;
    if (context === undefined || view.get("/physState") !== "POWER_ON") return;
    if (readPhase(view.get("/pxe/state")) === boot.phase) return;
    context.discover(node.id, "/pxe/state", boot.phase);
    const isBooting = boot.phase === "DHCP" || boot.phase === "LOADING";
    if (isBooting && view.has("/runState")) context.discover(node.id, "/runState", null); // its agent is gone for good
    if (boot.phase === "LOADING") context.discover(node.id, "/pxe/progress", 0);
  }
  function take(id: string): void {
    const node = served(context?.node(id));
    index.take(id, node);
    if (node === undefined) {
      if (boots.delete(id)) parts?.onEnd(id);
      return;
    }
    if (node.cfg.get("/boot/method") !== "pxe" && !boots.has(id)) return;
    const boot = bootOf(node);
    if (isUp(node) !== boot.up) {
      boot.up = !boot.up;
      if (boot.up) boot.asked = false;
    }
    const power = node.view.get("/physState");
    if (power !== boot.power) {
      boot.power = power;
      // What it does while nobody has said yet that it is on counts for the power to come.
      if (power === "POWER_OFF" || power === "PHYS_HANG") Object.assign(boot, { phase: "NONE", percent: 0 });
      if (power === "POWER_OFF") parts?.onEnd(id);
    }
    tell(node, boot);
  }
  function saw(id: string, sight: BootSight): void {
    const node = served(context?.node(id));
    if (node?.cfg.get("/boot/method") !== "pxe") return;
    const boot = bootOf(node);
    if (sight.kind === "address") boot.asked = true;
    if (sight.kind === "enrolled" || sight.kind === "alive") boot.asked = false;
    if (isUp(node)) return; // whoever says so: what runs an agent does not boot
    boot.phase = phaseAfter(boot.phase, sight);
    tell(node, boot);
    if (sight.kind === "script") boot.percent = 0;
    if (sight.kind !== "progress" || readPhase(node.view.get("/pxe/state")) !== "LOADING") return;
    const percent = Math.min(100, Math.floor(sight.percent / STEP) * STEP);
    if (percent <= boot.percent) return;
    boot.percent = percent;
    context?.discover(id, "/pxe/progress", percent);
  }

  const module = defineModule(pxeDeclaration, (given) => {
    if (parts === undefined) return { mutations: { listen: refuse } };
    context = given;
    for (const { id } of given.nodes()) take(id);
    given.onChange(take);
    return {
      mutations: {
        listen({ node, discover }) {
          if (index.host(String(node.cfg.get("/ipv4/mac"))) === undefined) {
            throw new PermanentError(`Cannot boot '${node.name}' as its MAC address is not known: set its /ipv4/mac`);
          }
          const boot = bootOf(node);
          if (boot.phase === "NONE") boot.phase = "WAIT";
          discover("/pxe/state", boot.phase);
        },
      },
      stop() {
        context = undefined;
      },
    };
  });
  const desk: PxeDesk = {
    host: index.host,
    hosts: index.hosts,
    isUp(id) {
      const node = context?.node(id);
      return node !== undefined && isUp(node);
    },
    isRunning(id) {
      const runState = context?.node(id)?.view.get("/runState");
      return (runState === "SYNC" || runState === "INIT") && boots.get(id)?.asked !== true;
    },
    saw,
  };
  return { module, desk };
}

function refuse({ node }: { readonly node: ModuleNode }): never {
  throw new PermanentError(
    `Cannot boot '${node.name}' from the network as this aggregator has no boot services: start it with --boot-address`,
  );
}
