import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Value } from "../state/mod.ts";
import type { Module, ModuleNode } from "./define.ts";

/** The program around a module host. */
export interface ModuleHostOptions {
  readonly modules: readonly Module[];
  /** The writer that the program is for the nodes that its modules serve: modules may discover only what it writes. */
  readonly role: "parent" | "self";
  /** The UUID of the program's own node, which shows the state of modules and holds their configs. */
  readonly programNode: string;
  /** The nodes that the modules serve: the program's own in an agent, the children in an aggregator. */
  nodes(): Iterable<ModuleNode>;
  /** One of these nodes, or the program's own; undefined if there is no such node. */
  node(id: string): ModuleNode | undefined;
  /** Takes an observed value, which has been checked. Null: it can no longer be known. */
  discover(node: string, url: string, value: Value | null): void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
