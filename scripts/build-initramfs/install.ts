import { randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Puts a file in place whole: the old one may be being served, and another build may be putting its own there. @throws {Error} When it can't be written; then nothing has changed. */
export function installInitramfs(data: Uint8Array, file: string): void {
  const whole = `${file}.${randomUUID()}.new`;
  try {
    writeFileSync(whole, data);
    renameSync(whole, file);
  } catch (error) {
    rmSync(whole, { force: true });
    throw error;
  }
}
