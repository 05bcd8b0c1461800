import { nodeIdOf } from "../../src/state/mod.ts";
import type { Api } from "../cluster/api.ts";
import { type LabConfig, type LabMachine, machineAddressesOf } from "./lab_config.ts";
import type { Lab } from "./lab.ts";

/** What every node runs as its service, so that there is something to see: a web server with its name. Images have port 80. */
const SERVICE = {
  state: "RUN",
  config: {
    command: "sh",
    args: ["-c", "mkdir -p /run/www && uname -n >/run/www/index.html && exec httpd -f -p 8000 -h /run/www"],
    restart: "always",
  },
} as const;

/** How often a controller is asked, in milliseconds, beside the events that it sends. */
const POLL = 5_000;
/** How long a machine that is well may take to shut down, in milliseconds. */
const GRACEFUL = 20_000;

/** What a machine of an architecture boots, as `build-initramfs` calls it, and its serial console. */
const BOOTS = {
  x86_64: { kernel: "vmlinuz", initrd: "initrd.img", console: "ttyS0" },
  aarch64: { kernel: "vmlinuz-aarch64", initrd: "initrd-aarch64.img", console: "ttyAMA0" },
} as const;

/** The root image of a node. */
export interface NodeImage {
  readonly name: string;
  readonly digest: string;
  /** What lies over it, lower to upper. */
  readonly layers?: readonly { readonly name: string; readonly digest: string }[];
  readonly mode: "container" | "root";
}

/** The cfg of the aggregator's own node: how it talks to controllers, and how many machines may boot at once. */
function aggregatorCfg(
  { credentials, authority, atOnce }: {
    readonly credentials: string;
    readonly authority: string;
    readonly atOnce: number;
  },
) {
  return {
    services: {
      redfish: { config: { credentials, ca: authority, poll: POLL, graceful: GRACEFUL } },
      ipmi: { config: { credentials, poll: POLL, graceful: GRACEFUL } },
    },
    // Booting takes all of a processor, and a machine that gets too little of one seems to hang.
    limits: { boot: { mutations: ["redfish/power-on", "ipmi/power-on", "pxe/*"], atMost: atOnce } },
  };
}

/** The cfg of a node: what is to become of its machine, and how. */
function nodeCfg(machine: LabMachine, dhcp: LabConfig["dhcp"], image?: NodeImage) {
  const { mac, address, controller } = machineAddressesOf(machine.number);
  const { kernel, initrd, console } = BOOTS[machine.arch];
  return {
    platform: machine.power,
    arch: machine.arch,
    parent: "root",
    // Beside a site's own server its address is that server's affair.
    ipv4: dhcp === "proxy" ? { mac } : { mac, address, prefix: 16 },
    boot: {
      ...{ method: "pxe", kernel, initrd },
      arguments: `console=${console} quiet panic=-1 shell=console`,
    },
    bmc: { address: machine.power === "redfish" ? `https://${controller}` : controller },
    physState: "POWER_ON",
    runState: "SYNC",
    services: { web: SERVICE },
    ...(image !== undefined && { image: { ...image, state: "ACTIVE" } }),
  };
}

/** Tells the aggregator what there is, and what is to become of it: the machines are powered on. */
export async function applyInventory(
  api: Api,
  { cluster, dhcp, credentials, authority }: Lab,
  machines: readonly LabMachine[],
  { atOnce, image }: { readonly atOnce: number; readonly image?: NodeImage },
): Promise<void> {
  await api.apply([
    { name: "root", cfg: aggregatorCfg({ credentials, authority, atOnce }) },
    ...machines.map((machine) => ({
      ...{ name: machine.name, id: nodeIdOf(cluster, machine.name), cfg: nodeCfg(machine, dhcp, image) },
    })),
  ]);
}
