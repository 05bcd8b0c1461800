import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApi } from "../../cluster/api.ts";
import { waitFor } from "../../cluster/wait.ts";
import { followLabEvents } from "../../vcluster/events.ts";
import { applyInventory } from "../../vcluster/inventory.ts";
import { startLab } from "../../vcluster/lab.ts";
import { machinesOf } from "../../vcluster/machines.ts";
import { machineFiles } from "../../vcluster/qemu/command.ts";
import { readTimings } from "../../vcluster/timings.ts";

/** What the bare init says. */
export const BARE = "the-bare-init-runs";
/** Longest that one boot may take, in milliseconds. */
const LIMIT = 300_000;

/** What one boot took. */
export interface Boot {
  /** Milliseconds from the power until kernel and initramfs were there. */
  readonly kernelMs: number;
  /** Until init ran (of a bare initramfs), or until SYNC. */
  readonly doneMs: number;
  /** MiB, once the agent runs. */
  readonly memory?: { readonly agent: number; readonly agentPrivate: number; readonly available: number };
}

/** Boots one machine over the network from a folder of boot files. */
export async function measureBoot(
  bootFiles: string,
  { memory, bare, signal }: { readonly memory: number; readonly bare: boolean; readonly signal: AbortSignal },
): Promise<Boot> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-boot-"));
  mkdirSync(join(bootFiles, "images"), { recursive: true });
  try {
    const machines = machinesOf({ nodes: 1, memory, uefi: [], ipmi: [] });
    const lab = await startLab(
      { cluster: "bench", folder, bootFiles, dhcp: "server", grace: "5s", machines },
      0,
      signal,
    );
    try {
      const started = Date.now();
      await applyInventory(createApi(lab.api), lab, machines, { atOnce: 1 });
      const events = followLabEvents(lab.api);
      const files = machineFiles(join(folder, "machines", "n1"));
      const timings = async () => readTimings("n1", await events(), started);
      const wait = { limit: LIMIT, every: 20, signal };
      if (bare) {
        await waitFor("the bare init runs", () => consoleText(files.consoleLog).includes(BARE), wait);
        const at = Date.now();
        const { powerOnMs = 0, kernelMs = NaN } = await timings();
        return { kernelMs, doneMs: at - started - powerOnMs };
      }
      const { kernelMs = NaN, syncMs = NaN } = await waitFor("the node is in SYNC", async () => {
        const now = await timings();
        return now.syncMs === undefined ? undefined : now;
      }, { ...wait, every: 200 });
      return { kernelMs, doneMs: syncMs, memory: await readMemory(files, signal) };
    } finally {
      await lab.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks on the console: the agent is the process that has its name on its command line and is the largest. */
const QUESTION =
  `for p in /proc/[0-9]*; do grep -q bin/kraken-agent $p/cmdline && grep -E 'VmRSS|RssAnon' $p/status; done; ` +
  "grep MemAvailable /proc/meminfo; echo asked-''done\n";

async function readMemory(
  files: ReturnType<typeof machineFiles>,
  signal: AbortSignal,
): Promise<NonNullable<Boot["memory"]>> {
  const before = consoleText(files.consoleLog).length;
  await new Promise<void>((resolve, reject) => {
    const socket = connect(files.consoleSocket, () => socket.end(QUESTION, () => resolve()));
    socket.on("error", reject);
  });
  const text = await waitFor("the machine has told its memory", () => {
    const said = consoleText(files.consoleLog).slice(before);
    return said.includes("asked-done") ? said : undefined;
  }, { limit: 60_000, signal });
  const largest = (key: string): number =>
    Math.max(
      ...[...text.matchAll(new RegExp(`${key}:\\s+(\\d+) kB`, "g"))].map(([, kilobytes]) => Number(kilobytes) / 1024),
    );
  return { agent: largest("VmRSS"), agentPrivate: largest("RssAnon"), available: largest("MemAvailable") };
}

function consoleText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // the machine was not powered on yet
  }
}
