import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { isUuid } from "../../../src/state/mod.ts";
import type { SimulatorConfig } from "./config.ts";
import { MACHINE_VARIABLE } from "./reaper.ts";

/** What a booting machine is told: its aggregator, and the broker that leads to it. */
export interface BootSource {
  readonly broker: string;
  /** The aggregator's UUID. */
  readonly parent: string;
}

/**
 * Parses the URI `uri`, such as `mqtt://broker/UUID`.
 *
 * @param own The broker's URL in the simulator's own settings: its name and password are used for other brokers too.
 * @returns Undefined if it is not such a URI.
 */
export function readBootSource(uri: string, own: string): BootSource | undefined {
  if (uri.length > 512 || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  const parent = url.pathname.slice(1);
  if (!/^(mqtts?|wss?):$/.test(url.protocol) || !isUuid(parent)) return undefined;
  const { username, password } = new URL(own);
  url.pathname = "";
  if (url.username === "") Object.assign(url, { username, password });
  return { broker: url.href, parent };
}

/** The file with the output of a machine's agent over all its boots; emptied when it exceeds 1 MiB. */
const LOG_FILE = "agent.log";
const MAX_LOG_SIZE = 2 ** 20;
/** The file that names a machine's last power-on, for a simulator that follows one that was killed. */
const POWER_ON_FILE = "power-on.id";

/** Returns the folder that represents the memory of the machine `name` of `config`, and creates it if it is missing. */
export function machineFolder(config: SimulatorConfig, name: string): string {
  const folder = join(config.runDir, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Empties a machine's memory `folder`, as a loss of power does, and creates it if it is missing. The console log stays.
 */
export function loseMemory(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    if (file !== LOG_FILE) rmSync(join(folder, file), { recursive: true, force: true });
  }
}

/** Writes to `folder` the id `machine` of a power-on. */
export function writePowerOn(folder: string, machine: string): void {
  writeFileSync(join(folder, POWER_ON_FILE), machine);
}

/** Reads from `folder` the last power-on that an earlier simulator did not end; undefined if there was none. */
export function readPowerOn(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, POWER_ON_FILE), "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Starts the agent of a machine.
 *
 * @param config The simulator's config.
 * @param system The machine.
 * @param source The aggregator and broker that it joins.
 * @param machine Names this power-on of the machine: all its processes have it in their environment.
 */
export function startAgent(
  config: SimulatorConfig,
  system: { readonly name: string; readonly id: string },
  machine: string,
  source: BootSource,
): ChildProcess {
  const folder = machineFolder(config, system.name);
  const [command = "", ...args] = [
    ...withoutParentDies(),
    ...config.agent.command,
    ...["--id", system.id, "--name", system.name, "--cluster", config.cluster, "--parent", source.parent],
    ...["--run-dir", folder],
    ...config.agentArgs,
  ];
  const log = openSync(join(folder, LOG_FILE), "a");
  try {
    if (fstatSync(log).size > MAX_LOG_SIZE) ftruncateSync(log, 0);
    const agent = spawn(command, args, {
      detached: true,
      stdio: ["ignore", log, log],
      // The broker's URL may contain a password, which command lines would show to everyone.
      env: { ...process.env, ...config.agent.env, KRAKEN_BROKER: source.broker, [MACHINE_VARIABLE]: machine },
    });
    if (agent.pid !== undefined) writeFileSync(join(folder, "agent.pid"), `${agent.pid}\n`);
    return agent;
  } finally {
    closeSync(log);
  }
}

/** Returns the command that makes the kernel kill the agent if the simulator dies, if util-linux has it. */
function withoutParentDies(): string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, "setpriv")).find((file) => existsSync(file));
  return found === undefined ? [] : [found, "--pdeathsig", "KILL", "--"];
}
