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
  isHeard,
  isRunning,
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

/** What its agent has said of its machine's memory stays known while the machine is off: what it boots must fit in that. */
export const SEEN_MEMORY = "/boot/seenMemory";

/** A machine that boots from here. */
export interface BootMachine extends BootHost, BootLoad {
  /** The UUID of its node, and the node's name. */
  readonly id: string;
  readonly name: string;
  /** Lower case, with colons. */
  readonly mac: string;
}

/** What is known of the machine of a node; undefined where it has no MAC address. */
export function bootMachineOf({ id, name, cfg, view }: ModuleNode): BootMachine | undefined {
  const { mac, ...host } = bootHostOf(cfg);
  return mac === undefined ? undefined : { ...host, ...bootLoadOf(cfg, view.get(SEEN_MEMORY)), mac, id, name };
}

/** What a module that boots machines needs of the boot services of its program. */
export interface BootParts {
  /** The name of the aggregator: machines of others are theirs to boot. */
  readonly parent: string;
  /** The UUID of the aggregator's own node, and who is told its cfg: at the start, and whenever it may have changed. */
  readonly own?: { readonly id: string; onCfg(cfg: Values): void };
  /** The machine of a node was switched off, or its node is gone: what was given to it for this boot is void. */
  onEnd(id: string): void;
  /** Why a machine can't boot what its cfg says, or can't be served, in words; undefined: it can, as far as is known. */
  fault(machine: BootMachine): Promise<string | undefined>;
}

/** What boot servers may ask about nodes whose machines boot, and what they tell of them. */
export interface BootDesk {
  /** Whether the machine runs an agent that is heard at this moment: it does not boot then, whatever is sent in its name. */
  isUp(id: string): boolean;
  /** See {@link isRunning}. */
  isRunning(id: string): boolean;
  saw(id: string, sight: BootSight): void;
}

/** Follows how far the machines of one way to boot have got, and tells it of their nodes. */
export interface BootTracker extends BootDesk {
  /** Follows nodes from here on, those that are there first. */
  start(context: ModuleContext): void;
  stop(): void;
  /** A node that this program boots, however it does. Before the start there is none. */
  served(id: string): ModuleNode | undefined;
  /**
   * Listens for a machine that is on: the mutation of this name.
   *
   * @throws {MistakeError} When it can't boot: see {@link BootTracker.wait}.
   */
  listen(run: Pick<MutationRun, "node" | "discover" | "signal">): Promise<void>;
  /**
   * Waits for what a machine does next, until the run is over.
   *
   * @throws {MistakeError} When it can't do that, as the network has nothing for it: no change of its power would help. It is left
   * on, and asks, until there is something.
   */
  wait(run: Pick<MutationRun, "node" | "signal">): Promise<void>;
  /** Something was refused to a machine: whether it can boot is looked at anew, where something waits for it to. */
  recheck(id: string): void;
}

/**
 * Makes a tracker.
 *
 * @param group The value of `/boot/method` of its nodes, and the variables that it tells.
 * @param of `follow` is told of each node that may have changed, before anything else is made of that; undefined: it is gone, or
 * another aggregator's. `hostOf` says which machine a node has, and throws a MistakeError where its cfg does not say.
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
  /** What waits for a machine, by node: ended where it can't go on. */
  const waiting = new Map<string, (fault: string) => void>();
  let context: ModuleContext | undefined;

  function served(id: string): ModuleNode | undefined {
    const node = context?.node(id);
    return node?.cfg.get("/parent") === parts?.parent ? node : undefined;
  }
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
    // Also of one that boots in another way by now: what it was given before is void with its power.
    const record = recordOf(node);
    if (followNode(record, node.view)) parts?.onEnd(id);
    if (!isOurs(node)) return;
    const memory = node.view.get("/host/memory");
    if (typeof memory === "number" && memory > 0 && memory !== node.view.get(SEEN_MEMORY)) {
      tell(node, [[SEEN_MEMORY, memory]]);
    }
    tell(node, statementsOf(record, node.view, group));
  }

  /** @throws {MistakeError} When its cfg does not say which machine it is. */
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
    }, () => {}); // what can't be looked at proves nothing
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
      waiting.set(node.id, end); // before the first look, so that what is seen meanwhile is not missed
      signal.addEventListener("abort", () => end(), { once: true });
      try {
        const fault = await faultOf(node) ?? (signal.aborted ? undefined : await ended);
        if (fault !== undefined && !signal.aborted) throw mistake(node, fault);
      } finally {
        if (waiting.get(node.id) === end) waiting.delete(node.id);
      }
    },
    recheck,
    isUp(id) {
      const node = context?.node(id);
      return node !== undefined && isHeard(node.view);
    },
    isRunning(id) {
      const node = context?.node(id);
      return node !== undefined && isRunning(records.get(id), node.view);
    },
    saw(id, sight) {
      const node = served(id);
      if (node === undefined || !isOurs(node)) return;
      tell(node, followSight(recordOf(node), node.view, group, sight, context?.clock.now() ?? 0));
      if (sight.kind === "declined") recheck(id);
    },
  };
}

function mistake({ name }: ModuleNode, fault: string): MistakeError {
  return new MistakeError(`Cannot boot '${name}' as ${fault}`);
}

/** Refuses to boot a machine as the program has no boot services. */
export function refuseToBoot({ node }: { readonly node: ModuleNode }): never {
  throw new PermanentError(
    `Cannot boot '${node.name}' from the network as this aggregator has no boot services: start it with --boot-address`,
  );
}
