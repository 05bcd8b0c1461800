import assert from "node:assert/strict";
import { test } from "node:test";
import { hostinfoDeclaration } from "../../modules/hostinfo/declaration.ts";
import { imageDeclaration } from "../../modules/image/declaration.ts";
import { ipmiDeclaration } from "../../modules/ipmi/declaration.ts";
import { manualDeclaration } from "../../modules/manual/declaration.ts";
import { nopowerDeclaration } from "../../modules/nopower/declaration.ts";
import { joinDeclaration } from "../../modules/join/declaration.ts";
import { powermanDeclaration } from "../../modules/powerman/declaration.ts";
import { pxeDeclaration } from "../../modules/pxe/declaration.ts";
import { redfishDeclaration } from "../../modules/redfish/declaration.ts";
import { rpiDeclaration } from "../../modules/rpi/declaration.ts";
import { serviceDeclaration } from "../../modules/service/declaration.ts";
import { simpowerDeclaration } from "../../modules/simpower/declaration.ts";
import { MAX_INTEGER } from "../../src/state/mod.ts";

const ALL = [
  ...[hostinfoDeclaration, imageDeclaration, ipmiDeclaration, joinDeclaration, powermanDeclaration, pxeDeclaration],
  ...[redfishDeclaration, rpiDeclaration, serviceDeclaration, simpowerDeclaration],
  ...[manualDeclaration, nopowerDeclaration],
];

/** All numbers in a value, with where they are. */
function numbersIn(value: unknown, at: string): [string, number][] {
  if (typeof value === "number") return [[at, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => numbersIn(each, `${at} ${key}`));
}

test("what modules declare has only numbers that messages between programs may have: integers of 32 bits", () => {
  for (const declaration of ALL) {
    for (const [at, number] of numbersIn(declaration, declaration.name)) {
      assert.ok(Number.isInteger(number) && Math.abs(number) <= MAX_INTEGER, `${at} is ${number}`);
    }
  }
});
