import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, copyFileSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import type { MachineState, SimulatedMachine } from "../../../modules/simpower/simulator/machine.ts";
import type { Log } from "../../../src/log.ts";
import { machineFiles, qemuCommand, UEFI, type VirtualMachine } from "./command.ts";
import { controlMachine } from "./control.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

/** Makes a virtual machine that a controller has power over: it is a process of QEMU while it is on. */
export function createQemuMachine(machine: VirtualMachine, log: Log): SimulatedMachine {
  const files = machineFiles(machine.folder);
  const listeners: (() => void)[] = [];
  let running: { readonly child: ChildProcess; readonly exited: Promise<void> } | undefined;
  let state: MachineState = "off";
  let stopping = false;

  function tell(command: "system_powerdown" | "system_reset"): Promise<void> {
    return controlMachine(files.control, command);
  }

  return {
    get state() {
      return state;
    },
    async start() {
      prepare(machine);
      stopping = false;
      const child = startQemu(machine);
      const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      await spawned(child);
      running = { child, exited };
      state = "on";
      void exited.then(() => {
        if (running?.child !== child) return;
        running = undefined;
        state = "off";
        if (stopping) return;
        log.info("The machine went off by itself", { name: machine.name });
        for (const listener of listeners) listener();
      });
    },
    async stop() {
      if (running === undefined) return;
      stopping = true;
      const { child, exited } = running;
      // By process id: Deno takes a child that it has sent a signal for one that the signal has ended.
      if (child.pid !== undefined) process.kill(child.pid, "SIGKILL");
      await exited;
    },
    shutdown() {
      void tell("system_powerdown").catch((error: unknown) =>
        log.warn("The power button has no effect", { why: errorText(error) })
      );
    },
    restart: () => tell("system_reset"),
    onExit: (listener) => void listeners.push(listener),
  };
}

function prepare({ folder, firmware, arch }: VirtualMachine): void {
  const { consoleSocket, control, variables } = machineFiles(folder);
  for (const socket of [consoleSocket, control]) rmSync(socket, { force: true });
  if (firmware !== "bios" && !existsSync(variables)) copyFileSync(UEFI[arch].variables, variables);
}

function startQemu(machine: VirtualMachine): ChildProcess {
  const [file = "", ...args] = qemuCommand(machine);
  const { log, pid } = machineFiles(machine.folder);
  const output = openSync(log, "a");
  try {
    const child = spawn(file, args, { stdio: ["ignore", output, output] });
    writeFileSync(pid, `${child.pid ?? ""}\n`);
    return child;
  } finally {
    closeSync(output);
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", () => resolve());
    child.once("error", (error) => reject(new Error(`Cannot start QEMU: ${error.message}`)));
  });
}
