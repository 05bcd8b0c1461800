/** The reason why a handler of a module did not do its work. */
export interface Failure {
  readonly message: string;
  /** False if a retry cannot help: the mutation is held at once. */
  readonly retry: boolean;
  /** True if the cause is outside the mutation and does not predict its outcome on other nodes. */
  readonly outside?: boolean;
  /** True if the device or service could not be reached, so that nothing was tried: no attempt is used up. */
  readonly unavailable?: boolean;
  /** True if it says nothing about the node: the declared `failTo` does not apply. */
  readonly blameless?: boolean;
  /** A text that is also valid for other nodes, if `message` quotes something of this one. */
  readonly summary?: string;
}
