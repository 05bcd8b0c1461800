import type { Arch } from "../../debian/arch.ts";

/**
 * What a machine has for firmware: a BIOS with iPXE in its network card; or UEFI, whose own network boot loads iPXE over
 * TFTP (PXE), or over HTTP.
 */
export type Firmware = "bios" | "uefi" | "uefi-http";

/** UEFI for virtual machines, from Debian's packages `ovmf` and `qemu-efi-aarch64`: its code, and what its variables are at first. */
export const UEFI: { readonly [arch in Arch]: { readonly code: string; readonly variables: string } } = {
  x86_64: { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" },
  aarch64: { code: "/usr/share/AAVMF/AAVMF_CODE.fd", variables: "/usr/share/AAVMF/AAVMF_VARS.fd" },
};

/** QEMU's arguments for a firmware. @param variables The file with what UEFI keeps. */
export function firmwareArguments(firmware: Firmware, arch: Arch, variables: string): string[] {
  if (firmware === "bios") return ["-boot", "n"];
  return [
    ...["-drive", `if=pflash,format=raw,readonly=on,file=${UEFI[arch].code}`],
    ...["-drive", `if=pflash,format=raw,file=${variables}`],
    // PXE comes before HTTP, and would be tried over both families of addresses for minutes.
    ...without("IPv6PXESupport"),
    ...firmware === "uefi-http" ? without("IPv4PXESupport") : [],
  ];
}

function without(feature: string): string[] {
  return ["-fw_cfg", `name=opt/org.tianocore/${feature},string=n`];
}
