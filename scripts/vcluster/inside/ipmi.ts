import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../cluster/process.ts";
import { type LabConfig, type LabMachine, machineAddressesOf } from "../lab_config.ts";
import { machineFiles, qemuCommand, UEFI } from "../qemu/command.ts";
import { type ControllerUser, virtualMachine } from "./controllers.ts";

/** RMCP's port on each controller. */
const PORT = 623;
/** The first of the ports on which machines reach their controllers, on loopback. */
const CONSOLE_PORTS = 9_100;

/**
 * Starts an IPMI controller for each machine that has one: OpenIPMI's `ipmi_sim`, which starts and ends QEMU by itself.
 *
 * @throws {Error} When one does not start, with the end of its output.
 */
export async function startIpmi(config: LabConfig, user: ControllerUser): Promise<void> {
  // One after the other: when they begin at once they make the same folder, and the second one fails.
  for (const machine of config.machines.filter(({ power }) => power === "ipmi")) {
    await startOne(config, machine, user);
  }
}

async function startOne(config: LabConfig, machine: LabMachine, user: ControllerUser): Promise<void> {
  const ipmiPort = CONSOLE_PORTS + machine.number;
  const virtual = { ...virtualMachine(config, machine), ipmiPort };
  const folder = join(virtual.folder, "ipmi");
  mkdirSync(folder, { recursive: true });
  const files = { lan: join(folder, "lan.conf"), emulator: join(folder, "bmc.emu"), start: join(folder, "start") };
  writeFileSync(files.start, startScript(virtual));
  chmodSync(files.start, 0o755);
  writeFileSync(
    files.lan,
    lanConfig({ ...user, address: machineAddressesOf(machine.number).controller, ipmiPort, start: files.start }),
    {
      mode: 0o600,
    },
  );
  writeFileSync(files.emulator, EMULATOR);
  const state = join(folder, "state");
  await startServer(
    {
      command: ["ipmi_sim", "-c", files.lan, "-f", files.emulator, "-s", state, "-n"],
      logFile: join(folder, "ipmi_sim.log"),
    },
    () => Promise.resolve(existsSync(join(state, "ipmi_sim"))),
  );
}

/** A management controller without sensors. */
const EMULATOR = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

function lanConfig(
  parts: ControllerUser & { readonly address: string; readonly ipmiPort: number; readonly start: string },
): string {
  const methods = "none md2 md5 straight";
  return `name "kraken"
set_working_mc 0x20
  startlan 1
    addr ${parts.address} ${PORT}
    priv_limit admin
${["callback", "user", "operator", "admin"].map((level) => `    allowed_auths_${level} ${methods}`).join("\n")}
    guid a123456789abcdefa123456789abcd01
  endlan
  serial kcs 127.0.0.1 ${parts.ipmiPort} codec VM
  startcmd "${parts.start}"
  startnow false
  poweroff_wait 1
  kill_wait 3
  user 2 true "${parts.username}" "${parts.password}" admin 10 ${methods}
`;
}

/** What the controller runs when the machine is powered on. */
function startScript(machine: Parameters<typeof qemuCommand>[0]): string {
  const files = machineFiles(machine.folder);
  const quote = (word: string): string => `'${word.replaceAll("'", "'\\\\''")}'`;
  const variables = machine.firmware === "bios"
    ? ""
    : `[ -e ${quote(files.variables)} ] || cp ${quote(UEFI[machine.arch].variables)} ${quote(files.variables)}\n`;
  return `#!/bin/sh
rm -f ${quote(files.consoleSocket)} ${quote(files.control)}
${variables}echo $$ >${quote(files.pid)}
exec ${qemuCommand(machine).map(quote).join(" ")} >>${quote(files.log)} 2>&1
`;
}
