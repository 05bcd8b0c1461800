/** A machine architecture that an initramfs can be built for, by the name that `/arch` of a node has. */
export type Arch = "x86_64" | "aarch64";

/** The names that others have for an architecture. */
export interface ArchNames {
  readonly debian: "amd64" | "arm64";
  readonly node: "x64" | "arm64";
  /** The triplet of the GNU tools, which is also the name of the folder of its libraries. */
  readonly gnu: string;
}

/** Names of the architectures. */
export const ARCHES: { readonly [arch in Arch]: ArchNames } = {
  x86_64: { debian: "amd64", node: "x64", gnu: "x86_64-linux-gnu" },
  aarch64: { debian: "arm64", node: "arm64", gnu: "aarch64-linux-gnu" },
};

/**
 * The architecture of this machine.
 *
 * @param node What Node calls it.
 * @throws {RangeError} When nothing can be built on it.
 */
export function archOf(node: string): Arch {
  if (node === "x64") return "x86_64";
  if (node === "arm64") return "aarch64";
  throw new RangeError(`Cannot build an initramfs on '${node}': expected x64 or arm64`);
}
