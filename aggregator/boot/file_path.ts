/** The longest path that is taken, in characters. */
const MAX_PATH = 512;

/**
 * A path that came from a network, relative to the root that is served; undefined when it is none. Leading slashes mean
 * the root, as firmware writes them; empty parts and `.` go. `..`, backslashes and control characters are refused, and a percent sign
 * is only a percent sign: nothing is decoded here. Symbolic links are for {@link openFile} to judge.
 */
export function cleanPath(path: string): string | undefined {
  // deno-lint-ignore no-control-regex
  if (path.length > MAX_PATH || /[\u0000-\u001f\u007f\\]/.test(path)) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 || parts.includes("..") ? undefined : parts.join("/");
}
