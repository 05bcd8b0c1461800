import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { refusalOf } from "../../aggregator/boot/admission.ts";
import { createBoots } from "../../aggregator/boot/http/boots.ts";
import type { PxeRegistry } from "../../modules/pxe/registry.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const OWN = "10.77.0.11";

test("nobody gets a token while the agent is heard, and where addresses are ours only the machine itself after its own request", () => {
  const bool = fc.boolean();
  const covered = createCoverage("who asks to boot", ["admitted", "in-use", "elsewhere"], 0.05);
  fc.assert(
    fc.property(bool, bool, bool, bool, bool, (isUp, isRunning, holdsAddresses, hasLease, isOwn) => {
      const host = { id: "id", name: "n1", ...(hasLease && { lease: { address: OWN } }) };
      const registry = { isUp: () => isUp, isRunning: () => isRunning };
      const refusal = refusalOf(host, isOwn ? OWN : "10.77.0.12", { registry, holdsAddresses });
      covered.saw(refusal?.kind ?? "admitted");
      const isBound = holdsAddresses && hasLease;
      assert.equal(refusal === undefined, !isUp && (!isBound || (isOwn && !isRunning)));
      assert.equal(refusal?.kind === "elsewhere", !isUp && isBound && !isOwn);
    }),
    { numRuns: 300 },
  );
  covered.check();
});

const registry: PxeRegistry = {
  host: () => undefined,
  hosts: () => [],
  bystander: () => undefined,
  hostAt: () => undefined,
  isUp: () => false,
  isRunning: () => false,
  saw() {},
};

test("one machine has a token a second at most, all of them so many, and nothing is kept of a boot that is over", async () => {
  const clock = createVirtualClock();
  const boots = createBoots(registry, clock);
  assert.equal(boots.admit("a"), "yes");
  assert.equal(boots.admit("a"), "just-now");
  boots.end("a");
  assert.equal(boots.admit("a"), "yes");
  const admitted = () => Array.from({ length: 1_000 }, (_, n) => boots.admit(`n${n}`)).filter((said) => said === "yes");
  assert.equal(admitted().length, 198);
  await clock.advance(500);
  assert.equal(boots.admit("a"), "just-now", "it is not forgotten while others ask");
  assert.equal(admitted().length, 200);
});
