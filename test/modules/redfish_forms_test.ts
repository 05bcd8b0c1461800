import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { FAULTS } from "../../modules/simpower/simulator/faults.ts";
import { FORMS } from "../../modules/simpower/simulator/forms.ts";
import { STAGES, tryForm } from "./redfish_matrix.ts";

/** Each fault begins at one stage, by turns; at each of them with KRAKEN_MATRIX=all, which takes three times as long. */
const isWhole = process.env["KRAKEN_MATRIX"] === "all";

for (const [place, form] of Object.keys(FORMS).entries()) {
  test(`redfish takes a machine of the form '${form}' off and on, gracefully and by force, with every fault`, async () => {
    for (const [turn, fault] of Object.keys(FAULTS).entries()) {
      const stages = isWhole ? STAGES : STAGES.slice((place + turn) % STAGES.length).slice(0, 1);
      for (const stage of stages) {
        assert.equal(await tryForm(form, fault, stage), undefined, `${form} with ${fault} from ${stage} on`);
      }
    }
  });
}
