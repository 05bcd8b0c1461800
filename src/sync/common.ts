import type { Facet } from "../state/mod.ts";
import { commonOf, type HeldDocument, type Holding, holdingOf, OF_EACH_LINK, partOf } from "./holding.ts";
import type { BirthFrame, Change, Replica } from "./types.ts";

/**
 * What a child has already when it begins, though it is not known from which run of the parent, or from which parent: nothing
 * of that is sent to it.
 */
export interface Common {
  /** What the child is told that it has; undefined: nothing. */
  readonly holding: Holding | undefined;
  /** Whether the child has the `parent` facet of its own node as it is here. */
  readonly hasParent: boolean;
  /** A child is born. */
  begin(birth: Pick<BirthFrame, "holdings" | "blank">): void;
  /** The child has to be told of everything, until it is born again. */
  forget(): void;
  /** Whether the child has this already. */
  has(change: Change): boolean;
}

const NOTHING: Facet = new Map();

/**
 * See {@link Common}.
 *
 * @param parts `documents` are those that the child is told of; `wanted` tells whether it is to have a change.
 */
export function createCommon(
  parts: {
    readonly child: string;
    readonly replica: Replica;
    documents(): Iterable<string>;
    wanted(change: Change): boolean;
  },
): Common {
  const { child, replica } = parts;
  let holding: Holding | undefined;
  /** What changed later the child has not. */
  let upTo = 0;

  function* documents(): Generator<HeldDocument> {
    for (const id of parts.documents()) {
      yield { id, cfg: told(id, "cfg"), parent: id === child ? told(id, "parent") : NOTHING };
    }
  }
  /** What the child is to have of a facet: mostly all of it, whose digest is known then. */
  function told(id: string, facet: "cfg" | "parent"): Facet {
    const all = replica.get(id)?.facets[facet] ?? NOTHING;
    const index = replica.indexOf(id);
    const some = [...all].filter(([url, entry]) => parts.wanted({ id, facet, url, entry, index }));
    return some.length === all.size ? all : new Map(some);
  }

  return {
    get holding() {
      return holding;
    },
    get hasParent() {
      return holding !== undefined && holding.parent !== "";
    },
    begin({ holdings, blank }) {
      holding = holdings === undefined || blank === true
        ? undefined
        : commonOf(holdings, holdingOf(child, documents(), holdings.cfg.length));
      upTo = replica.index;
    },
    forget() {
      holding = undefined;
    },
    has({ id, facet, url, index }) {
      if (holding === undefined || index > upTo || facet === "self") return false;
      if (facet === "parent") return id === child && url !== OF_EACH_LINK && holding.parent !== "";
      return holding.cfg[partOf(id, holding.cfg.length)] !== "";
    },
  };
}

/** What a child holdings, for its birth; undefined where that is nothing. */
export function holdingIn(replica: Replica, child: string, parts: number): Holding {
  function* documents(): Generator<HeldDocument> {
    for (const id of replica.ids()) {
      const facets = replica.get(id)?.facets;
      yield { id, cfg: facets?.cfg ?? NOTHING, parent: facets?.parent ?? NOTHING };
    }
  }
  return holdingOf(child, documents(), parts);
}
