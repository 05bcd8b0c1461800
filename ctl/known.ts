import { hostinfoDeclaration } from "../modules/hostinfo/declaration.ts";
import { imageDeclaration } from "../modules/image/declaration.ts";
import { ipmiDeclaration } from "../modules/ipmi/declaration.ts";
import { joinDeclaration } from "../modules/join/declaration.ts";
import { powermanDeclaration } from "../modules/powerman/declaration.ts";
import { pxeDeclaration } from "../modules/pxe/declaration.ts";
import { redfishDeclaration } from "../modules/redfish/declaration.ts";
import { rpiDeclaration } from "../modules/rpi/declaration.ts";
import { serviceDeclaration } from "../modules/service/declaration.ts";
import { simpowerDeclaration } from "../modules/simpower/declaration.ts";
import { policy } from "../src/engine/mod.ts";
import type { ModuleDeclaration } from "../src/plan/mod.ts";
import { core, createSchema, type Schema, services } from "../src/state/mod.ts";

const declarations: readonly ModuleDeclaration[] = [
  joinDeclaration,
  pxeDeclaration,
  rpiDeclaration,
  simpowerDeclaration,
  redfishDeclaration,
  ipmiDeclaration,
  powermanDeclaration,
  serviceDeclaration,
  imageDeclaration,
  hostinfoDeclaration,
];

/** The variables of every module that comes with Kraken. A server may know more: it checks everything again. */
export const schema: Schema = createSchema([
  core,
  services,
  policy,
  ...declarations.flatMap(({ extensions }) => extensions),
]);

const changed = new Set(
  declarations.flatMap(({ mutations }) => Object.values(mutations).flatMap(({ changes }) => Object.keys(changes))),
);

/** Tells whether a module's mutations change this variable, so that its desired value is a goal. */
export function isGoal(url: string): boolean {
  const pattern = schema.find(url)?.pattern;
  return pattern !== undefined && changed.has(pattern);
}
