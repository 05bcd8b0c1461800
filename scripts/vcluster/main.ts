import { join } from "node:path";
import { stop as stopEsbuild } from "esbuild";
import { EXIT, ProgramError, runProgram, type Terminal, untilAborted } from "../../src/cli/mod.ts";
import { type Api, createApi } from "../cluster/api.ts";
import { buildImage } from "../build-image/build.ts";
import { takeFolder } from "../demo/folder.ts";
import { addImage, buildForMachines, layOutBootFiles } from "./boot_files.ts";
import { joinConsole } from "./console.ts";
import { followLabEvents } from "./events.ts";
import { followMachines } from "./follow.ts";
import { describeLab } from "./progress.ts";
import { applyInventory } from "./inventory.ts";
import { startLab } from "./lab.ts";
import type { LabConfig } from "./lab_config.ts";
import { checkImage, machinesOf } from "./machines.ts";
import { program } from "./options.ts";
import { checkSocketPaths, consoleOf } from "./places.ts";
import { readTimings, type SeenEvent } from "./timings.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The name of the cluster. */
const CLUSTER = "virtual";
/** How long a lost link may take to come back by itself. */
const GRACE = "5s";

await runProgram(program, async ({ options, terminal: screen, signal }) => {
  if (options.console !== undefined) {
    await joinConsole(consoleOf(options.console), options.console, signal);
    return EXIT.ok;
  }
  const terminal = options.json ? toStandardError(screen) : screen;
  const say = (line: string): void => terminal.write(`${line}\n`);
  const machines = machinesOf(options);
  checkImage(options.image, machines);
  const usual = options["http-port"] === program.options["http-port"].default;
  const folder = takeFolder(usual, "vcluster", "--http-port 0");
  let well = false;
  try {
    checkSocketPaths(folder.path, machines.map(({ name }) => name));
    say("Building kernel and initramfs, where anything has changed since the last time");
    const built = await buildForMachines(machines);
    await stopEsbuild();
    const bootFiles = join(folder.path, "boot");
    layOutBootFiles(built, bootFiles);
    const file = options.image === "example"
      ? (await buildImage({ name: "example", label: "1", output: folder.path })).file
      : options.image;
    const image = file === undefined ? undefined : { ...await addImage(file, bootFiles), mode: options["image-mode"] };
    say(`Starting an aggregator and ${machines.length} virtual machines; logs are in ${folder.shown}`);
    const config: LabConfig = {
      cluster: CLUSTER,
      folder: folder.path,
      bootFiles,
      dhcp: options.dhcp,
      grace: GRACE,
      machines,
    };
    const lab = await startLab(config, options["http-port"], signal).catch((error: unknown) => {
      throw new ProgramError(errorText(error));
    });
    try {
      const api = createApi(lab.api);
      const events = followLabEvents(lab.api);
      const started = Date.now();
      await applyInventory(api, lab, machines, { atOnce: options["at-once"], ...(image !== undefined && { image }) });
      const all = await followMachines({ api, events }, { terminal, started, limit: options.limit, signal });
      const summary = await summarize(api, await events(), { started, elapsedMs: Date.now() - started });
      say(
        `\n${summary.converged} of ${summary.nodes} nodes are ready after ${(summary.elapsedMs / 1000).toFixed(1)} s`,
      );
      if (!options["until-converged"] && !signal.aborted) {
        for (const line of describeLab(lab.api, usual, folder.shown)) say(line);
        if (terminal.isTty) await followMachines({ api, events }, { terminal, started, signal });
        else await untilAborted(signal);
      }
      if (options.json) screen.write(`${JSON.stringify(summary)}\n`);
      well = all || !options["until-converged"];
      return well ? EXIT.ok : EXIT.failed;
    } finally {
      await lab.stop();
    }
  } finally {
    folder.release(!well);
    if (!well) say(`Its logs are kept in ${folder.shown}`);
  }
});

/** How it went, as `--json` prints it. */
async function summarize(
  api: Api,
  events: readonly SeenEvent[],
  { started, elapsedMs }: { readonly started: number; readonly elapsedMs: number },
) {
  const nodes = await api.nodes();
  const { plans, mutations, retries } = await api.counts();
  return {
    nodes: nodes.length,
    converged: nodes.filter(({ phase }) => phase === "converged").length,
    elapsedMs,
    perNode: nodes.map(({ name }) => readTimings(name, events, started)),
    ...{ plans, mutations, retries },
  };
}

/** Standard output is left to the JSON. */
function toStandardError(terminal: Terminal): Terminal {
  return { ...terminal, isTty: false, colour: false, write: terminal.writeError };
}
