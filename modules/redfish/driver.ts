import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { type ModuleContext, type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import {
  type Ask,
  beforeOrder,
  bootDeviceOf,
  createLimit,
  type Credentials,
  CredentialsError,
  credentialsFor,
  type Outcome,
  type PowerChange,
  type PowerDriver,
} from "../power/mod.ts";
import { type Address, addressOf, trustOf } from "./access.ts";
import { bootOverride } from "./boot_override.ts";
import { createRedfishClient, RefusedError } from "./client.ts";
import { createEvents } from "./events.ts";
import { describeCertificate, readCertificate } from "./certificate.ts";
import { createConnections } from "./connections.ts";
import { type Exchange, FingerprintError } from "./exchange.ts";
import { readEventLogs } from "./event_log.ts";
import { turnLed } from "./led.ts";
import { isStillOnly, type Located, locateSystem } from "./locate.ts";
import { createRequests } from "./requests.ts";
import { lookAtTask, order } from "./orders.ts";
import { createOwnNames } from "./own_names.ts";
import { powerOf } from "./reset.ts";
import { readSystem, type Resource, type SystemReading } from "./resources.ts";
import { findSensors, readSensors, type SensorPlaces } from "./sense.ts";
import { type Access, createSessions } from "./sessions.ts";
import { oldestTlsOf } from "./tls_settings.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The largest number of requests to controllers at a time. */
const MAX_REQUESTS = 32;
/** The largest number of logouts at a time: all must be sent in the seconds in which the module stops. */
const MAX_FAREWELLS = 256;

/** How long the task of an order is followed, in milliseconds. */
const TASK_LIMIT = 300_000;

/** Settings of the driver. */
export interface RedfishSettings {
  /** A service that has all nodes below `Systems/{name}`, for nodes without a `/bmc/address`. */
  readonly endpoint: string | undefined;
  /**
   * Path of the files of credentials, in which `{name}` stands for the node's name; undefined: the environment; false:
   * none.
   */
  readonly credentials: string | undefined | false;
  readonly auth: "session" | "basic";
  /** Path of the certificates (PEM) of authorities to trust. */
  readonly ca: string | undefined;
  /**
   * `verified`: TLS with a trusted certificate; `unverified`: TLS with any certificate; `plain`: also without TLS,
   * credentials included.
   */
  readonly tls: "verified" | "unverified" | "plain";
}

/** What the driver remembers about a node. */
interface Known extends Located {
  /** The address by which it was found: it is located again when that changes. */
  readonly address: string;
  reading?: SystemReading;
  /** The task of the last order, and until when it is followed. */
  task?: { readonly uri: string; readonly until: number };
  sensors?: SensorPlaces;
}

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
  const requests = createRequests({ ...asking, limit: createLimit(MAX_REQUESTS) });
  const farewells = createRequests({ ...asking, limit: createLimit(MAX_FAREWELLS) });
  const sessions = createSessions({ requests, farewells, clock, names });
  const client = createRedfishClient({ requests, sessions, clock, names });
  const events = createEvents({ client, clock, random, happened: look });
  const known = new Map<string, Known>();
  const origins = new Map<string, string>();
  /** Certificates accepted on first use, by node: they are needed before the discovered value can be read. */
  const firstSeen = new Map<string, string>();

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
  /** Returns the certificate accepted on first use, as long as cfg asks for that. */
  function seenBy(node: ModuleNode): string | undefined {
    const stated = node.view.get("/bmc/certificate");
    const seen = firstSeen.get(node.id) ?? (typeof stated === "string" ? stated : undefined);
    if (node.cfg.get("/bmc/trust") === "first-use") return seen;
    firstSeen.delete(node.id);
    if (stated !== undefined) context.discover(node.id, "/bmc/certificate", null);
    return undefined;
  }
  function trustFirst(node: ModuleNode, der: Uint8Array): void {
    const certificate = readCertificate(der);
    if (certificate === undefined) return;
    const words = describeCertificate(certificate);
    const known = firstSeen.get(node.id);
    if (known === words) return;
    if (known !== undefined) throw new FingerprintError(`its certificate is ${words}: the first one was ${known}`);
    firstSeen.set(node.id, words);
    context.discover(node.id, "/bmc/certificate", words);
    context.log.warn("Trusts a controller's certificate from now on, because it is the first one seen", {
      node: node.name,
      certificate: words,
    });
  }
  function accessOf(node: ModuleNode, address: Address): Access {
    const { auth, credentials, ca, tls } = parts.settings();
    const authorities = () => ca === undefined ? undefined : readAuthorities(ca);
    const seen = seenBy(node);
    const { trust, first } = trustOf(node, { verify: tls === "verified", ca: authorities }, seen);
    const peer = {
      trust,
      oldest: oldestTlsOf(node.cfg.get("/bmc/tls")),
      ...(first && { seen: (certificate: Uint8Array) => trustFirst(node, certificate) }),
    };
    function ownCredentials(): Credentials | undefined {
      if (credentials === false) return undefined;
      const found = credentialsFor(node, credentials, process.env);
      if (found === undefined || address.root.protocol === "https:" || tls === "plain") return found;
      throw new UnavailableError(
        `Cannot send credentials to ${address.root.origin} without TLS: expected an https URL, or 'tls' plain ` +
          `in '/services/${parts.module}/config'`,
      );
    }
    return {
      root: address.root,
      exchange: parts.exchange ?? connections.exchange(address.root.origin, peer),
      auth,
      credentials: ownCredentials,
      identity: () =>
        createHash("sha256").update(JSON.stringify([trust, peer.oldest, auth, ownCredentials() ?? null])).digest("hex"),
    };
  }
  async function find(node: ModuleNode, ask: Ask): Promise<{ readonly own: Known; readonly access: Access }> {
    const address = addressOf(node, parts.settings().endpoint, parts.module);
    const access = accessOf(node, address);
    settle(node.id, address.root.origin);
    const text = (address.system ?? address.root).href;
    const before = known.get(node.id);
    if (before?.address === text) return { own: before, access };
    const own: Known = { address: text, ...await locateSystem(node, address, access, client, ask) };
    known.set(node.id, own);
    return { own, access };
  }
  async function readKnown(node: ModuleNode, ask: Ask) {
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
  /** Returns why the task of the last order failed. It is followed until it ends or takes too long. */
  async function failureOfTask(own: Known, access: Access, ask: Ask): Promise<string | undefined> {
    const { task } = own;
    if (task === undefined) return undefined;
    const { runs, failed } = await lookAtTask(task.uri, { access, ask }, client);
    if ((!runs || clock.now() > task.until) && own.task === task) delete own.task;
    return failed;
  }
  /** Returns what a BMC is told about the boot device before its machine starts; undefined: nothing. */
  function bootOf(node: ModuleNode, wanted: PowerChange): Resource | undefined {
    const device = bootDeviceOf(node);
    const uri = wanted === "on" ? parts.bootUri?.() : undefined;
    if (device === undefined && uri === undefined) return undefined;
    const override = bootOverride(device ?? { target: "http", once: false, mode: undefined });
    return uri === undefined ? override : { ...override, HttpBootUri: uri };
  }
  /** Reads everything that an order needs; if that fails, the order is not sent. */
  async function beforehand(node: ModuleNode, ask: Ask) {
    try {
      const found = await find(node, ask);
      const isSure = await isStillOnly(found.own, { access: found.access, client, ask });
      if (!isSure) known.delete(node.id);
      const { own, access } = isSure ? found : await find(node, ask);
      const reading = own.reading ?? (await readKnown(node, ask)).reading;
      return { ok: true, own, access, reading } as const;
    } catch (error) {
      if (!(error instanceof UnavailableError) || error instanceof CredentialsError) throw error;
      return { ok: false, why: error.message } as const;
    }
  }
  async function change(node: ModuleNode, wanted: PowerChange, ask: Ask): Promise<Outcome> {
    const found = await beforehand(node, ask);
    if (!found.ok) return { kind: "later", said: found.why };
    const { own, access, reading } = found;
    const Boot = wanted === "on" || wanted === "restart" ? bootOf(node, wanted) : undefined;
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
      const { own, access, reading: { power, health, firmware, led } } = await readKnown(node, ask);
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
      const { own, access } = await find(node, ask);
      return await readEventLogs(await client.get(access, own.system, ask), count, { access, client, ask });
    },
    async turnLed(node, led, ask) {
      const { own, access } = await find(node, ask);
      const reading = own.reading ?? (await readKnown(node, ask)).reading;
      return await turnLed(led, { places: [own.system, ...reading.chassis], access, ask, clock }, client);
    },
    async sense(node, signal) {
      const ask = { signal, urgent: false };
      const { own, access } = await find(node, ask);
      const chassis = own.reading?.chassis ?? (await readKnown(node, ask)).reading.chassis;
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
      known.delete(nodeId);
      firstSeen.delete(nodeId);
      settle(nodeId, undefined);
    },
    hears: events.hears,
    async stop() {
      events.stop();
      await sessions.close();
      connections.close();
    },
  };
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UnavailableError(`Cannot read 'ca' '${file}': ${errorText(error)}`);
  }
}
