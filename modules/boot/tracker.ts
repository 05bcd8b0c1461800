import {
  beginRecord,
  type BootGroup,
  type BootHost,
  bootHostOf,
  type BootLoad,
  bootLoadOf,
  type BootRecord,
  type BootSight,
  type BootStatement,
  declinedFault,
  followNode,
  followSight,
  isBooted,
  isHeard,
  statementsOf,
} from "../../src/boot/mod.ts";
import type { Values } from "../../src/state/mod.ts";
import {
  MistakeError,
  type ModuleContext,
  type ModuleNode,
  type MutationRun,
  PermanentError,
} from "../../src/module/mod.ts";

/**
 * The machine's memory as its agent last reported it. It stays known while the machine is off, because the image must
 * fit into it.
 */
export const SEEN_MEMORY = "/boot/seenMemory";

const NOTHING: Values = new Map();

/** A machine that boots from this program. */
export interface BootMachine extends BootHost, BootLoad {
  /** The UUID of its node, and the node's name. */
  readonly id: string;
  readonly name: string;
  /** Lower case, with colons. */
  readonly mac: string;
}

/**
 * Describes the machine of a node.
 *
 * @param node The node.
 * @returns The machine; undefined if the node has no MAC address.
 */
export function bootMachineOf({ id, name, cfg, view }: ModuleNode): BootMachine | undefined {
  const { mac, ...host } = bootHostOf(cfg);
  return mac === undefined ? undefined : { ...host, ...bootLoadOf(cfg, view.get(SEEN_MEMORY)), mac, id, name };
}

/** The boot services of a program, for a module that boots machines. */
export interface BootParts {
  /** The name of the aggregator. It does not boot machines of others. */
  readonly parent: string;
  /**
   * Called when a machine was powered off or its node no longer exists: everything that it got for this boot becomes
   * invalid.
   */
  onEnd(id: string): void;
  /** Returns why a machine cannot boot as its cfg asks, or cannot be served; undefined if no reason is known. */
  fault(machine: BootMachine): Promise<string | undefined>;
}

/** The interface between boot servers and the nodes whose machines boot: what they may ask, and what they report. */
export interface BootRegistry {
  /** Tells whether the machine's agent is connected: then the machine is not booting, whatever is sent in its name. */
  isUp(id: string): boolean;
  /** See {@link isBooted}. */
  isRunning(id: string): boolean;
  saw(id: string, sight: BootSight): void;
}

/** Follows the boot progress of the machines of one boot method, and reports it as state of their nodes. */
export interface BootTracker extends BootRegistry {
  /** Starts to follow nodes, beginning with those that exist. */
  start(context: ModuleContext): void;
  stop(): void;
  /** Finds a node that this program boots, by any method; undefined before the start. */
  served(id: string): ModuleNode | undefined;
  /**
   * Waits for signs of a machine that is on: the mutation of this name.
   *
   * @throws {MistakeError} If it cannot boot: see {@link BootTracker.wait}.
   */
  listen(run: Pick<MutationRun, "node" | "discover" | "signal">): Promise<void>;
  /**
   * Waits for the next step of a machine, until the run ends.
   *
   * @throws {MistakeError} If the network has nothing for it, so that no change of its power would help. It stays on,
   *   and continues to ask.
   */
  wait(run: Pick<MutationRun, "node" | "signal">): Promise<void>;
  /** Checks again whether a machine can boot, because it was refused something while a mutation waits for it. */
  recheck(id: string): void;
}

/**
 * Creates a tracker.
 *
 * @param group The value of `/boot/method` of its nodes, and the variables that it reports.
 * @param parts The boot services; undefined if this program has none.
 * @param of `follow` is called first for each node that may have changed; with undefined if it no longer exists or
 *   belongs to another aggregator. `hostOf` finds the machine of a node, and throws a MistakeError if its cfg does not
 *   describe one.
 */
