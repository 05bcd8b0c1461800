import type { Machine, Ownership } from "./ownership.ts";

/** Returns the name of an aggregator, or undefined if it is not known here. */
export type NameOf = (id: string) => string | undefined;

/** The state of the whole aggregator, which applies to each of its nodes. */
export type Standing =
  | { readonly kind: "acting" }
  /** Its parent is away, and its standby may have taken over its nodes. */
  | { readonly kind: "fenced"; readonly standby: string }
  /** It has lost its disk, or has none yet, and has not received everything below it from its parent. */
  | { readonly kind: "learning" };

/** Whether the engine may act on a node and, if not, why, for code and in words. */
export type Permission =
  | { readonly may: true }
  | {
    readonly may: false;
    readonly because: Ownership["kind"] | Exclude<Standing["kind"], "acting">;
    readonly why: string;
  };

const YES: Permission = { may: true };

/**
 * Determines whether an aggregator's engine may act on a node: if it owns the node, or if no agent can be harmed, because
 * its machine is off, not seen yet, or wanted off.
 *
 * @param ownership The node's state at this aggregator.
 * @param standing The state of the aggregator itself.
 * @param nameOf Returns the names of aggregators, for the reason.
 * @returns The permission, or the reason in words that follow the node's name.
 */
export function mayAct(ownership: Ownership, standing: Standing, nameOf: NameOf): Permission {
  switch (standing.kind) {
    case "fenced":
      return no(
        "fenced",
        `Kraken leaves it alone: its aggregator has lost its parent, and '${standing.standby}' may have taken over the node`,
      );
    case "learning":
      return no(
        "learning",
        "Kraken leaves it alone: its aggregator has lost its disk and waits for the list of its nodes",
      );
    case "acting":
      return mayActAlone(ownership, nameOf);
    default:
      return standing satisfies never;
  }
}

function mayActAlone(ownership: Ownership, nameOf: NameOf): Permission {
  switch (ownership.kind) {
    case "foreign":
      return no("foreign", "it does not belong to this aggregator");
    case "below":
      return no("below", `it is served below ${quote(nameOf(ownership.via))}`);
    case "departing":
      return no("departing", "it was moved to another aggregator");
    case "expected": {
      if (isHarmless(ownership.machine)) return YES;
      const others = [...new Set(ownership.holders.map((id) => quote(nameOf(id))))];
      return no(
        "expected",
        `it was moved and has not joined here: Kraken leaves it alone while ${
          others.length === 0 ? ANOTHER : others.join(", ")
        } may have it`,
      );
    }
    case "disputed":
      if (isHarmless(ownership.machine)) return YES;
      return no(
        "disputed",
        `it was moved and has not joined here: Kraken leaves it alone, as it has joined another aggregator under ` +
          `assignment ${ownership.claimed}, which has not arrived here`,
      );
    case "owned":
      return YES;
    default:
      return ownership satisfies never;
  }
}

const ANOTHER = "another aggregator";
function quote(name: string | undefined): string {
  return name === undefined ? ANOTHER : `'${name}'`;
}

/** Tells whether acting on a machine cannot harm an agent that is healthy elsewhere, or is not a repair. */
function isHarmless({ power, isWantedOff }: Machine): boolean {
  // A machine that was not seen yet is only read, which changes nothing. Powering off on request is not a repair.
  return power === "off" || power === "unknown" || isWantedOff;
}

function no(because: Exclude<Permission, { readonly may: true }>["because"], why: string): Permission {
  return { may: false, because, why };
}
