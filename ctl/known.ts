import { builtInDeclarations } from "../modules/manifest.ts";
import { policy } from "../src/engine/mod.ts";
import { core, createSchema, type Schema, services } from "../src/state/mod.ts";

/** The variables of every module that comes with Kraken. A server may know more: it checks everything again. */
export const schema: Schema = createSchema([
  core,
  services,
  policy,
  ...builtInDeclarations.flatMap(({ extensions }) => extensions),
]);

const changed = new Set(
  builtInDeclarations.flatMap(({ mutations }) =>
    Object.values(mutations).flatMap(({ changes }) => Object.keys(changes))
  ),
);

/** Tells whether a module's mutations change this variable, so that its desired value is a goal. */
export function isGoal(url: string): boolean {
  const pattern = schema.find(url)?.pattern;
  return pattern !== undefined && changed.has(pattern);
}
