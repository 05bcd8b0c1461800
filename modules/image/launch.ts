import type { Clock } from "../../src/clock.ts";
import { firstOf, lastLine } from "../../src/process/mod.ts";
import type { Container, Containers } from "./container.ts";
import type { Root, Roots } from "./roots.ts";
import { imageNameOf } from "./situation.ts";

/** How long a container must stay up to count as running, in milliseconds. */
const STEADY = 1000;

/** What the containers of a node are started with. */
export interface LaunchParts {
  /** The node's name: the container's host name. */
  readonly hostname: string;
  readonly roots: Roots;
  readonly containers: Containers;
  /** The file that takes the container's output. */
  readonly output: string;
  readonly clock: Clock;
  /** Ends all watching. */
  readonly signal: AbortSignal;
}

/**
 * Starts the container of `root`, and waits until it is steady.
 *
 * @param parts What it is started with.
 * @throws {Error} If it ends before that, or if `signal` fires, which ends it.
 */
export async function launch(root: Root, parts: LaunchParts, signal: AbortSignal): Promise<Container> {
  const { hostname, output, roots, containers, clock } = parts;
  const { command, stopTimeout } = root.config;
  const container = await containers.start(
    { root: root.root, hostname, command, output, others: roots.othersThan(root) },
    parts,
  );
  const outcome = await firstOf(container.ended, clock, STEADY, signal);
  if (outcome === "steady") return container;
  if (outcome !== "aborted") throw new Error(describeEnd(outcome.words, root, container, output));
  await container.stop(stopTimeout);
  throw new Error(`Gave up starting ${imageNameOf(root.config)} as it is not wanted any more`);
}

/**
 * Describes how the container of a root ended, with its last line of output.
 *
 * @param words How it ended.
 * @param output The file with its output.
 */
export function describeEnd(words: string, { config }: Root, { outputFrom }: Container, output: string): string {
  const line = lastLine(output, outputFrom);
  return `'${config.command.join(" ").slice(0, 200)}' of ${imageNameOf(config)} ${words}${
    line === "" ? "" : `: ${line}`
  }`;
}
