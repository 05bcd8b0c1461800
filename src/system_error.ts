/** What the operating system's error codes mean, and what to do about them. */
const MEANINGS: { readonly [code: string]: string } = {
  EACCES: "this user lacks the permission: check owner and mode, or run it as another user",
  EPERM: "this user lacks the permission: check owner and mode, or run it as another user",
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of its path is a file: expected a folder",
  EEXIST: "something with that name exists already",
  EISDIR: "it is a folder: expected a file",
  ENOSPC: "its disk is full: free some space",
  EDQUOT: "this user's disk quota is used up: free some space",
  EROFS: "its file system is read-only",
  EIO: "its disk fails: look at the kernel's log",
  EMFILE: "too many files are open: raise the limit of open files (ulimit -n)",
  ENFILE: "too many files are open on this machine",
  EADDRINUSE: "another program has the port: stop that one, or choose another port",
  EADDRNOTAVAIL: "this machine has no such address",
  ECONNREFUSED: "nothing listens on that port",
  ENOMEM: "the machine has no memory left",
};

/** Returns the code of an operating system error, such as `ENOENT`; undefined for any other error. */
function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^E[A-Z]{2,20}$/.test(error.code) ? error.code : undefined;
}

/**
 * Explains the operating system error `error` in words: what is wrong, and what to do.
 *
 * @returns Words to follow what was tried, such as "there is no such file or folder"; undefined for any other error.
 */
export function explainSystemError(error: unknown): string | undefined {
  const code = systemErrorCode(error);
  return code === undefined ? undefined : MEANINGS[code];
}

/** Explains `error` likewise, with the file or address if the error names it: a sentence of its own. */
export function describeSystemError(error: unknown): string | undefined {
  const meaning = explainSystemError(error);
  if (meaning === undefined || !(error instanceof Error)) return undefined;
  const text = (name: "path" | "syscall"): string | undefined => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const path = text("path") ?? /'([^']{1,400})'/.exec(error.message)?.[1];
  const tried = text("syscall") ?? "go on";
  return `Cannot ${tried}${path === undefined ? "" : ` '${path}'`}: ${meaning} (${systemErrorCode(error)})`;
}
