import { isRecord, type Values } from "../state/mod.ts";

/** What a machine must load into its memory, and how much memory it has. */
export interface BootLoad {
  /** Names of root images that its agent fetches into memory from the server from which it booted. */
  readonly images: readonly string[];
  /** Its memory in MiB, and the source of that figure; absent if unknown. */
  readonly memory?: { readonly mib: number; readonly from: "/boot/memory" | "/boot/seenMemory" };
}

/**
 * The longest command line that a kernel accepts, in characters; the rest is silently cut off. This is
 * COMMAND_LINE_SIZE without the NUL, which is 2,048 for both architectures for which Kraken has loaders, x86_64 and
 * aarch64 (Linux 6.12, arch/x86/include/asm/setup.h and arch/arm64/include/uapi/asm/setup.h). It differs elsewhere
 * (riscv 1,024, s390 4,096 by default): machines of other architectures boot with their own `/boot/loader`, and have
 * this limit too.
 */
export const COMMAND_LINE_LIMIT = 2_047;

/** The most that Kraken's own arguments take of a command line, in characters, with the longest names. */
const OWN_ARGUMENTS = 530;

/** Warns if the kernel arguments `text` may make the command line longer than kernels accept; undefined if not. */
export function warnOfArguments(text: string): string | undefined {
  if (text.length + OWN_ARGUMENTS <= COMMAND_LINE_LIMIT) return undefined;
  return `/boot/arguments has ${text.length} characters: with up to ${OWN_ARGUMENTS} of Kraken's own the kernel's command line ` +
    `may be longer than the ${COMMAND_LINE_LIMIT} that a kernel takes, and the machine is not booted then`;
}

/** Reads from `cfg` what a node loads. @param seen Its last known memory in MiB, if any. */
export function bootLoadOf(cfg: Values, seen: unknown): BootLoad {
  const given = cfg.get("/boot/memory");
  const memory = typeof given === "number"
    ? { mib: given, from: "/boot/memory" } as const
    : typeof seen === "number" && seen > 0
    ? { mib: seen, from: "/boot/seenMemory" } as const
    : undefined;
  return { images: imagesOf(cfg), ...(memory !== undefined && { memory }) };
}

/** Images at other servers are left out: their size is not known here. */
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
