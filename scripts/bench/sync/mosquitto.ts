import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { ProgramError } from "../../../src/cli/mod.ts";
import { SETPRIV } from "../../cluster/process.ts";
import { GaveUp, waitFor } from "../../cluster/wait.ts";

const PLACES = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/bin/mosquitto"];

/** A broker as a process of its own. */
export interface BrokerProcess {
  readonly pid: number;
  /** Where clients reach it. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts a Mosquitto on loopback, on any free port. It dies with this process where the system has `setpriv`.
 *
 * Its queue for one client has room for the births of all agents at once: 1,000, as it is without a setting, would lose some
 * of them, which would then be born again.
 *
 * @throws {ProgramError} When it is not installed.
 */
export async function startMosquitto(folder: string, signal: AbortSignal): Promise<BrokerProcess> {
  const program = PLACES.find((place) => existsSync(place));
  if (program === undefined) throw new ProgramError("Mosquitto is not installed: apt-get install mosquitto");
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, "mosquitto.conf");
  const settings = [
    `listener ${port} 127.0.0.1`,
    ...["allow_anonymous true", "persistence false", "log_dest none", "set_tcp_nodelay true"],
    ...["message_size_limit 524288", "max_inflight_messages 1000", "max_queued_messages 100000"],
  ];
  writeFileSync(config, `${settings.join("\n")}\n`);
  const own = [program, "-c", config];
  const [file = "", ...args] = SETPRIV === undefined ? own : [SETPRIV, "--pdeathsig", "KILL", "--", ...own];
  const child = spawn(file, args, { stdio: "ignore", detached: true });
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  }).then(() => {
    ended = true;
  });
  async function stop(): Promise<void> {
    const pid = child.pid;
    // By process id: Deno takes a child that it has sent a signal for one that the signal has ended.
    const send = (signal: NodeJS.Signals) => {
      if (!ended && pid !== undefined) process.kill(pid, signal);
    };
    send("SIGTERM");
    const timer = setTimeout(() => send("SIGKILL"), 5_000);
    await exited;
    clearTimeout(timer);
  }
  try {
    await waitFor("Mosquitto listened", () => {
      if (ended) throw new GaveUp("Mosquitto has ended");
      return answers(port);
    }, { limit: 10_000, signal });
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid ?? 0, url: `mqtt://127.0.0.1:${port}`, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo; // it listens on a TCP port
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
