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

/** What a {@link Common} needs. */
interface CommonParts {
  readonly child: string;
  readonly replica: Replica;
  /** Those that the child is told of. */
  documents(): Iterable<string>;
  /** Tells whether the child is to have a change. */
  wanted(change: Change): boolean;
}

/** A class, as each link has one: its getters and methods are there once. */
class CommonWithChild implements Common {
  holding: Holding | undefined;
  /** What changed later the child has not. */
  private upTo = 0;
  private readonly parts: CommonParts;

  constructor(parts: CommonParts) {
    this.parts = parts;
  }
  get hasParent(): boolean {
    return this.holding !== undefined && this.holding.parent !== "";
  }
  begin({ holdings, blank }: Pick<BirthFrame, "holdings" | "blank">): void {
    const { child, replica } = this.parts;
    this.holding = holdings === undefined || blank === true
      ? undefined
      : commonOf(holdings, holdingOf(child, this.documents(), holdings.cfg.length));
    this.upTo = replica.index;
  }
  forget(): void {
    this.holding = undefined;
  }
  has({ id, facet, url, index }: Change): boolean {
    if (this.holding === undefined || index > this.upTo || facet === "self") return false;
    if (facet === "parent") return id === this.parts.child && url !== OF_EACH_LINK && this.hasParent;
    return this.holding.cfg[partOf(id, this.holding.cfg.length)] !== "";
  }

  private *documents(): Generator<HeldDocument> {
    for (const id of this.parts.documents()) {
      yield { id, cfg: this.told(id, "cfg"), parent: id === this.parts.child ? this.told(id, "parent") : NOTHING };
    }
  }
  /** What the child is to have of a facet: mostly all of it, whose digest is known then. */
  private told(id: string, facet: "cfg" | "parent"): Facet {
    const { replica, wanted } = this.parts;
    const all = replica.get(id)?.facets[facet] ?? NOTHING;
    const index = replica.indexOf(id);
    const some = [...all].filter(([url, entry]) => wanted({ id, facet, url, entry, index }));
    return some.length === all.size ? all : new Map(some);
  }
}

/** See {@link Common}. */
export function createCommon(parts: CommonParts): Common {
  return new CommonWithChild(parts);
}

/** What a child has of what parents tell, for its birth. */
export function holdingIn(replica: Replica, child: string, parts: number): Holding {
  function* documents(): Generator<HeldDocument> {
    for (const id of replica.ids()) {
      const facets = replica.get(id)?.facets;
      yield { id, cfg: facets?.cfg ?? NOTHING, parent: facets?.parent ?? NOTHING };
    }
  }
  return holdingOf(child, documents(), parts);
}
