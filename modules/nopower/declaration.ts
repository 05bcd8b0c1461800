import { boot } from "../../src/boot/mod.ts";
import { declareModule } from "../../src/plan/mod.ts";
import { core } from "../../src/state/mod.ts";

/**
 * Machines that nobody can power on or off from here: laptops, virtual machines of others, cloud machines. A machine
 * that is heard is on; the power state of a silent one is unknown. No mutation can power one off, so no repair does.
 */
export const nopowerDeclaration = declareModule({
  name: "nopower",
  about: "Follows machines without power control: on while their agent is heard",
  extensions: [core, boot],
  discovers: ["/physState"],
  mutations: {
    appear: {
      context: "parent",
      changes: { "/physState": ["PHYS_UNKNOWN", "POWER_ON"] },
      requires: { "/platform": "none" },
      timeout: 86_400_000, // a day: then it waits anew
      about: "Waits until the agent of a machine without power control is heard",
    },
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { "/platform": "none", "/physState": "POWER_ON" },
      excludes: { "/boot/method": ["pxe", "rpi"] }, // whose boots others follow
      timeout: 60_000,
      about: "Waits for the agent of a machine that was heard",
    },
  },
});
