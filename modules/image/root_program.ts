import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** The largest number of symbolic links in a path, as in the kernel (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * Returns why a program cannot be started in a root file system; undefined if it exists and is executable. Symbolic
 * links are followed as if `root` were `/`: none leads out of it.
 *
 * @param root Path of the mounted folder.
 * @param program Absolute path in it.
 */
export function programIssue(root: string, program: string): string | undefined {
  const rest = partsOf(program);
  const at: string[] = [];
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === "..") {
      at.pop();
      continue;
    }
    const path = join(root, ...at, part);
    const found = lookAt(path);
    if (found === undefined) return `there is no '${program}' in it`;
    if (!found.isSymbolicLink()) {
      at.push(part);
      continue;
    }
    if (++links > MAX_LINKS) return `'${program}' leads over more than ${MAX_LINKS} symbolic links`;
    const target = readlinkSync(path);
    if (target.startsWith("/")) at.length = 0;
    rest.unshift(...partsOf(target));
  }
  const found = lookAt(join(root, ...at));
  if (found?.isFile() === true && (found.mode & 0o111) !== 0) return undefined;
  return `'${program}' in it is no executable file`;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function lookAt(path: string) {
  try {
    return lstatSync(path);
  } catch {
    return undefined; // missing, or below something that is not a folder
  }
}
