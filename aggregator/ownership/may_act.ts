import type { Machine, Ownership } from "./ownership.ts";

/** The name of an aggregator; undefined for one that is not known here. */
export type NameOf = (id: string) => string | undefined;

/** What holds of an aggregator as a whole, and so of each of its nodes. */
export type Standing =
  | { readonly kind: "acting" }
  /** Its parent is away, and its standby may have taken its nodes over. */
  | { readonly kind: "fenced"; readonly standby: string }
  /** It has lost its disk, and has not been told of everything below it. */
  | { readonly kind: "learning" };

/** Whether an aggregator's engine may act on a node, and if not, why not: for code and in words. */
export type Permission =
  /** `isOwner`: without reserve. Otherwise only as its machine is off, or not seen yet, or wanted off: so no agent is hurt. */
  | { readonly may: true; readonly isOwner: boolean }
  | {
    readonly may: false;
    readonly because: Ownership["kind"] | Exclude<Standing["kind"], "acting">;
    readonly why: string;
  };

const OWNER: Permission = { may: true, isOwner: true };
const HARMLESS: Permission = { may: true, isOwner: false };

/**
 * Tells whether an aggregator's engine may act on a node.
 *
 * @param nameOf Names aggregators.
 */
export function mayAct(ownership: Ownership, standing: Standing, nameOf: NameOf): Permission {
  switch (standing.kind) {
    case "fenced":
      return no(
        "fenced",
        `nothing is done to it: the parent of its aggregator is away, and '${standing.standby}' may have it`,
      );
    case "learning":
      return no(
        "learning",
        "nothing is done to it: its aggregator has lost its disk, and waits to be told of its nodes",
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
      if (isHarmless(ownership.machine)) return HARMLESS;
      const others = [...new Set(ownership.holders.map((id) => quote(nameOf(id))))];
      return no(
        "expected",
        `it was moved and has not joined here: nothing is done to it while ${
          others.length === 0 ? ANOTHER : others.join(", ")
        } may have it`,
      );
    }
    case "disputed":
      if (isHarmless(ownership.machine)) return HARMLESS;
      return no(
        "disputed",
        `it was moved and has not joined here: nothing is done to it, as it has joined another aggregator under ` +
          `assignment ${ownership.claimed}, of which this one has not heard`,
      );
    case "owned":
      return OWNER;
    default:
      return ownership satisfies never;
  }
}

const ANOTHER = "another aggregator";
function quote(name: string | undefined): string {
  return name === undefined ? ANOTHER : `'${name}'`;
}

/** Tells whether what is done to a machine can't hurt an agent that is well elsewhere, or is not a repair. */
function isHarmless({ power, isWantedOff }: Machine): boolean {
  // One that was not seen yet is looked at, which changes nothing. Who asks for a machine to be off asks for no repair.
  return power === "off" || power === "unknown" || isWantedOff;
}

function no(because: Exclude<Permission, { readonly may: true }>["because"], why: string): Permission {
  return { may: false, because, why };
}
