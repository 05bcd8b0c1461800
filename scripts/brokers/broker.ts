import { freePort, isListening } from "./ports.ts";
import { type Running, startServer } from "../cluster/process.ts";

/** A broker of others that runs as a process of its own, on loopback. It dies with this process. */
export interface Broker {
  readonly port: number;
  /** Where it is, without user and password, such as `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  readonly pid: number;
  /** Asks it to end (SIGTERM), and waits until it has. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and with the same files, after it was stopped or killed. */
  start(): Promise<void>;
}

/** Passwords by user name. */
export type Users = ReadonlyMap<string, string>;

/**
 * Starts a broker and waits until it takes connections.
 *
 * @param options Its port, 0 for any that is free; where its output goes; and what writes its files for the port and
 * gives the command that starts it.
 * @throws {Error} When the port is in use, or the broker ends at once: with the end of its output.
 */
export async function startBroker(
  options: {
    readonly port: number;
    readonly logFile: string;
    readonly signal?: AbortSignal;
    prepare(port: number): Promise<readonly string[]>;
  },
): Promise<Broker> {
  const { logFile, signal } = options;
  const port = options.port === 0 ? await freePort() : options.port;
  // Otherwise the one that is there would be taken for this one.
  if (await isListening(port)) throw new Error(`Cannot start a broker on 127.0.0.1:${port} as the port is in use`);
  const command = await options.prepare(port);
  const launch = (): Promise<Running> =>
    startServer({ command, logFile, ...(signal === undefined ? {} : { signal }) }, () => isListening(port));
  let running = await launch();
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    get pid() {
      return running.pid;
    },
    stop: () => running.stop(),
    kill: () => running.kill(),
    async start() {
      await running.exited;
      running = await launch();
    },
  };
}
