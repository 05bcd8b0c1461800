import {
  EXIT,
  type Io,
  nearest,
  parseArgs,
  parseArgsOptions,
  parseOptions,
  renderHelp,
  standardOptions,
  versionLine,
} from "../src/cli/mod.ts";
import { type Command, globalOptions, showUsageError, type World } from "./command.ts";
import { adopt, discovered } from "./commands/adopt.ts";
import { bmcLogCommand } from "./commands/bmc_log.ts";
import { applyCommand } from "./commands/apply.ts";
import { defineCompletion } from "./commands/completion.ts";
import { events } from "./commands/events.ts";
import { explainCommand, graphCommand, planCommand } from "./commands/explain.ts";
import { freeze, limitsCommand, releaseCommand, retry, thaw } from "./commands/limits.ts";
import { getNode, getNodes, treeCommand } from "./commands/get.ts";
import { layers, logs } from "./commands/layers.ts";
import { led } from "./commands/led.ts";
import { power } from "./commands/power.ts";
import { remove } from "./commands/remove.ts";
import { set } from "./commands/set.ts";
import { watch } from "./commands/watch.ts";

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  getNodes,
  getNode,
  set,
  ...power,
  bmcLogCommand,
  ...led,
  planCommand,
  explainCommand,
  graphCommand,
  treeCommand,
  discovered,
  adopt,
  applyCommand,
  ...layers,
  watch,
  events,
  logs,
  freeze,
  thaw,
  retry,
  limitsCommand,
  releaseCommand,
  remove,
  defineCompletion(() => commands),
];

/** Finds the command on a command line and calls it. Resolves to the exit code. */
export async function krakenctl(io: Io, world: World): Promise<number> {
  const { leading, rest } = splitAtCommand(io.args);
  const command = commands.find(({ name }) => name === rest.slice(0, wordsOf(name)).join(" "));
  if (command !== undefined) return await command.call([...leading, ...rest.slice(wordsOf(command.name))], io, world);

  const parsed = parseOptions(globalOptions, undefined, leading, io.env);
  const [first] = rest;
  if (parsed.kind === "version") {
    io.terminal.write(versionLine("krakenctl"));
    return EXIT.ok;
  }
  if (parsed.kind === "help") {
    io.terminal.write(renderCommandList());
    return EXIT.ok;
  }
  if (parsed.kind === "error") return showUsageError(io.terminal, parsed.problem, "krakenctl");
  if (first === undefined) {
    io.terminal.writeError(renderCommandList());
    return EXIT.usage;
  }
  return showUsageError(io.terminal, describeUnknown(rest), "krakenctl");
}

/** Splits before the first argument that is no option: options of every command may stand there too. */
function splitAtCommand(args: readonly string[]): { leading: readonly string[]; rest: readonly string[] } {
  const dashes = args.indexOf("--");
  const head = dashes === -1 ? args : args.slice(0, dashes);
  const found = parseArgs(head, { ...parseArgsOptions(globalOptions), stopEarly: true });
  const leading = head.length - found._.length;
  return { leading: args.slice(0, leading), rest: args.slice(leading) };
}

function wordsOf(name: string): number {
  return name.split(" ").length;
}

function describeUnknown(words: readonly string[]): string {
  const [first = "", second] = words;
  const names = commands.map(({ name }) => name);
  const sameFirst = names.filter((name) => name.startsWith(`${first} `));
  if (sameFirst.length > 0) {
    const found = second === undefined ? `'${first}'` : `'${first} ${second}'`;
    return `Unknown command ${found}: expected ${sameFirst.map((name) => `'${name}'`).join(" or ")}`;
  }
  const near = nearest(second === undefined ? first : `${first} ${second}`, names) ?? nearest(first, names);
  return `Unknown command '${first}'${near === undefined ? "" : `: did you mean '${near}'?`}`;
}

function renderCommandList(): string {
  return renderHelp({
    usage: "krakenctl COMMAND [ARGUMENT ...] [OPTION ...]",
    about: "Controls a Kraken cluster through the HTTP API of an aggregator.",
    lists: [{ title: "Commands", entries: commands.map(({ name, about }) => [name, about] as const) }],
    options: [{ title: "Options", options: { ...globalOptions, ...standardOptions } }],
    examples: ["krakenctl get nodes", "krakenctl set n[1-4] /physState=POWER_ON", "krakenctl COMMAND --help"],
  });
}
