import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";

/** Puts a file that was built where it is run from: whole, and by renaming, since the old one may be running. */
export function install(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  const whole = `${to}.${process.pid}.new`; // another one may build it at the same moment
  copyFileSync(from, whole);
  renameSync(whole, to);
}
