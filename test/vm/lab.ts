import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type Api, createApi, type ListedNode } from "../../scripts/cluster/api.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { machineAddressesOf } from "../../scripts/vcluster/lab_config.ts";
import { addImage, buildForMachines, layOutBootFiles } from "../../scripts/vcluster/boot_files.ts";
import { followLabEvents } from "../../scripts/vcluster/events.ts";
import { applyInventory, type NodeImage } from "../../scripts/vcluster/inventory.ts";
import { type Lab, startLab } from "../../scripts/vcluster/lab.ts";
import { machinesOf } from "../../scripts/vcluster/machines.ts";
import { machineFiles } from "../../scripts/vcluster/qemu/command.ts";
import type { SeenEvent } from "../../scripts/vcluster/timings.ts";
import { nodeIdOf } from "../../src/state/mod.ts";

/** Why virtual machines can't be tried here; undefined where they can. */
export const NO_MACHINES: string | undefined = reason();

function reason(): string | undefined {
  if (process.getuid?.() !== 0) return "not root: a network of its own can't be made";
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun";
  return existsSync("/usr/bin/qemu-system-x86_64") ? undefined : "qemu-system-x86 is not installed";
}

/** A virtual cluster for one test. */
export interface VirtualLab {
  readonly lab: Lab;
  readonly folder: string;
  readonly api: Api;
  readonly names: readonly string[];
  events(): Promise<readonly SeenEvent[]>;
  node(name: string): Promise<ListedNode>;
  id(name: string): string;
  /** Everything is as it should be, for all nodes or some. */
  converge(limit: number, ...names: string[]): Promise<void>;
  /** Every reset that a controller has taken so far, as it was asked for. */
  resets(name: string): readonly string[];
  /** The process of a machine, as this process sees it. */
  qemu(name: string): number;
  /** The process of the aggregator. */
  aggregator(): number;
  console(name: string): string;
  /** Path of a machine's control socket: QMP. */
  control(name: string): string;
  /** Waits until the site's own DHCP server has granted a machine its address once more: half of its two minutes at most. */
  renewed(name: string): Promise<void>;
  /** Types on a machine's console. */
  type(name: string, text: string): Promise<void>;
  /** The first process inside, as this process sees it: its namespaces are the cluster's. */
  first(): number;
  /** Adds an image to what is served. */
  serve(file: string): Promise<{ readonly name: string; readonly digest: string }>;
}

/** Runs a test on a virtual cluster of its own, which ends with it, whatever happens. Logs are printed when it fails. */
export async function withMachines(
  options: {
    readonly nodes: number;
    readonly uefi?: readonly string[];
    readonly "uefi-http"?: readonly string[];
    readonly aarch64?: readonly string[];
    readonly ipmi?: readonly string[];
    readonly dhcp?: "server" | "proxy";
    /** How long a lost link may take to come back. */
    readonly grace?: string;
    readonly memory?: number;
    readonly atOnce?: number;
    readonly image?: { readonly file: string; readonly layers?: readonly string[]; readonly mode: NodeImage["mode"] };
  },
  run: (lab: VirtualLab) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-vm-"));
  const bootFiles = join(folder, "boot");
  const { dhcp = "server", grace = "5s", memory = 192, atOnce = 2 } = options;
  const machines = machinesOf({ ...options, memory });
  try {
    layOutBootFiles(await buildForMachines(machines), bootFiles);
    const lab = await startLab({ cluster: "virtual", folder, bootFiles, dhcp, grace, machines }, 0);
    try {
      const api = createApi(lab.api);
      const image = options.image && await addImages(options.image, bootFiles);
      await applyInventory(api, lab, machines, { atOnce, ...(image !== undefined && { image }) });
      await run(labOf(lab, api, folder, machines.map(({ name }) => name)));
    } finally {
      await lab.stop();
    }
  } catch (error) {
    printLogs(folder);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function addImages(
  { file, layers = [], mode }: {
    readonly file: string;
    readonly layers?: readonly string[];
    readonly mode: NodeImage["mode"];
  },
  bootFiles: string,
): Promise<NodeImage> {
  const above = await Promise.all(layers.map((each) => addImage(each, bootFiles)));
  return { ...await addImage(file, bootFiles), layers: above, mode };
}

function labOf(lab: Lab, api: Api, folder: string, names: readonly string[]): VirtualLab {
  const files = (name: string) => machineFiles(join(folder, "machines", name));
  /** How often an address was granted. */
  const granted = (address: string) =>
    readFileSync(join(folder, "site.log"), "utf8").split(`DHCPACK(site1) ${address} `).length;
  return {
    ...{ lab, folder, api, names },
    events: followLabEvents(lab.api),
    async node(name) {
      const node = (await api.nodes()).find((each) => each.name === name);
      if (node === undefined) throw new RangeError(`No node '${name}'`);
      return node;
    },
    id: (name) => nodeIdOf(lab.cluster, name),
    async converge(limit, ...some) {
      const wanted = some.length === 0 ? names : some;
      await waitFor(`${wanted.join(", ")} have converged`, async () => {
        const left = (await api.nodes()).filter(({ name, phase }) => wanted.includes(name) && phase !== "converged");
        if (left.length === 0) return true;
        throw new Error(
          left.map(({ name, phase, reason, physState }) => `${name} ${physState} ${phase} ${reason}`).join("; "),
        );
      }, { limit, every: 300 });
    },
    resets(name) {
      return readFileSync(join(folder, "inside.log"), "utf8").split("\n")
        .filter((line) => line.includes('"Takes a reset"') && line.includes(`"system":"${name}"`))
        .map((line) => /"type":"(\w+)"/.exec(line)?.[1] ?? "");
    },
    qemu: (name) => processWith(`QEMU of '${name}'`, "qemu-system", `${files(name).control},`),
    aggregator: () => processWith("aggregator", "deno", join(folder, "aggregator")),
    async renewed(name) {
      const { address } = machineAddressesOf(names.indexOf(name) + 1);
      const before = granted(address);
      await waitFor(`${name} renews its lease`, () => granted(address) > before, { limit: 150_000, every: 1_000 });
    },
    type: (name, text) =>
      new Promise((resolve, reject) => {
        const socket = connect(files(name).consoleSocket, () => socket.end(text, () => resolve()));
        socket.on("error", reject);
      }),
    first: () => processWith("inside of the cluster", "deno", join(folder, "lab.json")),
    control: (name) => files(name).control,
    console: (name) => readFileSync(files(name).consoleLog, "utf8"),
    serve: (file) => addImage(file, join(folder, "boot")),
  };
}

/** The process of a program that has a text among its arguments. */
function processWith(what: string, program: string, text: string): number {
  const found = processIds().find((pid) => {
    const [file = "", ...args] = commandOf(pid);
    return file.includes(program) && args.some((word) => word.includes(text));
  });
  if (found === undefined) throw new Error(`No ${what} runs`);
  return found;
}

/** All processes of this machine that can be seen. */
export function processIds(): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
}

/** The command line of a process; empty when it has ended. */
export function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function printLogs(folder: string): void {
  const machines = join(folder, "machines");
  const consoles = existsSync(machines) ? readdirSync(machines).map((name) => `machines/${name}/console.log`) : [];
  for (const name of ["inside.log", "aggregator.log", "site.log", ...consoles]) {
    try {
      process.stderr.write(`--- ${name}\n${readFileSync(join(folder, name), "utf8").slice(-4000)}\n`);
    } catch {
      // It was never written: the cluster did not get that far.
    }
  }
}
