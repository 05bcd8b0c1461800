import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseControllerConfig } from "../../modules/simpower/simulator/config.ts";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import type { MachineState, SimulatedMachine, SimulatedSensors } from "../../modules/simpower/simulator/machine.ts";
import { type Simulator, startSimulator } from "../../modules/simpower/simulator/start_simulator.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";

/** The user of every BMC of a test. */
export const USER = { username: "admin", password: "kraken-secret-4711" };

/** A machine that only exists in memory. */
export interface PlainMachine extends SimulatedMachine {
  /** What was done with it, in order. */
  readonly done: string[];
  /** It goes off by itself. */
  exit(): void;
  /** What its sensors say from now on. */
  sensors: SimulatedSensors;
  /** How often they were read. */
  senses: number;
  /** Whether it heeds its power button. */
  heeds: boolean;
}

/** Makes one. */
export function createPlainMachine(): PlainMachine {
  const listeners: (() => void)[] = [];
  let state: MachineState = "off";
  const machine: PlainMachine = {
    done: [],
    sensors: { inlet: 22, watts: 180 },
    senses: 0,
    heeds: true,
    get state() {
      return state;
    },
    async start() {
      machine.done.push("start");
      state = "on";
    },
    async stop() {
      machine.done.push("stop");
      state = "off";
    },
    async restart() {
      machine.done.push("restart");
    },
    shutdown() {
      machine.done.push("shutdown");
      if (machine.heeds) machine.exit();
    },
    interrupt() {
      machine.done.push("interrupt");
    },
    exit() {
      state = "off";
      listeners.forEach((listener) => listener());
    },
    onExit: (listener) => void listeners.push(listener),
    sense() {
      machine.senses++;
      return machine.sensors;
    },
  };
  return machine;
}

/** BMCs that listen, and their machines by name. */
export interface TestBmcs extends Simulator {
  readonly url: string;
  readonly machines: ReadonlyMap<string, PlainMachine>;
}

/** Starts BMCs behind one port of loopback. `more` is how they behave beside being quick. */
export async function startBmcs(
  names: readonly string[],
  more: { readonly [name: string]: unknown },
  tls?: Pair,
): Promise<TestBmcs> {
  const machines = new Map(names.map((name) => [name, createPlainMachine()]));
  const simulator = await startSimulator({
    systems: names.map((name) => ({ name, id: crypto.randomUUID() })),
    machineOf: ({ name }) => machines.get(name) ?? createPlainMachine(),
    config: parseControllerConfig({ resetDelay: { min: 1, mode: 5, max: 10 }, ...more }),
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    random: seededRandom(1),
    log: createLog(() => {}),
    ...(tls !== undefined && { tls }),
  });
  const scheme = tls === undefined ? "http" : "https";
  return { ...simulator, machines, url: `${scheme}://127.0.0.1:${simulator.port}` };
}

/** A certificate that is self-signed, and its key. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  /** Where the certificate is. */
  readonly file: string;
}

/** Makes a certificate for 127.0.0.1, as BMCs have them. */
export function makeCertificate(folder: string, name: string): Pair {
  const [file, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"],
    ...["-keyout", keyFile, "-out", file, "-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"],
  ], { stdio: "ignore" });
  const certificate = readFileSync(file, "utf8");
  const fingerprint = createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex");
  return { certificate, key: readFileSync(keyFile, "utf8"), fingerprint, file };
}

/** Writes credentials as an administrator would. */
export function writeCredentials(folder: string, name: string, user: object = USER): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(user));
  chmodSync(file, 0o600);
  return file;
}
