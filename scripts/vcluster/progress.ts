import { renderBar, renderTable } from "../../src/cli/mod.ts";

/** A machine as the table shows it. */
export interface MachineProgress {
  readonly name: string;
  readonly physState: string;
  readonly runState: string;
  /** What the engine does with it. */
  readonly phase: string;
  readonly reason: string;
  readonly pxe: string;
  /** Percent of kernel and initramfs, while they are loaded. */
  readonly loaded: number | undefined;
  /** Milliseconds since its power was switched on, until it was in SYNC. */
  readonly elapsed: number | undefined;
}

const BAR = 20;
/** The way of a machine: what is seen of each stage, and how far on the way that is. */
const STAGES = [
  { done: 100, word: "ready", is: (m: MachineProgress) => m.phase === "converged" },
  { done: 90, word: "in SYNC", is: (m: MachineProgress) => m.runState === "SYNC" },
  { done: 80, word: "joining", is: (m: MachineProgress) => m.runState === "INIT" },
  { done: 55, word: "kernel starts", is: (m: MachineProgress) => m.pxe === "INIT" },
  { done: 35, word: "loading", is: (m: MachineProgress) => m.pxe === "LOADING" },
  { done: 30, word: "has its address", is: (m: MachineProgress) => m.pxe === "DHCP" },
  { done: 10, word: "firmware", is: (m: MachineProgress) => m.physState === "POWER_ON" },
  { done: 0, word: "off", is: (m: MachineProgress) => m.physState === "POWER_OFF" },
] as const;

/**
 * A line for each machine: its power, its phase in words, a bar, and the seconds since its power went on.
 *
 * @param elapsed Milliseconds since they were asked for, where that still counts.
 */
export function renderMachines(machines: readonly MachineProgress[], elapsed?: number): string[] {
  const converged = machines.filter(({ phase }) => phase === "converged").length;
  const rows = machines.map((machine) => {
    const { name, physState, elapsed, phase, reason } = machine;
    const { word, done } = stageOf(machine);
    const filled = Math.round(done / 100 * BAR);
    const waits = phase === "converged" || phase === "working" ? "" : `${phase}: ${reason}`;
    return [
      ...[name, physState, word, `[${"#".repeat(filled)}${"-".repeat(BAR - filled)}]`],
      ...[elapsed === undefined ? "" : `${(elapsed / 1000).toFixed(1)} s`, waits],
    ];
  });
  return [
    `${renderBar(converged, machines.length)} ready${
      elapsed === undefined ? "" : ` after ${(elapsed / 1000).toFixed(0)} s`
    }`,
    "",
    ...renderTable(
      [{ title: "node" }, { title: "power" }, { title: "phase" }, { title: "" }, { title: "since", align: "right" }, {
        title: "",
      }],
      rows,
    ),
  ];
}

/** How far a machine is, in words and in percent of its way. */
export function stageOf(machine: MachineProgress): { readonly word: string; readonly done: number } {
  const stage = STAGES.find(({ is }) => is(machine));
  if (stage === undefined) return { word: machine.physState === "PHYS_UNKNOWN" ? "" : machine.physState, done: 0 };
  const { word, done } = stage;
  if (word !== "loading" || machine.loaded === undefined) return { word, done };
  return { word: `loading ${machine.loaded}%`, done: done + 0.2 * machine.loaded };
}

/** What people can do with the virtual cluster that runs. */
export function describeLab(api: string, usual: boolean, folder: string): string[] {
  const krakenctl = "bin/krakenctl";
  const server = usual ? "" : ` --server ${api}`;
  return [
    "",
    "The cluster runs until you press Ctrl-C. In another terminal:",
    `  ${krakenctl} get nodes${server}`,
    "  npm run -s vcluster -- --console n1      the machine's serial console, with a shell; Ctrl-] leaves",
    `  ${krakenctl} set n1 /physState=POWER_OFF${server}`,
    `  pkill -9 -f 'qemu.*${folder}/machines/n1/'   pulls its plug: watch it come back`,
    `  ${krakenctl} events -f${server}`,
    "",
    `API      ${api}/api/v1/nodes`,
    `Logs     ${folder}: aggregator.log, inside.log, machines/n1/console.log`,
    "",
  ];
}
