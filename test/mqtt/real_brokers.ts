import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker, Users } from "../../scripts/brokers/broker.ts";
import {
  BRIDGE_USER,
  type BrokerAccess,
  startBridgedMosquittos,
  startMosquitto,
} from "../../scripts/brokers/mosquitto.ts";
import { startNats } from "../../scripts/brokers/nats.ts";
import { createMqttParentTransport } from "../../src/mqtt/mod.ts";
import { connectMqttJs } from "../../src/mqtt/mqttjs/mod.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { type BrokerUnderTest, CHILDREN, CLUSTER, PARENT } from "./tree.ts";

/** The aggregator that the leaf's rules know. */
export const RACK: string = nodeIdOf(CLUSTER, "rack1");

/** The passwords that examples/brokers/nats has; the same elsewhere. */
export const PASSWORDS: Users = new Map([
  [PARENT, "change-me-root"],
  [RACK, "change-me-rack1"],
  ...CHILDREN.map((id, index): [string, string] => [id, `change-me-n${index + 1}`]),
]);

const ACCESS: BrokerAccess = { cluster: CLUSTER, rootId: PARENT, users: PASSWORDS };

/** A broker that can be killed, and started again with its files; of a bridged pair the core. */
export interface RealBroker extends BrokerUnderTest {
  /** SIGKILL. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** One Mosquitto that lets anyone in. */
export function plainMosquitto(port: number): Promise<RealBroker> {
  return inFolder(async (folder) => oneBroker(await startMosquitto({ folder, port })));
}

/** One Mosquitto with users and their rules. */
export function guardedMosquitto(port: number): Promise<RealBroker> {
  return inFolder(async (folder) => oneBroker(await startMosquitto({ folder, port, access: ACCESS }), PASSWORDS));
}

/** NATS, with users and their rules. */
export function nats(port: number): Promise<RealBroker> {
  return inFolder(async (folder) => oneBroker(await startNats({ folder, port }), PASSWORDS));
}

/** Two bridged Mosquittos that let anyone in: the children are on the leaf, the parent is on the core. */
export function bridgedMosquittos(port: number): Promise<RealBroker> {
  return bridged(port);
}

/** Two bridged Mosquittos with users and their rules, the bridge among them. */
export function guardedBridgedMosquittos(port: number): Promise<RealBroker> {
  return bridged(port, new Map([...PASSWORDS, [BRIDGE_USER, "secret"]]));
}

function bridged(leafPort: number, users?: Users): Promise<RealBroker> {
  return inFolder(async (folder) => {
    const pair = await startBridgedMosquittos({
      folder,
      cluster: CLUSTER,
      rootId: PARENT,
      leafPort,
      ...(users === undefined ? {} : { users }),
    });
    const under = oneBroker(pair.core, users === undefined ? undefined : PASSWORDS);
    return { ...under, port: pair.leaf.port, stop: pair.stop };
  });
}

function oneBroker(broker: Broker, passwords?: Users): RealBroker {
  const parentUrl = urlOf(broker.port, passwords === undefined ? undefined : PARENT);
  return {
    port: broker.port,
    parentUrl,
    ...(passwords === undefined ? {} : { passwords }),
    parentTransport: (options) =>
      createMqttParentTransport({ ...options, url: parentUrl, connect: connectMqttJs, random: Math.random }),
    kill: broker.kill,
    start: broker.start,
    stop: broker.stop,
  };
}

/** Where a broker is, as one of its users. */
export function urlOf(port: number, user?: string, password = PASSWORDS.get(user ?? "") ?? ""): string {
  return `mqtt://${user === undefined ? "" : `${user}:${password}@`}127.0.0.1:${port}`;
}

/** Starts a broker in a folder of its own, which goes when the broker is stopped. */
async function inFolder(start: (folder: string) => Promise<RealBroker>): Promise<RealBroker> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-broker-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const broker = await start(folder);
    return {
      ...broker,
      async stop() {
        await broker.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
