import { join } from "node:path";
import type { Arch } from "../../debian/arch.ts";
import { type Firmware, firmwareArguments } from "./firmware.ts";

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
