import assert from "node:assert/strict";
import { test } from "node:test";
import { createIpmiFacts, parseFirmware } from "../../modules/ipmi/facts.ts";
import { createCoverage, fc } from "../support/property.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { withPlayed } from "./ipmi_bench.ts";

const MINUTE = 60_000;

test("parseFirmware() finds the controller's version, and takes whatever comes", () => {
  assert.equal(parseFirmware("Device ID : 0\r\nFirmware Revision         : 9.08\r\nIPMI Version : 2.0\n"), "BMC 9.08");
  assert.equal(parseFirmware("Firmware Revision : 9\u001b[2J\n"), "BMC 9?[2J");
  for (const odd of ["", "Firmware Revision", "Firmware Revision : ", "Aux Firmware Rev Info : 1", "x".repeat(9_999)]) {
    assert.equal(parseFirmware(odd), undefined);
  }
  const covered = createCoverage("firmware revisions", ["a version", "none"], 0.05);
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      const version = parseFirmware(`Firmware Revision : ${text}`);
      covered.saw(version === undefined ? "none" : "a version");
      assert.ok(version === undefined || /^BMC [\x21-\x7e]{1,32}$/.test(version));
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("ipmi discovers health, firmware and the LED with its first poll, and asks for them again every ten minutes", async () => {
  const asked: string[] = [];
  let [chassis, info] = [" 21 10 40\n", "Firmware Revision : 9.08\n"];
  await withPlayed(async (args) => {
    const words = args.slice(args.indexOf("-v") + 1).join(" ");
    if (!words.startsWith("chassis")) asked.push(words);
    const stdout = words.startsWith("raw") ? chassis : words === "mc info" ? info : "Chassis Power is on\n";
    return stdout === "" ? { code: 1, stdout, stderr: "Invalid command\n" } : { code: 0, stdout, stderr: "" };
  }, async ({ node, clock }) => {
    const said = () => ["/bmc/health", "/bmc/firmware", "/bmc/led"].map((url) => node.view.get(url));
    await clock.advance(MINUTE);
    assert.deepEqual(said(), ["OK", "BMC 9.08", "OFF"]);
    assert.deepEqual(asked.splice(0), ["raw 0x00 0x01", "mc info"]);
    node.view.set("/bmc/led", "ON"); // it was turned since: what was read before says nothing of that
    await clock.advance(5 * MINUTE);
    assert.deepEqual([said(), asked], [["OK", "BMC 9.08", "ON"], []]);
    [chassis, info] = [" 29 10 70\n", ""];
    await clock.advance(6 * MINUTE);
    assert.deepEqual(said(), ["Critical", "BMC 9.08", "ON"]);
    [chassis, info] = ["", ""];
    await clock.advance(11 * MINUTE);
    assert.deepEqual(said(), ["Critical", "BMC 9.08", "ON"], "silence proves nothing");
    assert.equal(node.view.get("/bmc/error"), undefined);
    assert.equal(node.view.get("/physState"), "POWER_ON");
  });
});

test("facts are not asked for while a mutation waits, and none of one controller are taken for those of another", async () => {
  const clock = createVirtualClock();
  const facts = createIpmiFacts(clock);
  const { signal } = new AbortController();
  let asked = 0;
  const fact = async () => {
    asked++;
    return "Firmware Revision : 1\n";
  };
  assert.equal(await facts.of("1", "a", { signal, urgent: true }, fact), undefined);
  assert.equal(asked, 0);
  assert.deepEqual(await facts.of("1", "a", { signal, urgent: false }, fact), { firmware: "BMC 1" });
  assert.deepEqual(await facts.of("1", "a", { signal, urgent: true }, fact), { firmware: "BMC 1" });
  assert.equal(await facts.of("1", "b", { signal, urgent: true }, fact), undefined);
  assert.equal(await facts.of("1", "b", { signal, urgent: false }, async () => undefined), undefined);
  facts.forget("1");
  assert.equal(await facts.of("1", "a", { signal, urgent: true }, fact), undefined);
});
