import { join } from "node:path";
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

/** A virtual machine that boots from its network card. */
export interface VirtualMachine {
  readonly name: string;
  /** The folder of its sockets and files. */
  readonly folder: string;
  /** MiB. */
  readonly memory: number;
  readonly mac: string;
  /** The tap device that its card is joined to. */
  readonly tap: string;
  readonly arch: Arch;
  /** There is no BIOS but for `x86_64`. */
  readonly firmware: Firmware;
  /** Where ipmi_sim takes the machine's IPMI interface, on loopback. Absent: it has none. */
  readonly ipmiPort?: number;
}

/** The files of a machine, in its folder. */
export function machineFiles(folder: string) {
  return {
    /** Takes one at a time who wants to see and write on its console. */
    consoleSocket: join(folder, "console.sock"),
    /** Everything that the console showed, over all boots. */
    consoleLog: join(folder, "console.log"),
    /** QEMU's control socket (QMP). */
    control: join(folder, "qmp.sock"),
    /** What UEFI keeps. */
    variables: join(folder, "uefi-vars.fd"),
    /** What QEMU says. */
    log: join(folder, "qemu.log"),
    pid: join(folder, "qemu.pid"),
  };
}

/** QEMU's program for an architecture, and its arguments for the board and the processor. */
export const BOARDS: { readonly [arch in Arch]: { readonly program: string; readonly arguments: readonly string[] } } =
  {
    // graphics=off lets the firmware talk on the serial port.
    x86_64: { program: "qemu-system-x86_64", arguments: ["-machine", "q35,graphics=off", "-cpu", "max"] },
    aarch64: { program: "qemu-system-aarch64", arguments: ["-machine", "virt", "-cpu", "cortex-a72"] },
  };

/** Size of QEMU's cache of translated code, in MiB: with less, kernels boot slower; with more, nothing is gained. */
const CODE_CACHE = 64;

/**
 * The command that starts a machine with its power on. It is emulated: there are machines where /dev/kvm is there, says
 * that it works, and hangs.
 */
export function qemuCommand(machine: VirtualMachine): string[] {
  const files = machineFiles(machine.folder);
  const { program, arguments: board } = BOARDS[machine.arch];
  // The card's own iPXE is a BIOS's only: UEFI boots from the network by itself, as that of metal does.
  const rom = machine.firmware === "bios" ? "" : ",romfile=";
  return [
    ...[program, "-nodefaults", "-no-user-config", "-display", "none", "-name", machine.name],
    ...[...board, "-accel", `tcg,thread=multi,tb-size=${CODE_CACHE}`],
    ...["-m", String(machine.memory), "-smp", "1"],
    ...["-netdev", `tap,id=net0,ifname=${machine.tap},script=no,downscript=no`],
    ...["-device", `virtio-net-pci,netdev=net0,mac=${machine.mac},bootindex=1${rom}`],
    ...[
      "-chardev",
      `socket,id=console,path=${files.consoleSocket},server=on,wait=off,logfile=${files.consoleLog},logappend=on`,
    ],
    ...["-serial", "chardev:console", "-qmp", `unix:${files.control},server=on,wait=off`],
    ...firmwareArguments(machine.firmware, machine.arch, files.variables),
    ...ipmiArguments(machine.ipmiPort),
  ];
}

function ipmiArguments(port: number | undefined): string[] {
  if (port === undefined) return [];
  return [
    ...["-chardev", `socket,id=ipmi0,host=127.0.0.1,port=${port},reconnect=5`],
    ...["-device", "ipmi-bmc-extern,id=bmc0,chardev=ipmi0", "-device", "isa-ipmi-kcs,bmc=bmc0"],
  ];
}
