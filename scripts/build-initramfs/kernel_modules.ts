import { basename } from "node:path";

/** A kernel module: its file, and what it says of itself. */
export interface KernelModule {
  /** Below `/lib/modules/VERSION`, such as `kernel/drivers/net/virtio_net.ko`. */
  readonly path: string;
  /** Its name, with `_` for `-`. */
  readonly name: string;
  /** Names of the modules that it can't be loaded without. */
  readonly depends: readonly string[];
  /** Patterns of the hardware that it drives. */
  readonly aliases: readonly string[];
  /** Names of modules that it works better after; they need not be there. */
  readonly softDepends: readonly string[];
}

/** Reads what a module says of itself. */
export function kernelModule(path: string, info: readonly (readonly [string, string])[]): KernelModule {
  const values = (key: string): string[] => info.filter(([each]) => each === key).map(([, value]) => value);
  return {
    path,
    name: moduleName(path),
    depends: values("depends").flatMap((list) => list.split(",")).filter((name) => name !== "").map(canonical),
    aliases: values("alias"),
    softDepends: values("softdep").flatMap((list) =>
      /\bpre:\s*([^:]*?)(?:\s+post:|$)/.exec(list)?.[1]?.split(/\s+/) ?? []
    )
      .filter((name) => name !== "").map(canonical),
  };
}

/** The name of the module in a file: `virtio-gpu.ko.xz` is `virtio_gpu`. */
export function moduleName(path: string): string {
  return canonical(basename(path).replace(/\.ko(?:\.\w+)?$/, ""));
}

function canonical(name: string): string {
  return name.replaceAll("-", "_");
}

/**
 * The modules of some names with all that they need, each after what it depends on. Names that there is no module of are
 * left out: the kernel has that built in, or not at all.
 */
export function closeModules(names: readonly string[], all: ReadonlyMap<string, KernelModule>): KernelModule[] {
  const ordered = new Map<string, KernelModule>();
  const visiting = new Set<string>();
  function visit(name: string): void {
    const module = all.get(name);
    if (module === undefined || ordered.has(name) || visiting.has(name)) return;
    visiting.add(name);
    [...module.depends, ...module.softDepends].forEach(visit);
    ordered.set(name, module);
  }
  [...names].map(canonical).sort().forEach(visit);
  return [...ordered.values()];
}

/** The text of `modules.dep`, which modprobe reads: each module's file, and the files that are loaded before it, last first. */
export function modulesDep(modules: readonly KernelModule[]): string {
  const all = new Map(modules.map((module) => [module.name, module]));
  return modules.map((module) => {
    const before = closeModules([module.name], all).filter(({ name }) => name !== module.name).reverse();
    return `${module.path}:${before.map(({ path }) => ` ${path}`).join("")}\n`;
  }).join("");
}

/** The text of `modules.alias`, by which modprobe finds the module of a piece of hardware. */
export function modulesAlias(modules: readonly KernelModule[]): string {
  return modules.flatMap(({ name, aliases }) => aliases.map((alias) => `alias ${alias} ${name}\n`)).join("");
}
