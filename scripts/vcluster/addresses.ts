/** The network of a virtual cluster: it is inside a namespace of its own, so that it is the same in every one. */
export const NETWORK = { bridge: "kraken0", address: "10.77.0.1", prefix: 16, bootPort: 8080 } as const;

/** Where the machines' controllers are, in another network. */
const CONTROLLERS = "10.78";
/** The most machines: each has a number in two bytes of its addresses. */
export const MAX_MACHINES = 250;

/** What the machine with a number, from 1, is called on the networks. */
export interface MachineAddresses {
  readonly mac: string;
  /** Of its network card. */
  readonly address: string;
  /** Of its controller. */
  readonly controller: string;
  readonly tap: string;
}

/** The addresses of a machine. @param number From 1 to {@link MAX_MACHINES}. */
export function addressesOf(number: number): MachineAddresses {
  const hex = number.toString(16).padStart(2, "0");
  return {
    mac: `52:54:00:77:00:${hex}`,
    address: `10.77.1.${number}`,
    controller: `${CONTROLLERS}.1.${number}`,
    tap: `tap${number}`,
  };
}
