/** Thrown for a program that cannot be started. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** Whether the program does not exist. */
  readonly isMissing: boolean;
  constructor(message: string, isMissing: boolean) {
    super(message);
    this.isMissing = isMissing;
  }
}

/**
 * Explains why `command` cannot be started, from the error of `spawn`.
 *
 * @param error The error.
 */
export function startFailure(command: string, error: Error): StartError {
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new StartError(`Cannot start '${command}' as there is no such command`, true);
  if (code === "EACCES") return new StartError(`Cannot start '${command}' as it may not be executed`, false);
  return new StartError(`Cannot start '${command}': ${error.message}`, false);
}
