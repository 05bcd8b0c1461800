import type { BootRegistry } from "../../modules/boot/tracker.ts";

/** Why a machine does not get what it could boot with. */
export interface Refusal {
  /** `in-use`: it may in a moment; `elsewhere`: whoever asked is not at its address. */
  readonly kind: "in-use" | "elsewhere";
  /** In words. */
  readonly reason: string;
}

/**
 * Whether a machine may have what it boots with, a token among it; undefined: it may. Its agent must not be heard. Where we give out
 * the addresses it must ask from its own, and where its agent may only be away for a moment, it must have asked for that address
 * before: any program on the machine can ask for a script, but for an address to boot with root alone.
 *
 * @param address Where the request came from.
 */
export function refusalOf(
  host: { readonly id: string; readonly name: string; readonly lease?: { readonly address: string } },
  address: string,
  { registry, holdsAddresses }: { readonly registry: Omit<BootRegistry, "saw">; readonly holdsAddresses: boolean },
): Refusal | undefined {
  const { id, name, lease } = host;
  if (registry.isUp(id)) return { kind: "in-use", reason: `${name} is in use, as its agent is heard` };
  if (!holdsAddresses || lease === undefined) return undefined;
  if (lease.address !== address) {
    return { kind: "elsewhere", reason: `${name} must ask from ${lease.address}, this is ${address}` };
  }
  if (!registry.isRunning(id)) return undefined;
  return { kind: "in-use", reason: `${name} has not asked for its address since it was in use` };
}
