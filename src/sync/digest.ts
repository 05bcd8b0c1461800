import { createHash } from "node:crypto";
import type { ModuleDeclaration } from "../plan/mod.ts";
import { canonicalText } from "../state/mod.ts";

const known = new WeakMap<readonly ModuleDeclaration[], string>();

/** Names a set of declarations, whatever its order: 32 hexadecimal digits of its SHA-256. Worked out once for each list. */
export function digestOf(modules: readonly ModuleDeclaration[]): string {
  const before = known.get(modules);
  if (before !== undefined) return before;
  const sorted = [...modules].sort((a, b) => (a.name < b.name ? -1 : 1));
  const text = canonicalText(JSON.parse(JSON.stringify(sorted)));
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 32);
  known.set(modules, digest);
  return digest;
}
