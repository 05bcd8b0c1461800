import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Value } from "../state/mod.ts";
import type { Module, ModuleNode } from "./define.ts";

/** What a module host needs of the program that it runs in. */
export interface ModuleHostOptions {
  readonly modules: readonly Module[];
  /** What the program is to the nodes that its modules serve: modules may discover only what that writer writes. */
  readonly role: "parent" | "self";
  /** The id of the program's own node: the state of modules is shown there, and their configs are read there. */
  readonly programNode: string;
  /** The nodes that the modules serve: the program's own in an agent, the children in an aggregator. */
  nodes(): Iterable<ModuleNode>;
  /** One of these nodes, or the program's own. */
  node(id: string): ModuleNode | undefined;
  /** Takes what was observed: checked already. */
  discover(node: string, url: string, value: Value | null): void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
