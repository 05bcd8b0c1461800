import { isRecord, type Values } from "../state/mod.ts";

/** What a machine has to take into its memory, and how much it has. */
export interface BootLoad {
  /** Names of root images that its agent is to fetch from the server that it booted from, into memory. */
  readonly images: readonly string[];
  /** Its memory in MiB, and what says so; absent where nothing does. */
  readonly memory?: { readonly mib: number; readonly from: "/boot/memory" | "/boot/seenMemory" };
}

/**
 * The longest command line that a kernel takes, in characters: what is beyond is cut off without a word. COMMAND_LINE_SIZE without
 * the NUL, which is 2,048 for both architectures that Kraken has loaders for: x86_64 and aarch64 (Linux 6.12,
 * arch/x86/include/asm/setup.h and arch/arm64/include/uapi/asm/setup.h). It differs elsewhere (riscv 1,024, s390 4,096 by default):
 * machines of other architectures boot with a `/boot/loader` of their own, and are held against this limit too.
 */
export const COMMAND_LINE_LIMIT = 2_047;

/** What Kraken's own arguments take of a command line at most, in characters, by the longest names. */
const OWN_ARGUMENTS = 530;

/** Warns of kernel arguments with which the command line may get longer than kernels take; undefined: they are short enough. */
export function warnOfArguments(text: string): string | undefined {
  if (text.length + OWN_ARGUMENTS <= COMMAND_LINE_LIMIT) return undefined;
  return `/boot/arguments has ${text.length} characters: with up to ${OWN_ARGUMENTS} of Kraken's own the kernel's command line ` +
    `may be longer than the ${COMMAND_LINE_LIMIT} that a kernel takes, and the machine is not booted then`;
}

/** Reads what a node is to load. @param seen Its memory in MiB when it last ran, as far as that is known. */
export function bootLoadOf(cfg: Values, seen: unknown): BootLoad {
  const given = cfg.get("/boot/memory");
  const memory = typeof given === "number"
    ? { mib: given, from: "/boot/memory" } as const
    : typeof seen === "number" && seen > 0
    ? { mib: seen, from: "/boot/seenMemory" } as const
    : undefined;
  return { images: imagesOf(cfg), ...(memory !== undefined && { memory }) };
}

/** Those that are at another server are left out: how large they are is not known here. */
function imagesOf(cfg: Values): string[] {
  if (cfg.get("/image/state") !== "ACTIVE") return [];
  const images: string[] = [];
  const name = cfg.get("/image/name");
  if (typeof name === "string" && !cfg.has("/image/url")) images.push(name);
  const layers = cfg.get("/image/layers");
  for (const layer of Array.isArray(layers) ? layers : []) {
    if (isRecord(layer) && typeof layer["name"] === "string" && layer["url"] === undefined) images.push(layer["name"]);
  }
  return images;
}
