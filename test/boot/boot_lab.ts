import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseControllerConfig } from "../../modules/simpower/simulator/config.ts";
import { startSimulator } from "../../modules/simpower/simulator/start_simulator.ts";
import type { MachineState, SimulatedMachine } from "../../modules/simpower/simulator/machine.ts";
import { type Running, startKraken } from "../../scripts/cluster/process.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { bootByNetwork, type Booted } from "./pxe_client.ts";

/** Redfish that answers at once and never fails. */
const BMC = parseControllerConfig({ resetDelay: { min: 5, mode: 20, max: 60 } });

/** One machine of a lab. */
export interface LabMachine {
  readonly name: string;
  readonly mac: string;
  /** The address that it boots from, where its aggregator gives addresses. */
  readonly address: string | undefined;
  /** The kernel command line of its present boot. */
  cmdline: string | undefined;
  /** The agent's folder of what outlives it. */
  readonly runDir: string;
  agent: ChildProcess | undefined;
  /** Starts the agent again, as init does when it has ended. */
  superviseAgent(): void;
  /** Machines that do not get further than this, where it is set. */
  hangsIn: "nothing" | "power" | "kernel";
  /** What its agents have said. */
  agentLog(): string;
}

/** An aggregator with boot services, and machines that boot from it: all of it real but firmware and kernel. */
export interface BootLab {
  readonly api: string;
  readonly server: string;
  readonly folder: string;
  readonly machines: readonly LabMachine[];
  aggregator: Running;
  restartAggregator(): Promise<void>;
  view(name: string): Promise<Record<string, unknown>>;
  request(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  log(): string;
}

/**
 * Runs a test on a lab of its own, which ends with it.
 *
 * @param options `dhcp`: it gives addresses, from port 67. That takes a network namespace of one's own.
 */
export async function withBootLab(
  options: { readonly names: readonly string[]; readonly dhcp?: "server" },
  body: (lab: BootLab) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-boot-"));
  const files = join(folder, "files");
  mkdirSync(files);
  writeFileSync(join(files, "vmlinuz"), new Uint8Array(700_000).fill(7));
  writeFileSync(join(files, "initrd.img"), new Uint8Array(900_000).fill(8));
  const machines = options.names.map((name, index) => makeMachine(folder, name, index, options.dhcp));
  let server = "";
  const address = options.dhcp === undefined ? "127.0.0.2" : "10.77.0.2";
  const launch = (http: number, boot: { http: number; mqtt: number }): Promise<Running> =>
    startKraken({
      command: [
        ...[denoPath(), "run", "-A", "--no-check", "--config", DENO_CONFIG, join(ROOT, "aggregator/main.ts")],
        ...["--cluster", "lab", "--data", join(folder, "data"), "--grace", "2s", "--http-port", String(http)],
        ...["--mqtt-port", String(boot.mqtt), "--boot-address", address, "--boot-port", String(boot.http)],
        ...["--boot-files", files, "--dhcp", options.dhcp ?? "off"],
      ],
      logFile: join(folder, "aggregator.log"),
    });
  const simulator = await startSimulator({
    systems: machines.map(({ name }) => ({ name, id: nodeIdOf("lab", name) })),
    machineOf: (system) => powered(machines.find(({ name }) => name === system.name), () => server),
    config: BMC,
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    random: Math.random,
    log: createLog(() => {}),
  });
  const first = await launch(0, { http: 0, mqtt: 0 });
  const lab: BootLab = {
    folder,
    machines,
    api: `http://127.0.0.1:${first.ready.http}`,
    aggregator: first,
    get server() {
      return server;
    },
    async restartAggregator() {
      await lab.aggregator.kill();
      lab.aggregator = await launch(Number(first.ready.http), first.ready["boot"] as { http: number; mqtt: number });
    },
    async view(name) {
      const { body } = await lab.request("GET", `/api/v1/nodes/${name}`);
      return body as Record<string, unknown>;
    },
    async request(method, path, body) {
      const answer = await fetch(`${lab.api}${path}`, {
        method,
        headers: { "accept": "application/json", ...(body !== undefined && { "content-type": "application/json" }) },
        signal: AbortSignal.timeout(20_000),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
    },
    log: () => readFileSync(join(folder, "aggregator.log"), "utf8"),
  };
  server = `http://${address}:${(first.ready["boot"] as { http: number }).http}`;
  try {
    const { status, body: answer } = await lab.request("PATCH", "/api/v1/nodes/root/cfg", {
      services: { simpower: { config: { endpoint: `http://127.0.0.1:${simulator.port}`, poll: 200 } } },
    });
    if (status !== 200) throw new Error(JSON.stringify(answer));
    await body(lab);
  } catch (error) {
    console.error(lab.log().slice(-6_000));
    for (const { name, agentLog } of machines) console.error(`${name}: ${agentLog().slice(-1_500)}`);
    console.error(JSON.stringify(await lab.request("GET", "/api/v1/nodes/n1")));
    const events = await lab.request("GET", "/api/v1/events?after=0").catch(() => undefined);
    console.error(JSON.stringify(events?.body, undefined, 1).slice(-6_000));
    throw error;
  } finally {
    await simulator.close();
    await lab.aggregator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The cfg of a machine that is to boot and join. */
export function bootCfg(machine: LabMachine): Record<string, unknown> {
  return {
    platform: "sim",
    parent: "root",
    ipv4: { mac: machine.mac, ...(machine.address !== undefined && { address: machine.address, prefix: 24 }) },
    boot: { method: "pxe", arguments: "console=ttyS0 quiet" },
    physState: "POWER_ON",
    runState: "SYNC",
  };
}

/** Waits until the view of a node has these values. */
export async function untilView(
  lab: BootLab,
  name: string,
  wanted: Record<string, string>,
  limit = 20_000,
): Promise<void> {
  await waitFor(`${name} has ${JSON.stringify(wanted)}`, async () => {
    const { dsc } = await lab.view(name) as { dsc: Record<string, unknown> };
    const found = Object.keys(wanted).map((url) => [url, valueAt(dsc, url)] as const);
    if (found.every(([url, value]) => value === wanted[url])) return true;
    throw new Error(JSON.stringify(Object.fromEntries(found)));
  }, { limit });
}

function valueAt(nested: unknown, url: string): unknown {
  let at: unknown = nested;
  for (const key of url.split("/").slice(1)) {
    at = typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined;
  }
  return at;
}

function makeMachine(folder: string, name: string, index: number, dhcp: "server" | undefined): LabMachine {
  const home = join(folder, name);
  mkdirSync(home);
  const cmdlineFile = join(home, "cmdline");
  const runDir = join(home, "run");
  const agentLog = join(home, "agent.log");
  const machine: LabMachine = {
    name,
    mac: `52:54:00:77:00:${(index + 1).toString(16).padStart(2, "0")}`,
    address: dhcp === undefined ? undefined : `10.77.0.${11 + index}`,
    runDir,
    cmdline: undefined,
    agent: undefined,
    hangsIn: "nothing",
    agentLog: () => existsSync(agentLog) ? readFileSync(agentLog, "utf8") : "",
    superviseAgent() {
      writeFileSync(cmdlineFile, machine.cmdline ?? "");
      const log = openSync(agentLog, "a");
      machine.agent = spawn(denoPath(), [
        ...["run", "-A", "--no-check", "--config", DENO_CONFIG, join(ROOT, "agent/main.ts")],
        ...["--cmdline", cmdlineFile, "--run-dir", runDir],
      ], { stdio: ["ignore", log, log] });
    },
  };
  return machine;
}

/** A machine that boots by itself over the network when it gets power. */
function powered(machine: LabMachine | undefined, server: () => string): SimulatedMachine {
  if (machine === undefined) throw new Error("Expected a machine of the lab");
  let state: MachineState = "off";
  let life = new AbortController();
  async function boot(signal: AbortSignal): Promise<void> {
    if (machine === undefined || machine.hangsIn === "power") return;
    const { mac, address } = machine;
    const from = address === undefined ? {} : { address };
    const booted: Booted = await bootByNetwork({ server: server(), mac, signal, ...from });
    if (signal.aborted) return;
    machine.cmdline = booted.cmdline;
    if (machine.hangsIn !== "kernel") machine.superviseAgent();
  }
  return {
    get state() {
      return state;
    },
    start() {
      state = "on";
      life = new AbortController();
      boot(life.signal).catch((error: unknown) => {
        if (!life.signal.aborted) console.error(`${machine.name}:`, error);
      });
      return Promise.resolve();
    },
    async stop() {
      life.abort();
      const { agent } = machine;
      machine.agent = undefined;
      rmSync(machine.runDir, { recursive: true, force: true });
      if (agent !== undefined && agent.exitCode === null && agent.signalCode === null) {
        const ended = new Promise((resolve) => agent.once("exit", resolve));
        agent.kill("SIGKILL");
        await ended;
      }
      state = "off";
    },
    bootFrom: () => true, // its firmware has nothing but the network
    shutdown() {},
    onExit() {},
  };
}
