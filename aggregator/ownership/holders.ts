/** What the root knows of a node that it is about to give to another aggregator. */
export interface BeforeMove {
  /** The aggregator that has it until now; undefined where it was below none. */
  readonly parent: string | undefined;
  /** The aggregators that may still have it from before that. */
  readonly holders: readonly string[];
  /** Whether the node has joined under its present assignment: it was told to go by those before, or tells them itself. */
  readonly hasJoined: boolean;
  /** Whether its parent is lost, knows that the next one stands by for it, and the node knows so too: that one does nothing then. */
  readonly isHandedOver: boolean;
}

/** The aggregators that may still have a node once it is given to another one: that one does nothing to it until they release it. */
export function holdersAfter({ parent, holders, hasJoined, isHandedOver }: BeforeMove, to: string): readonly string[] {
  const before = hasJoined ? [] : holders;
  const until = parent === undefined || isHandedOver ? [] : [parent];
  return [...new Set([...before, ...until])].filter((each) => each !== to);
}
