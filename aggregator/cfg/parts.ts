import type { Values } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import { errorText, type Refusal } from "../../src/toolkit/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Domains } from "../nodes/domains.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Profiles } from "../profiles/profile.ts";
import type { Store } from "../store/mod.ts";

/** A network interface of this machine. */
export interface OwnInterface {
  /** IPv4 or IPv6. */
  readonly address: string;
  /** Lower case, with colons. */
  readonly mac: string;
}

/** The cfg that a node should have. */
export interface Wanted {
  readonly id: string;
  readonly cfg: Values;
}

/** What cfg is written to and checked with. */
export interface CfgParts {
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly domains: Domains;
  readonly store: Store;
  readonly changes: Changes;
  /** The profiles as they are now. */
  profiles(): Profiles;
  /** Counts the starts of this program: cfg is written with it. */
  readonly run: number;
  /** Returns the root's signature of an assignment. */
  proofOf(node: string, number: number, parent: string): string;
  readonly cluster: string;
  readonly ownId: string;
  readonly ownName: string;
  /** Whether this is the root, which alone writes cfg. */
  readonly isRoot: boolean;
  /** Network interfaces of this machine, without loopback: no other machine can have their addresses. @default none */
  readonly interfaces?: () => readonly OwnInterface[];
}

/** Returns the refusal of a change that could not be written because of `error`. */
export function notWritten(error: unknown): Refusal {
  const problem = errorText(error);
  return { ok: false, kind: "unavailable", problems: [`Nothing was changed, as the store failed: ${problem}`] };
}
