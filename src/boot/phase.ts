/** How far a machine has got with booting from the network: a value of `/pxe/state` or `/rpi/state`. */
export type BootPhase = "NONE" | "WAIT" | "DHCP" | "LOADING" | "INIT";

/** What a boot server has seen a machine do. */
export type BootSight =
  /** It took an address in order to boot. */
  | { readonly kind: "address" }
  /** It got what names its kernel: a script, or a Raspberry Pi's config.txt. */
  | { readonly kind: "script" }
  /** It has so much of kernel and initramfs, in percent. */
  | { readonly kind: "progress"; readonly percent: number }
  /** It has all of both. */
  | { readonly kind: "loaded" }
  /** Its agent has asked for its identity: whatever else was seen, it runs what it was given. */
  | { readonly kind: "enrolled" }
  /** It found another machine at the address that it was given, and does not take it (RFC 2131, section 3.1). */
  | { readonly kind: "declined"; readonly address: string }
  /** Its agent has given a sign of life since an address to boot with was asked for: whoever did that, it does not boot. */
  | { readonly kind: "alive" };

/** Where a machine is after something was seen of it. What can't follow is passed over: a late packet is no news. */
export function phaseAfter(phase: BootPhase, sight: BootSight): BootPhase {
  switch (sight.kind) {
    case "address":
      return "DHCP"; // whatever was before, it has begun anew
    case "script":
      return "LOADING";
    case "progress":
    case "alive":
    case "declined":
      return phase;
    case "loaded":
      return phase === "LOADING" ? "INIT" : phase;
    case "enrolled":
      return "INIT";
    default:
      return sight satisfies never;
  }
}

/** Reads a value of `/pxe/state` or `/rpi/state`; NONE where there is none. */
export function readPhase(value: unknown): BootPhase {
  return value === "WAIT" || value === "DHCP" || value === "LOADING" || value === "INIT" ? value : "NONE";
}
