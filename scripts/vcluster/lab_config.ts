import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());
const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{1,64}$/));
const schema = v.strictObject({
  cluster: name,
  /** Where data, logs and sockets go. */
  folder: text,
  /** What the aggregator serves to machines that boot. */
  bootFiles: text,
  /** Who gives machines their addresses: the aggregator, or a server of the site's own beside it. */
  dhcp: v.picklist(["server", "proxy"]),
  /** How long a lost link may take to come back, such as `5s`. */
  grace: text,
  machines: v.pipe(
    v.array(v.strictObject({
      name,
      number: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(250)),
      memory: v.pipe(v.number(), v.integer(), v.minValue(64)),
      arch: v.picklist(["x86_64", "aarch64"]),
      firmware: v.picklist(["bios", "uefi", "uefi-http"]),
      power: v.picklist(["redfish", "ipmi"]),
    })),
    v.minLength(1),
  ),
});

/** What runs inside the namespace of a virtual cluster. */
export type LabConfig = v.InferOutput<typeof schema>;
/** One of its machines. */
export type LabMachine = LabConfig["machines"][number];

/** Takes in what {@link startLab} has written. @throws {Error} When it does not fit. */
export function parseLabConfig(value: unknown): LabConfig {
  return v.parse(schema, value);
}

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
export function machineAddressesOf(number: number): MachineAddresses {
  const hex = number.toString(16).padStart(2, "0");
  return {
    mac: `52:54:00:77:00:${hex}`,
    address: `10.77.1.${number}`,
    controller: `${CONTROLLERS}.1.${number}`,
    tap: `tap${number}`,
  };
}
