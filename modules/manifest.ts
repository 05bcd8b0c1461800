import type { ModuleDeclaration } from "../src/plan/mod.ts";
import { hostinfoDeclaration } from "./hostinfo/declaration.ts";
import { imageDeclaration } from "./image/declaration.ts";
import { ipmiDeclaration } from "./ipmi/declaration.ts";
import { joinDeclaration } from "./join/declaration.ts";
import { manualDeclaration } from "./manual/declaration.ts";
import { nopowerDeclaration } from "./nopower/declaration.ts";
import { powermanDeclaration } from "./powerman/declaration.ts";
import { pxeDeclaration } from "./pxe/declaration.ts";
import { redfishDeclaration } from "./redfish/declaration.ts";
import { rpiDeclaration } from "./rpi/declaration.ts";
import { serviceDeclaration } from "./service/declaration.ts";
import { simpowerDeclaration } from "./simpower/declaration.ts";

/** The declarations of the modules that run in agents. */
export const agentDeclarations: readonly ModuleDeclaration[] = [
  serviceDeclaration,
  imageDeclaration,
  hostinfoDeclaration,
];

/** The declarations of the modules that run in aggregators. */
const aggregatorDeclarations: readonly ModuleDeclaration[] = [
  joinDeclaration,
  pxeDeclaration,
  rpiDeclaration,
  simpowerDeclaration,
  redfishDeclaration,
  ipmiDeclaration,
  powermanDeclaration,
  manualDeclaration,
  nopowerDeclaration,
];

/** The declarations of all modules of Kraken. Add a new module above, and nowhere else. */
export const builtInDeclarations: readonly ModuleDeclaration[] = [...aggregatorDeclarations, ...agentDeclarations];
