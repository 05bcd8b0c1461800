import type { BootRegistry } from "../../modules/boot/tracker.ts";

/** Why a machine does not get what it would boot with. */
export interface BootRefusal {
  /** `in-use`: it may get it in a moment; `elsewhere`: the request did not come from its address. */
  readonly kind: "in-use" | "elsewhere";
  /** In words. */
  readonly reason: string;
}

/**
 * Returns why a machine may not have its boot files and token; undefined if it may. Its agent must not be heard. If
 * this program assigns addresses, the machine must ask from its own. If its agent may only be away for a moment, the
 * machine must have requested that address before: any program on the machine can request a script, but only root can
 * request an address to boot with.
 *
 * @param host The machine.
 * @param address Where the request came from.
 */
export function refusalOf(
  host: { readonly id: string; readonly name: string; readonly lease?: { readonly address: string } },
  address: string,
  { registry, holdsAddresses }: { readonly registry: Omit<BootRegistry, "saw">; readonly holdsAddresses: boolean },
): BootRefusal | undefined {
  const { id, name, lease } = host;
  if (registry.isUp(id)) return { kind: "in-use", reason: `${name} is in use, as its agent is heard` };
  if (!holdsAddresses || lease === undefined) return undefined;
  if (lease.address !== address) {
    return { kind: "elsewhere", reason: `${name} must ask from ${lease.address}, this is ${address}` };
  }
  if (!registry.isRunning(id)) return undefined;
  return { kind: "in-use", reason: `${name} has not asked for its address since it was in use` };
}
