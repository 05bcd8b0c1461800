import { type List, operations } from "../../src/api/mod.ts";
import type { Control } from "../control/control.ts";
import type { BootNetwork, UnknownMachine } from "../nodes/unknown_machines.ts";
import { createAdopter } from "./adopt.ts";
import type { Handlers } from "./handler.ts";
import { answerPage } from "./list.ts";

const LIST: List = operations.listDiscovered.list;

/** Lists machines that have asked to boot and that no node is known of, and makes one a node. */
export function createDiscoveredHandlers(
  control: Control,
  network: BootNetwork | undefined,
): Pick<Handlers, "listDiscovered" | "adopt"> {
  return {
    listDiscovered(asked) {
      const machines = (network?.unknownMachines.list() ?? []).map(presentMachine);
      const about = { aggregator: control.name, boots: network !== undefined };
      return answerPage(LIST, machines, asked, ({ mac }) => mac, about);
    },
    adopt: createAdopter(control, network),
  };
}

function presentMachine({ first, last, ...machine }: UnknownMachine) {
  return { ...machine, first: new Date(first).toISOString(), last: new Date(last).toISOString() };
}
