import { execFileSync } from "node:child_process";
import { type MachineAddresses, NETWORK } from "../lab_config.ts";

/**
 * Makes the networks in this process's own network namespace: a bridge with a tap device for each machine, and the
 * controllers' addresses. They go with the namespace.
 *
 * @throws {Error} When `ip` fails, with what it says: without /dev/net/tun there are no tap devices.
 */
export function createNetwork(machines: readonly MachineAddresses[]): void {
  const { bridge, address, prefix } = NETWORK;
  const commands = [
    "link set lo up",
    // Without snooping, multicasts such as router advertisements reach every machine from the start.
    `link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `address add ${address}/${prefix} dev ${bridge}`,
    `link set ${bridge} up`,
    ...machines.flatMap(({ tap, controller }) => [
      `tuntap add ${tap} mode tap`,
      `link set ${tap} master ${bridge} up`,
      `address add ${controller}/32 dev lo`,
    ]),
  ];
  execFileSync("ip", ["-batch", "-"], { input: `${commands.join("\n")}\n`, stdio: ["pipe", "ignore", "pipe"] });
}
