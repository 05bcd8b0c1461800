import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseControllerConfig, type SimulatorConfig } from "../../modules/simpower/simulator/config.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";

const command = await runtimeArguments(
  fileURLToPath(new URL("../../modules/simpower/simulator/main.ts", import.meta.url)),
);

/** A simulator that runs as a process of its own, on the runtime that runs the test. */
export interface TestSimulator {
  readonly endpoint: string;
  readonly process: ChildProcess;
  /** Ids of the processes that run on its machines. */
  machineProcesses(): number[];
  /** GET or, with a body, POST of a path below `/redfish/v1/Systems`. */
  ask(path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  /** The power of a machine, as its controller tells it. */
  power(name: string): Promise<unknown>;
  /** Sends a signal and waits for the end. @returns The exit code, or null when a signal ended it. */
  end(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | null>;
}

/** A config of one machine, `n1`, that is quick and whose agent is a shell that waits. */
export function quickConfig(folder: string, more: Partial<SimulatorConfig> = {}): SimulatorConfig {
  return {
    cluster: "test",
    systems: [{ name: "n1", id: "11111111-1111-4111-8111-111111111111" }],
    agent: { command: ["sh", "-c", 'echo "$0 $@"; exec sleep 600'], env: {} },
    broker: "mqtt://127.0.0.1:1",
    parent: "22222222-2222-4222-8222-222222222222",
    runDir: join(folder, "machines"),
    seed: 1,
    bootDelay: { min: 20, mode: 30, max: 40 },
    ...parseControllerConfig({ resetDelay: { min: 10, mode: 20, max: 30 } }),
    hangProbability: 0,
    agentArgs: [],
    ...more,
  };
}

/** Starts a simulator; its processes carry a mark of this test, so that tests don't see each other's. */
export async function startSimulator(folder: string, config: SimulatorConfig): Promise<TestSimulator> {
  const mark = `KRAKEN_TEST_MARK=${crypto.randomUUID()}`;
  const [name = "", value = ""] = mark.split("=");
  const marked = { ...config, agent: { ...config.agent, env: { ...config.agent.env, [name]: value } } };
  const file = join(folder, "simulator.json");
  writeFileSync(file, JSON.stringify(marked));
  const child = spawn(process.execPath, [...command, "--config", file], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const endpoint = `http://127.0.0.1:${await readyPort(child, exited)}`;
  async function ask(path: string, body?: unknown) {
    const response = await fetch(`${endpoint}/redfish/v1/Systems${path}`, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  }
  return {
    endpoint,
    process: child,
    machineProcesses: () => processesWith(mark),
    ask,
    power: async (system) => (await ask(`/${system}`)).body.PowerState,
    end(signal) {
      // Deno takes a child that child.kill() was called for to have ended by that signal, whatever it did.
      if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, signal);
      return exited;
    },
  };
}

/** Runs a test with a simulator, which is ended afterwards with whatever it left. */
export async function withSimulator(
  folder: string,
  config: SimulatorConfig,
  run: (simulator: TestSimulator) => Promise<void>,
): Promise<void> {
  const simulator = await startSimulator(folder, config);
  try {
    await run(simulator);
  } finally {
    await simulator.end("SIGTERM");
    for (const pid of simulator.machineProcesses()) process.kill(pid, "SIGKILL");
  }
}

/** Starts the simulator with these arguments, for the sake of what it says when it refuses. */
export async function runSimulator(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [...command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (chunk) => stderr += String(chunk));
  child.stdout?.resume();
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stderr };
}

async function readyPort(child: ChildProcess, exited: Promise<number | null>): Promise<number> {
  let output = "";
  let errors = "";
  child.stderr?.on("data", (chunk) => errors += String(chunk));
  const line = new Promise<string>((resolve) => {
    child.stdout?.on("data", (chunk) => {
      output += String(chunk);
      if (output.includes("\n")) resolve(output);
    });
  });
  const first = await Promise.race([line, exited.then((code) => new Error(`It ended with ${code}: ${errors}`))]);
  if (first instanceof Error) throw first;
  const ready: { ready: boolean; port: number } = JSON.parse(first);
  return ready.port;
}

/** Ids of the processes that have a variable in their environment. */
export function processesWith(variable: string): number[] {
  return readdirSync("/proc").map(Number).filter((pid) => {
    if (!Number.isInteger(pid) || pid === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(variable);
    } catch {
      return false;
    }
  });
}
