import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { nodeIdOf } from "../../src/state/mod.ts";
import { ROOT } from "../runtimes.ts";
import { type Broker, startBroker, type Users } from "./broker.ts";
import { fillIn } from "./fill_in.ts";

const PLACES = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/bin/mosquitto"];

/** Where Mosquitto is installed; undefined where it is not. */
export const MOSQUITTO: string | undefined = PLACES.find((place) => existsSync(place));
/** Why Mosquitto can't be used here, if it can't. */
export const NO_MOSQUITTO: string | undefined = MOSQUITTO === undefined
  ? "Mosquitto is not installed: apt-get install mosquitto"
  : undefined;

/** The user name by which the leaf's bridge joins the core. */
export const BRIDGE_USER = "leaf1";

/** The names that the example files were written for. */
const EXAMPLE = { cluster: "demo", root: nodeIdOf("demo", "root") };

/** Whom a Mosquitto lets in, and to which topics, by the ACL files in examples/brokers. */
export interface BrokerAccess {
  readonly cluster: string;
  /** The UUID of the root aggregator. */
  readonly rootId: string;
  readonly users: Users;
}

/** How to start one Mosquitto. */
export interface MosquittoOptions {
  /** A folder of its own, for its files and its log. */
  readonly folder: string;
  /** @default 0, any that is free */
  readonly port?: number;
  /** Absent, anyone on this machine may do anything. */
  readonly access?: BrokerAccess;
  /** Absent, without TLS. */
  readonly tls?: TlsFiles;
  readonly signal?: AbortSignal;
}

/** Files in PEM of a broker that speaks TLS. */
export interface TlsFiles {
  /** Of the authority. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Starts one Mosquitto on loopback, as examples/brokers/mosquitto has it. */
export function startMosquitto(options: MosquittoOptions): Promise<Broker> {
  return start(options, "mosquitto/mosquitto.conf", "mosquitto/kraken.acl", {});
}

/** Two Mosquittos: the leaf's bridge carries what the root and its children say to each other. */
export interface BridgedMosquittos {
  /** Where the root aggregator is. */
  readonly core: Broker;
  /** Where racks and nodes are. */
  readonly leaf: Broker;
  stop(): Promise<void>;
}

/** How to start two bridged Mosquittos. */
export interface BridgedMosquittosOptions {
  /** A folder of their own, for their files and logs. */
  readonly folder: string;
  readonly cluster: string;
  /** The UUID of the root aggregator, whose children the bridge carries. */
  readonly rootId: string;
  /** @default 0, any that is free */
  readonly leafPort?: number;
  /** With them, both let in only these, of whom one is {@link BRIDGE_USER}; absent, anyone on this machine. */
  readonly users?: Users;
  readonly signal?: AbortSignal;
}

/**
 * Starts two bridged Mosquittos on loopback, as examples/brokers/mosquitto-bridge has them.
 *
 * It does not wait for the bridge, which connects by itself, now and after each loss: links wait for it anyway.
 *
 * @throws {RangeError} When the bridge is not among the users.
 */
export async function startBridgedMosquittos(options: BridgedMosquittosOptions): Promise<BridgedMosquittos> {
  const { cluster, rootId, users } = options;
  const bridgePassword = users?.get(BRIDGE_USER);
  if (users !== undefined && bridgePassword === undefined) {
    throw new RangeError(`Cannot bridge without a password for "${BRIDGE_USER}": the users are without it`);
  }
  const access = users === undefined ? {} : { access: { cluster, rootId, users } };
  const common = { ...access, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  const core = await start(
    { ...common, folder: join(options.folder, "core") },
    "mosquitto-bridge/core.conf",
    "mosquitto-bridge/core.acl",
    {},
  );
  try {
    const leaf = await start(
      { ...common, folder: join(options.folder, "leaf"), port: options.leafPort ?? 0 },
      "mosquitto-bridge/leaf.conf",
      "mosquitto-bridge/leaf.acl",
      {
        "core.example:1883": `127.0.0.1:${core.port}`,
        ...topics(cluster, rootId),
        ...(bridgePassword === undefined
          ? { [`remote_username ${BRIDGE_USER}`]: "", "remote_password change-me-leaf1": "" }
          : { "change-me-leaf1": bridgePassword }),
      },
    );
    return {
      core,
      leaf,
      async stop() {
        await Promise.all([core.stop(), leaf.stop()]);
      },
    };
  } catch (error) {
    await core.kill();
    throw error;
  }
}

function start(
  options: MosquittoOptions,
  conf: string,
  acl: string,
  values: Readonly<Record<string, string>>,
): Promise<Broker> {
  const { folder, access } = options;
  return startBroker({
    port: options.port ?? 0,
    logFile: join(folder, "mosquitto.log"),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    prepare(port) {
      if (MOSQUITTO === undefined) throw new Error(NO_MOSQUITTO);
      mkdirSync(folder, { recursive: true });
      const file = join(folder, "mosquitto.conf");
      const text = fillIn(example(conf), {
        ...listener(port, options.tls),
        // It would become another user where root starts it, and then no longer die with this process.
        ...(process.getuid?.() === 0 ? { "\nuser mosquitto\n": "\nuser root\n" } : {}),
        ...(access === undefined ? OPEN : guarded(folder, acl, access)),
        ...values,
      });
      writeFileSync(file, text, { mode: 0o600 }); // the bridge's password may be in it
      return Promise.resolve([MOSQUITTO, "-c", file]);
    },
  });
}

/** The changes to the config for where it listens, and how. */
function listener(port: number, tls: TlsFiles | undefined): Readonly<Record<string, string>> {
  const own = `listener ${port} 127.0.0.1`;
  if (tls === undefined) return { "\nlistener 1883\n": `\n${own}\n` };
  return {
    "\nlistener 1883\n": "\n",
    "#listener 8883": own,
    "#cafile /etc/mosquitto/certs/ca.pem": `cafile ${tls.ca}`,
    "#certfile /etc/mosquitto/certs/server.pem": `certfile ${tls.certificate}`,
    "#keyfile /etc/mosquitto/certs/server.key": `keyfile ${tls.key}`,
  };
}

const OPEN: Readonly<Record<string, string>> = {
  "allow_anonymous false": "allow_anonymous true",
  "password_file /etc/mosquitto/kraken.passwd": "",
  "acl_file /etc/mosquitto/kraken.acl": "",
};

/** Writes the files for access; gives the changes to the config. */
function guarded(folder: string, acl: string, access: BrokerAccess): Readonly<Record<string, string>> {
  const passwords = join(folder, "kraken.passwd");
  const lines = [...access.users].map(([user, password]) => `${user}:${password}\n`).join("");
  writeFileSync(passwords, lines, { mode: 0o600 });
  execFileSync("mosquitto_passwd", ["-U", passwords]); // hashes them
  const rules = join(folder, "kraken.acl");
  const text = example(acl);
  // The leaf's rules don't name the root.
  const known = Object.entries(topics(access.cluster, access.rootId)).filter(([key]) => text.includes(key));
  writeFileSync(rules, fillIn(text, Object.fromEntries(known)), { mode: 0o600 });
  return { "/etc/mosquitto/kraken.passwd": passwords, "/etc/mosquitto/kraken.acl": rules };
}

function topics(cluster: string, rootId: string): Record<string, string> {
  return { [`kraken/1/${EXAMPLE.cluster}/`]: `kraken/1/${cluster}/`, [EXAMPLE.root]: rootId };
}

function example(file: string): string {
  return readFileSync(join(ROOT, "examples/brokers", file), "utf8");
}
