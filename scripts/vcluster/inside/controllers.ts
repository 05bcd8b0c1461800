import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseControllerConfig } from "../../../modules/simpower/simulator/config.ts";
import { type Simulator, startSimulator } from "../../../modules/simpower/simulator/start_simulator.ts";
import { systemClock } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import { nodeIdOf } from "../../../src/state/mod.ts";
import { type LabConfig, type LabMachine, machineAddressesOf } from "../lab_config.ts";
import type { VirtualMachine } from "../qemu/command.ts";
import { createQemuMachine } from "../qemu/machine.ts";
import type { ControllerCertificate } from "./certificate.ts";

/** Where Redfish is on each controller: HTTPS. */
const PORT = 443;
/** A controller takes its time for a change of power, in milliseconds. */
const RESET_DELAY = { min: 100, mode: 300, max: 1_000 };

/** Who the controllers let in. */
export interface ControllerUser {
  readonly username: string;
  readonly password: string;
}

/** The virtual machine of a node. */
export function virtualMachine(config: LabConfig, machine: LabMachine): VirtualMachine {
  const folder = join(config.folder, "machines", machine.name);
  mkdirSync(folder, { recursive: true });
  const { mac, tap } = machineAddressesOf(machine.number);
  const { name, memory, arch, firmware } = machine;
  return { name, folder, mac, tap, memory, arch, firmware };
}

/** Starts a Redfish controller for each machine that has one, on an address of its own. */
export async function startControllers(
  config: LabConfig,
  parts: { readonly tls: ControllerCertificate; readonly user: ControllerUser; readonly log: Log },
): Promise<readonly Simulator[]> {
  const { log, tls, user } = parts;
  const behaviour = parseControllerConfig({ resetDelay: RESET_DELAY, user });
  return await Promise.all(
    config.machines.filter(({ power }) => power === "redfish").map((machine) =>
      startSimulator({
        systems: [{ name: machine.name, id: nodeIdOf(config.cluster, machine.name) }],
        machineOf: () => createQemuMachine(virtualMachine(config, machine), log),
        config: behaviour,
        host: machineAddressesOf(machine.number).controller,
        port: PORT,
        tls,
        clock: systemClock,
        random: Math.random,
        log,
      })
    ),
  );
}
