/** A program that can't be started. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** Whether there is no such program. */
  readonly isMissing: boolean;
  constructor(message: string, isMissing: boolean) {
    super(message);
    this.isMissing = isMissing;
  }
}

/** Says why a program can't be started, from what `spawn` says. */
export function startFailure(command: string, error: Error): StartError {
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new StartError(`Cannot start '${command}' as there is no such command`, true);
  if (code === "EACCES") return new StartError(`Cannot start '${command}' as it may not be executed`, false);
  return new StartError(`Cannot start '${command}': ${error.message}`, false);
}
