import type { Clock } from "../../src/clock.ts";
import {
  adoptProgram,
  childrenOf,
  type Exit,
  identityOf,
  isRunning,
  processesWith,
  type ProcessIdentity,
  signalGroup,
  signalProcess,
  startProgram,
} from "../../src/process/mod.ts";
import { CONTAINER_MARK, containerCommand } from "./commands.ts";
import { COMMAND_PATH } from "./mounts.ts";

/** How often to look for a starting container: the interval in milliseconds, and the number of looks, 2 s in all. */
const LOOK_INTERVAL = 20;
const LOOKS = 100;

/** A container that runs or has run. */
export interface Container {
  /** Where the output of this run begins in its file. */
  readonly outputFrom: number;
  /** Resolves when its first process has ended, and with it all others. */
  readonly ended: Promise<Exit>;
  /** Ends it: SIGTERM to its first process, and SIGKILL after `stopTimeout` milliseconds. */
  stop(stopTimeout: number): Promise<Exit>;
}

/** What every container needs. */
export interface ContainerParts {
  readonly clock: Clock;
  /** When it fires, this process stops waiting for the container, which continues. */
  readonly signal: AbortSignal;
}

/** Creates and finds containers. */
export interface Containers {
  /** See {@link startContainer}. */
  readonly start: typeof startContainer;
  /** See {@link adoptContainer}. */
  readonly adopt: typeof adoptContainer;
}

/** The containers of this machine. */
export const realContainers: Containers = { start: startContainer, adopt: adoptContainer };

/**
 * Starts a container in a mounted root.
 *
 * @param what The command: see {@link containerCommand}.
 * @param parts What every container needs.
 * @throws {Error} If `unshare` is missing.
 */
export async function startContainer(
  what: Parameters<typeof containerCommand>[0] & { readonly output: string },
  parts: ContainerParts,
): Promise<Container> {
  const { program, args } = containerCommand(what);
  // The agent's own environment may hold secrets. Programs in a container check the variable `container`.
  const env = { PATH: COMMAND_PATH, HOME: "/", container: "kraken" };
  const leader = await startProgram({ command: program, args, env }, what.output, parts.signal);
  const first = findFirst(leader.pid, leader.ended, parts.clock);
  return {
    outputFrom: leader.outputFrom,
    ended: endWith(leader.ended, first),
    async stop(stopTimeout) {
      const cancel = signalFirst(await first, leader.pid, stopTimeout, parts.clock);
      return await leader.ended.finally(cancel);
    },
  };
}

/**
 * Finds the container that an earlier run of this program started in `root`. A container that never reached its first
 * process is ended.
 *
 * @param parts What every container needs.
 * @returns Undefined if none runs.
 */
export async function adoptContainer(root: string, parts: ContainerParts): Promise<Container | undefined> {
  const leader = leaderOf(root);
  if (leader === undefined) return undefined;
  const first = await findFirst(leader, undefined, parts.clock);
  if (first === undefined) {
    signalGroup(leader, "SIGKILL");
    return undefined;
  }
  const { ended } = adoptProgram(first, parts.clock, parts.signal);
  return {
    outputFrom: 0,
    ended,
    async stop(stopTimeout) {
      const cancel = signalFirst(first, leader, stopTimeout, parts.clock);
      return await ended.finally(cancel);
    },
  };
}

/**
 * Finds the process that started a container in this root and waits for it. Until the container is set up, its child
 * looks the same.
 */
function leaderOf(root: string): number | undefined {
  const found = processesWith(root).filter(({ args }) => args.includes(CONTAINER_MARK)).map(({ pid }) => pid);
  const children = new Set(found.flatMap((pid) => childrenOf(pid)));
  return found.find((pid) => !children.has(pid));
}

/** Waits for the first process of a container; undefined if its leader ends without one. */
async function findFirst(
  leader: number,
  ended: Promise<Exit> | undefined,
  clock: Clock,
): Promise<ProcessIdentity | undefined> {
  let over = false;
  ended?.then(() => over = true);
  for (let look = 0; look < LOOKS && !over; look++) {
    const [child] = childrenOf(leader);
    const identity = child === undefined ? undefined : identityOf(child);
    if (identity !== undefined) return identity;
    await new Promise<void>((resolve) => clock.after(LOOK_INTERVAL, resolve));
  }
  return undefined;
}

/** If only the leader is killed, the container is left behind: it is ended too. */
async function endWith(
  ended: Promise<Exit>,
  first: Promise<ProcessIdentity | undefined>,
): Promise<Exit> {
  const exit = await ended;
  const identity = await first;
  if (identity !== undefined && isRunning(identity)) signalProcess(identity, "SIGKILL");
  return exit;
}

function signalFirst(
  first: ProcessIdentity | undefined,
  leader: number,
  stopTimeout: number,
  clock: Clock,
): () => void {
  if (first === undefined) {
    signalGroup(leader, "SIGKILL");
    return () => {};
  }
  signalProcess(first, "SIGTERM");
  return clock.after(stopTimeout, () => signalProcess(first, "SIGKILL"));
}
