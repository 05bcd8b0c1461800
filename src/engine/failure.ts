/** A reason why a handler of a module did not do its work. */
export interface Failure {
  readonly message: string;
  /** False when trying again can't help: the mutation is held at once. */
  readonly retry: boolean;
  /** True when it came from outside, and says nothing of how the mutation does on other nodes. */
  readonly outside?: boolean;
  /** True when what the mutation works with could not be asked, so that it was not tried: no attempt is used up. */
  readonly unavailable?: boolean;
  /** True when it says nothing of the node: what the mutation declares as `failTo` is not stated. */
  readonly blameless?: boolean;
  /** What may be said of it on other nodes, where `message` quotes what was seen of this one. */
  readonly summary?: string;
}
