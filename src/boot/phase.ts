/** The progress of a machine that boots from the network: a value of `/pxe/state` or `/rpi/state`. */
export type BootPhase = "NONE" | "WAIT" | "DHCP" | "LOADING" | "INIT";

/** What a boot server has seen a machine do. */
export type BootSight =
  /** It took an address in order to boot. */
  | { readonly kind: "address" }
  /** It received what names its kernel: a script, or a Raspberry Pi's config.txt. */
  | { readonly kind: "script" }
  /** The share of kernel and initramfs that it has loaded, in percent. */
  | { readonly kind: "progress"; readonly percent: number }
  /** It has loaded both completely. */
  | { readonly kind: "loaded" }
  /** Its agent has requested its identity: whatever else was seen, it runs what it was given. */
  | { readonly kind: "enrolled" }
  /** It found another machine at the assigned address and declined it (RFC 2131, section 3.1). */
  | { readonly kind: "declined"; readonly address: string }
  /** Its agent has shown a sign of life since an address to boot with was requested: another machine requested it. */
  | { readonly kind: "alive" };

/**
 * Returns the phase of a machine after `sight`. Sights that cannot follow `phase` change nothing: they are late
 * packets.
 */
export function phaseAfter(phase: BootPhase, sight: BootSight): BootPhase {
  switch (sight.kind) {
    case "address":
      return "DHCP"; // whatever was before, it has started again
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

/** Reads `value`, a value of `/pxe/state` or `/rpi/state`; NONE if it is unset. */
export function readPhase(value: unknown): BootPhase {
  return value === "WAIT" || value === "DHCP" || value === "LOADING" || value === "INIT" ? value : "NONE";
}
