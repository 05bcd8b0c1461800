import type { ModuleContext, ModuleNode } from "../../src/module/mod.ts";
import {
  type Ask,
  beforeOrder,
  bootDeviceOf,
  type ChangeOutcome,
  createConcurrency,
  type PowerChange,
  type PowerDriver,
} from "../power/mod.ts";
import { createAccesses, type RedfishSettings } from "./controller_access.ts";
import { bootOverride } from "./boot_override.ts";
import { createRedfishClient } from "./client.ts";
import { createBmcEvents } from "./events.ts";
import { createConnections } from "./connections.ts";
import type { Exchange } from "./exchange.ts";
import { readEventLogs } from "./event_log.ts";
import { turnLed } from "./led.ts";
import { createRequests } from "./requests.ts";
import { lookAtTask, order } from "./orders.ts";
import { createOwnNames } from "./own_names.ts";
import { powerOf } from "./reset.ts";
import type { Resource } from "./resources.ts";
import { findSensors, readSensors } from "./sense.ts";
import { type Access, createSessions } from "./sessions.ts";
import { createSystems, type KnownSystem } from "./systems.ts";

/** The largest number of requests to controllers at a time. */
const MAX_REQUESTS = 32;
/** The largest number of logouts at a time: all must be sent in the seconds in which the module stops. */
const MAX_FAREWELLS = 256;

/** How long the task of an order is followed, in milliseconds. */
const TASK_LIMIT = 300_000;

/**
 * Creates a driver that uses Redfish (DSP0266) on ComputerSystems (DSP0268).
 *
 * @param context The module's context.
 * @param look Schedules a reading of a node.
 * @param parts `exchange` reaches controllers, over HTTP by default; `module` names the module in messages; `patience`
 *   is how long one answer may take, in milliseconds; `bootUri` returns the URI from which machines are to boot
 *   (Boot.HttpBootUri), if that is to be set.
 */
export function createRedfishDriver(
  context: ModuleContext,
  look: (nodeId: string) => void,
  parts: {
    readonly module: string;
    readonly settings: () => RedfishSettings;
    readonly patience: number;
    readonly exchange?: Exchange;
    readonly bootUri?: () => string | undefined;
  },
): PowerDriver {
  const { clock, random } = context;
  const names = createOwnNames();
  const connections = createConnections(clock);
  const asking = { clock, names, patience: parts.patience };
  const requests = createRequests({ ...asking, limit: createConcurrency(MAX_REQUESTS) });
  const farewells = createRequests({ ...asking, limit: createConcurrency(MAX_FAREWELLS) });
  const sessions = createSessions({ requests, farewells, clock, names });
  const client = createRedfishClient({ requests, sessions, clock, names });
  const events = createBmcEvents({ client, clock, random, happened: look });
  const accesses = createAccesses(context, { ...parts, connections });
  const systems = createSystems({ ...parts, accesses, client, sessions, events });

  /** Returns why the task of the last order failed. It is followed until it ends or takes too long. */
  async function failureOfTask(own: KnownSystem, access: Access, ask: Ask): Promise<string | undefined> {
    const { task } = own;
    if (task === undefined) return undefined;
    const { runs, failed } = await lookAtTask(task.uri, { access, ask }, client);
    if ((!runs || clock.now() > task.until) && own.task === task) delete own.task;
    return failed;
  }
  async function change(node: ModuleNode, wanted: PowerChange, ask: Ask): Promise<ChangeOutcome> {
    const found = await systems.beforeOrder(node, ask);
    if (!found.ok) return { kind: "later", said: found.why };
    const { own, access, reading } = found;
    const Boot = wanted === "on" || wanted === "restart"
      ? bootOf(node, wanted === "on" ? parts.bootUri?.() : undefined)
      : undefined;
    if (Boot !== undefined) {
      const request = { method: "PATCH", url: own.system, body: { Boot } } as const;
      const hindered = await beforeOrder(async () => {
        await client.send(access, request, ask, own.system);
        return { kind: "taken" };
      });
      if (hindered !== undefined) return hindered;
    }
    const { outcome, task } = await order(wanted, { access, system: own.system, reading, ask }, client);
    if (task === undefined) delete own.task;
    else own.task = { uri: task, until: clock.now() + TASK_LIMIT };
    return outcome;
  }

  return {
    async read(node, ask) {
      const { own, access, reading: { power, health, firmware, led } } = await systems.read(node, ask);
      const failed = await failureOfTask(own, access, ask);
      const said = power === undefined ? "PowerState null" : `PowerState '${power}'`;
      const machine = {
        ...(health !== undefined && { health }),
        ...(firmware !== undefined && { firmware }),
        ...(led !== undefined && { led }),
      };
      return { power: powerOf(power), said, machine, ...(failed !== undefined && { failed }) };
    },
    change,
    async readLog(node, count, ask) {
      const { own, access } = await systems.find(node, ask);
      return await readEventLogs(await client.get(access, own.system, ask), count, { access, client, ask });
    },
    async turnLed(node, led, ask) {
      const { own, access } = await systems.find(node, ask);
      const reading = own.reading ?? (await systems.read(node, ask)).reading;
      return await turnLed(led, { places: [own.system, ...reading.chassis], access, ask, clock }, client);
    },
    async sense(node, signal) {
      const ask = { signal, urgent: false };
      const { own, access } = await systems.find(node, ask);
      const chassis = own.reading?.chassis ?? (await systems.read(node, ask)).reading.chassis;
      try {
        const sensors = own.sensors ?? await findSensors(chassis, access, client, ask);
        if (sensors === undefined) return {};
        own.sensors = sensors;
        return await readSensors(sensors, access, client, ask);
      } catch (error) {
        delete own.sensors; // they may have moved
        throw error;
      }
    },
    forget(nodeId) {
      systems.forget(nodeId);
      accesses.forget(nodeId);
    },
    hears: events.hears,
    async stop() {
      events.stop();
      await sessions.close();
      connections.close();
    },
  };
}

/** Returns what a BMC is told about the boot device before its machine starts; undefined: nothing. */
function bootOf(node: ModuleNode, uri: string | undefined): Resource | undefined {
  const device = bootDeviceOf(node);
  if (device === undefined && uri === undefined) return undefined;
  const override = bootOverride(device ?? { target: "http", once: false, mode: undefined });
  return uri === undefined ? override : { ...override, HttpBootUri: uri };
}
