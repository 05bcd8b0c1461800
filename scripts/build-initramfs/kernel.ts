import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Arch, ARCHES } from "../debian/arch.ts";
import { moduleInfo } from "../debian/elf.ts";
import type { DebianPackages } from "../debian/packages.ts";
import type { CpioEntry } from "./cpio.ts";
import {
  closeModules,
  type KernelModule,
  kernelModule,
  moduleName,
  modulesAlias,
  modulesDep,
} from "./kernel_modules.ts";

/**
 * What a node's kernel may need before its root image is there. A kernel lacks some of them, as Debian's one for clouds
 * has no drivers of real network cards: what it has is taken. They are loaded by what hardware is found, apart from
 * those under {@link ALWAYS}.
 */
export const WANTED: readonly string[] = [
  // Machines that are virtual.
  ...["virtio_pci", "virtio_mmio", "virtio_net", "virtio_rng", "vmxnet3", "hv_netvsc", "xen_netfront", "ena", "gve"],
  // Network cards of 1 to 400 Gbit/s.
  ...["e1000", "e1000e", "igb", "igc", "r8169", "tg3", "bnx2", "atlantic"],
  ...["ixgbe", "i40e", "ice", "bnxt_en", "qede", "cxgb4", "be2net", "enic", "mlx4_en", "mlx5_core", "sfc", "ionic"],
  // Those of ARM64 machines.
  ...["hns3", "thunder_nic", "bcmgenet", "lan78xx", "macb", "dwmac_generic", "mvneta", "mvpp2", "xgene_enet_v2"],
  // The power button.
  ...["button", "evdev", "gpio_keys"],
];

/** What init loads in any case: images are squashfs files with an overlay above them. */
export const ALWAYS: readonly string[] = ["loop", "squashfs", "overlay"];

/** Debian's kernel for virtual machines, or that for all machines. */
export type Flavour = "cloud" | "full";

/** The largest module that is taken, in bytes. */
const MAX_MODULE = 2 ** 26;

/** A kernel with those of its modules that a node needs. */
export interface Kernel {
  /** Its version, such as `6.1.0-56-cloud-amd64`. */
  readonly release: string;
  /** The kernel itself. */
  readonly image: string;
  /** Its modules, with the indexes that modprobe reads, as files of the initramfs. */
  readonly modules: readonly CpioEntry[];
}

/** Takes Debian's kernel of an architecture, the one that its metapackage stands for today. */
export async function takeKernel(arch: Arch, flavour: Flavour, debian: DebianPackages): Promise<Kernel> {
  const name = `linux-image-${flavour === "cloud" ? "cloud-" : ""}${ARCHES[arch].debian}`;
  const folder = await debian.unpack(await debian.dependency(name, arch, /^linux-image-\d/), arch);
  const release = readdirSync(join(folder, "boot")).find((file) => file.startsWith("vmlinuz-"))?.slice(
    "vmlinuz-".length,
  );
  if (release === undefined) throw new RangeError(`Cannot find a kernel in ${folder}/boot`);
  const library = ["lib/modules", "usr/lib/modules"].map((place) => join(folder, place, release)).find((each) =>
    existsSync(each)
  );
  if (library === undefined) throw new RangeError(`Cannot find the modules of ${release} in ${folder}`);
  return {
    release,
    image: join(folder, "boot", `vmlinuz-${release}`),
    modules: modulesOf(library, `lib/modules/${release}`),
  };
}

function modulesOf(library: string, target: string): CpioEntry[] {
  const files = new Map(
    readdirSync(join(library, "kernel"), { recursive: true, withFileTypes: true })
      .filter(({ name }) => /\.ko(?:\.xz|\.zst)?$/.test(name))
      .map((entry) => join(entry.parentPath, entry.name)).sort()
      .map((file) => [moduleName(file), file] as const),
  );
  // Only those are read that can be needed: there are thousands.
  const read = new Map<string, { readonly module: KernelModule; readonly data: Uint8Array }>();
  function readModule(name: string): void {
    const file = files.get(name);
    if (file === undefined || read.has(name)) return;
    const data = uncompressed(file);
    const module = kernelModule(relative(library, file).replace(/\.ko\.\w+$/, ".ko"), moduleInfo(data));
    read.set(name, { module, data });
    for (const needed of [...module.depends, ...module.softDepends]) readModule(needed);
  }
  const names = [...ALWAYS, ...WANTED];
  names.forEach(readModule);
  const modules = closeModules(names, new Map([...read].map(([name, { module }]) => [name, module])));
  const text = (path: string, content: string): CpioEntry => ({
    ...{ kind: "file", path: `${target}/${path}`, data: new TextEncoder().encode(content) },
  });
  return [
    ...modules.map(({ name, path }): CpioEntry => ({
      ...{ kind: "file", path: `${target}/${path}`, data: read.get(name)?.data ?? new Uint8Array() },
    })),
    text("modules.dep", modulesDep(modules)),
    text("modules.alias", modulesAlias(modules)),
  ];
}

/** A module as it is before compression; busybox loads no other, and the archive is compressed as a whole. */
function uncompressed(file: string): Uint8Array {
  if (file.endsWith(".ko")) return readFileSync(file);
  return execFileSync(file.endsWith(".xz") ? "xz" : "zstd", ["-dc", file], { maxBuffer: MAX_MODULE });
}
