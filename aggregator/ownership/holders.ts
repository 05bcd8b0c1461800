/** What the root knows about a node that it is about to assign to another aggregator. */
export interface BeforeMove {
  /** The aggregator that has it until now; undefined if it was below none. */
  readonly parent: string | undefined;
  /** The aggregators that may still have it from earlier moves. */
  readonly holders: readonly string[];
  /**
   * Whether the node has joined under its present assignment: earlier aggregators have redirected it, or it tells them
   * itself that it has left.
   */
  readonly hasJoined: boolean;
  /**
   * Whether its parent is lost and knows its standby, which is the new parent, and the node knows that too: the parent
   * then does nothing.
   */
  readonly isHandedOver: boolean;
}

/**
 * Returns the aggregators that may still have a node after a move. The new aggregator leaves the node alone until they
 * release it.
 *
 * @param to The id of the new aggregator.
 */
export function holdersAfter({ parent, holders, hasJoined, isHandedOver }: BeforeMove, to: string): readonly string[] {
  const before = hasJoined ? [] : holders;
  const until = parent === undefined || isHandedOver ? [] : [parent];
  return [...new Set([...before, ...until])].filter((each) => each !== to);
}
