import { join } from "node:path";

/** What a machine has for firmware. */
export type Firmware = "bios" | "uefi";

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

/** UEFI for virtual machines, from Debian's package `ovmf`: its code, and what its variables are at first. */
export const OVMF = { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" } as const;

/** Size of QEMU's cache of translated code, in MiB: with less, kernels boot slower; with more, nothing is gained. */
const CODE_CACHE = 64;

/**
 * The command that starts a machine with its power on. It is emulated: there are machines where /dev/kvm is there, says
 * that it works, and hangs.
 */
export function qemuCommand(machine: VirtualMachine): string[] {
  const files = machineFiles(machine.folder);
  return [
    ...["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-name", machine.name],
    // graphics=off lets the firmware talk on the serial port.
    ...["-machine", "q35,graphics=off", "-accel", `tcg,thread=multi,tb-size=${CODE_CACHE}`, "-cpu", "max"],
    ...["-m", String(machine.memory), "-smp", "1"],
    ...["-netdev", `tap,id=net0,ifname=${machine.tap},script=no,downscript=no`],
    ...["-device", `virtio-net-pci,netdev=net0,mac=${machine.mac},bootindex=1`],
    ...[
      "-chardev",
      `socket,id=console,path=${files.consoleSocket},server=on,wait=off,logfile=${files.consoleLog},logappend=on`,
    ],
    ...["-serial", "chardev:console", "-qmp", `unix:${files.control},server=on,wait=off`],
    ...firmwareArguments(machine.firmware, files.variables),
    ...ipmiArguments(machine.ipmiPort),
  ];
}

function firmwareArguments(firmware: Firmware, variables: string): string[] {
  if (firmware === "bios") return ["-boot", "n"];
  return [
    ...["-drive", `if=pflash,format=raw,readonly=on,file=${OVMF.code}`],
    ...["-drive", `if=pflash,format=raw,file=${variables}`],
  ];
}

function ipmiArguments(port: number | undefined): string[] {
  if (port === undefined) return [];
  return [
    ...["-chardev", `socket,id=ipmi0,host=127.0.0.1,port=${port},reconnect=5`],
    ...["-device", "ipmi-bmc-extern,id=bmc0,chardev=ipmi0", "-device", "isa-ipmi-kcs,bmc=bmc0"],
  ];
}
