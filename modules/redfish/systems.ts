import { type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import { type Ask, CredentialsError } from "../power/mod.ts";
import { addressOf } from "./access.ts";
import { type RedfishClient, RefusedError } from "./client.ts";
import type { Accesses } from "./controller_access.ts";
import type { BmcEvents } from "./events.ts";
import { isStillOnly, type Located, locateSystem } from "./locate.ts";
import { readSystem, type SystemReading } from "./resources.ts";
import type { SensorPlaces } from "./sense.ts";
import type { Access, Sessions } from "./sessions.ts";

/** What the driver remembers about a node. */
export interface KnownSystem extends Located {
  /** The address by which it was found: it is located again when that changes. */
  readonly address: string;
  reading?: SystemReading;
  /** The task of the last order, and until when it is followed. */
  task?: { readonly uri: string; readonly until: number };
  sensors?: SensorPlaces;
}

/** The ComputerSystems of nodes, as far as they were found. */
export interface Systems {
  /** Finds the system of a node, and how it is reached. */
  find(node: ModuleNode, ask: Ask): Promise<FoundSystem>;
  /** The same, with what it says now. */
  read(node: ModuleNode, ask: Ask): Promise<ReadSystem>;
  /** Reads everything that an order needs; if that fails, the order is not sent. */
  beforeOrder(
    node: ModuleNode,
    ask: Ask,
  ): Promise<({ readonly ok: true } & ReadSystem) | { readonly ok: false; readonly why: string }>;
  forget(nodeId: string): void;
}

/** A system that was found. */
export interface FoundSystem {
  readonly own: KnownSystem;
  readonly access: Access;
}

/** A system that was read. */
export interface ReadSystem extends FoundSystem {
  readonly reading: SystemReading;
}

/** Makes the systems of a driver. */
export function createSystems(
  parts: {
    readonly module: string;
    readonly settings: () => { readonly endpoint: string | undefined };
    readonly accesses: Accesses;
    readonly client: RedfishClient;
    readonly sessions: Sessions;
    readonly events: BmcEvents;
  },
): Systems {
  const { accesses, client, sessions, events } = parts;
  const known = new Map<string, KnownSystem>();
  const origins = new Map<string, string>();

  /**
   * Records the controller of a node, or that it has none, and logs out of the previous one if no other node uses it.
   */
  function settle(nodeId: string, origin: string | undefined): void {
    const before = origins.get(nodeId);
    if (before === origin) return;
    if (origin === undefined) origins.delete(nodeId);
    else origins.set(nodeId, origin);
    if (before === undefined) return;
    events.forget(nodeId);
    if (![...origins.values()].includes(before)) sessions.leave(before);
  }
  async function find(node: ModuleNode, ask: Ask): Promise<{ readonly own: KnownSystem; readonly access: Access }> {
    const address = addressOf(node, parts.settings().endpoint, parts.module);
    const access = accesses.of(node, address);
    settle(node.id, address.root.origin);
    const text = (address.system ?? address.root).href;
    const before = known.get(node.id);
    if (before?.address === text) return { own: before, access };
    const own: KnownSystem = { address: text, ...await locateSystem(node, address, access, client, ask) };
    known.set(node.id, own);
    return { own, access };
  }
  async function read(node: ModuleNode, ask: Ask) {
    const { own, access } = await find(node, ask);
    try {
      const reading = readSystem(await client.get(access, own.system, ask));
      if (reading === undefined) {
        throw new UnavailableError(`GET ${own.system.href} failed: the answer has no 'PowerState'`);
      }
      own.reading = reading;
      events.attend(node.id, own.system, access);
      return { own, access, reading };
    } catch (error) {
      if (error instanceof UnavailableError) events.doubt(node.id);
      // The service may have other ids since a firmware update.
      if (error instanceof RefusedError && error.status === 404) known.delete(node.id);
      throw error;
    }
  }
  /** Reads everything that an order needs; if that fails, the order is not sent. */
  async function beforeOrder(node: ModuleNode, ask: Ask) {
    try {
      const found = await find(node, ask);
      const isSure = await isStillOnly(found.own, { access: found.access, client, ask });
      if (!isSure) known.delete(node.id);
      const { own, access } = isSure ? found : await find(node, ask);
      const reading = own.reading ?? (await read(node, ask)).reading;
      return { ok: true, own, access, reading } as const;
    } catch (error) {
      if (!(error instanceof UnavailableError) || error instanceof CredentialsError) throw error;
      return { ok: false, why: error.message } as const;
    }
  }
  return {
    find,
    read,
    beforeOrder,
    forget(nodeId) {
      known.delete(nodeId);
      settle(nodeId, undefined);
    },
  };
}