export function createBootTracker(
  group: BootGroup,
  parts: BootParts | undefined,
  of: {
    follow(id: string, node: ModuleNode | undefined): void;
    hostOf(node: ModuleNode): BootMachine;
  },
): BootTracker {
  const records = new Map<string, BootRecord>();
  /** The waiting mutations, by node. They end if the machine cannot go on. */
  const waiting = new Map<string, (fault: string) => void>();
  let context: ModuleContext | undefined;

  function served(id: string): ModuleNode | undefined {
    const node = context?.node(id);
    return node?.cfg.get("/parent") === parts?.parent ? node : undefined;
  }
  const viewOf = (id: string): Values => context?.node(id)?.view ?? NOTHING;
  const isOurs = ({ cfg }: ModuleNode): boolean => cfg.get("/boot/method") === group;
  function recordOf({ id, view }: ModuleNode): BootRecord {
    let record = records.get(id);
    if (record === undefined) records.set(id, record = beginRecord(view, group));
    return record;
  }
  function tell({ id }: ModuleNode, statements: readonly BootStatement[]): void {
    for (const [url, value] of statements) context?.discover(id, url, value);
  }
  function take(id: string): void {
    const node = served(id);
    of.follow(id, node);
    if (node === undefined) {
      if (records.delete(id)) parts?.onEnd(id);
      return;
    }
    // Even for a machine that now boots in another way: what it was given becomes invalid with its power.
    const record = recordOf(node);
    if (followNode(record, node.view)) parts?.onEnd(id);
    if (!isOurs(node)) return;
    tell(node, memoryIn(node.view));
    tell(node, statementsOf(record, node.view, group));
  }

  /** @throws {MistakeError} If its cfg does not identify the machine. */
  async function faultOf(node: ModuleNode): Promise<string | undefined> {
    const host = of.hostOf(node);
    const declined = declinedFault(recordOf(node), host.lease?.address, context?.clock.now() ?? 0);
    return declined ?? await parts?.fault(host);
  }
  function recheck(id: string): void {
    const node = served(id);
    const end = waiting.get(id);
    if (node === undefined || end === undefined) return;
    faultOf(node).then((fault) => {
      if (fault !== undefined) end(fault);
    }, () => {}); // what cannot be read proves nothing
  }

  return {
    start(given) {
      context = given;
      for (const { id } of given.nodes()) take(id);
      given.onChange(take);
    },
    stop() {
      context = undefined;
    },
    served,
    async listen({ node, discover, signal }) {
      const fault = await faultOf(node);
      if (signal.aborted) return;
      if (fault !== undefined) throw mistake(node, fault);
      const record = recordOf(node);
      if (record.phase === "NONE") record.phase = "WAIT";
      discover(`/${group}/state`, record.phase);
    },
    async wait({ node, signal }) {
      let end: (fault?: string) => void = () => {};
      const ended = new Promise<string | undefined>((resolve) => end = resolve);
      waiting.set(node.id, end); // before the first check, so that nothing seen meanwhile is missed
      signal.addEventListener("abort", () => end(), { once: true });
      try {
        const fault = await faultOf(node) ?? (signal.aborted ? undefined : await ended);
        if (fault !== undefined && !signal.aborted) throw mistake(node, fault);
      } finally {
        if (waiting.get(node.id) === end) waiting.delete(node.id);
      }
    },
    recheck,
    isUp: (id) => isHeard(viewOf(id)),
    isRunning: (id) => isBooted(records.get(id), viewOf(id)),
    saw(id, sight) {
      const node = served(id);
      if (node === undefined || !isOurs(node)) return;
      tell(node, followSight(recordOf(node), node.view, group, sight, context?.clock.now() ?? 0));
      if (sight.kind === "declined") recheck(id);
    },
  };
}

/** What the agent says of the machine's memory, where that is new. */
function memoryIn(view: Values): BootStatement[] {
  const memory = view.get("/host/memory");
  return typeof memory === "number" && memory > 0 && memory !== view.get(SEEN_MEMORY) ? [[SEEN_MEMORY, memory]] : [];
}

function mistake({ name }: ModuleNode, fault: string): MistakeError {
  return new MistakeError(`Cannot boot '${name}' as ${fault}`);
}

/**
 * Refuses to boot the machine of `run`, because the program has no boot services.
 *
 * @throws {PermanentError} Always.
 */
export function refuseToBoot({ node }: { readonly node: ModuleNode }): never {
  throw new PermanentError(
    `Cannot boot '${node.name}' from the network as this aggregator has no boot services: start it with --boot-address`,
  );
}
