import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

const PLACES = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/bin/mosquitto"];

/** Where Mosquitto is installed; undefined where it is not. */
export const MOSQUITTO = PLACES.find((place) => existsSync(place));
/** Why tests against Mosquitto are skipped, if they are. */
export const NO_MOSQUITTO = MOSQUITTO === undefined
  ? "Mosquitto is not installed: apt-get install mosquitto"
  : undefined;

/** A Mosquitto of a test's own. */
export interface Mosquitto {
  readonly port: number;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Starts Mosquitto on loopback, with a config and a folder of its own; port 0 for any free one. */
export async function startMosquitto(port: number): Promise<Mosquitto> {
  if (MOSQUITTO === undefined) throw new Error(NO_MOSQUITTO);
  const chosen = port === 0 ? await freePort() : port;
  const folder = mkdtempSync(join(tmpdir(), "kraken-mosquitto-"));
  const config = join(folder, "mosquitto.conf");
  writeFileSync(
    config,
    `listener ${chosen} 127.0.0.1\nallow_anonymous true\npersistence false\nmessage_size_limit 524288\nlog_dest none\n`,
  );
  const child = spawn(MOSQUITTO, ["-c", config], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    await listening(child, chosen);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal);
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
  return { port: chosen, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  let open = false;
  function attempt(): void {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      open = true;
      socket.destroy();
    });
    socket.once("error", () => {
      socket.destroy();
      if (child.exitCode === null && !open) setTimeout(attempt, 20);
    });
  }
  attempt();
  await until(() => open || child.exitCode !== null);
  if (!open) throw new Error(`Mosquitto ended with code ${child.exitCode}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo; // it listens on a TCP port
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
