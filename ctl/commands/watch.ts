import { createLive, EXIT, type Options } from "../../src/cli/mod.ts";
import { pause } from "../../src/toolkit/mod.ts";
import { describeFailure } from "../answer.ts";
import { type CommandRun, defineCommand, showUsageError } from "../command.ts";
import { describeNodes } from "../node_text.ts";
import { reportFailure } from "../report.ts";

/** Least time between two looks, in milliseconds: at most two redraws a second. */
const INTERVAL = 500;
/** The list is fetched this often without an event too, in milliseconds: not every change is one. */
const REFETCH = 2000;

/** Shows nodes as they change. */
export const watch = defineCommand({
  name: "watch",
  about: "Shows the table of nodes as it changes, until Ctrl-C",
  positionals: { usage: "[NODESET]", max: 1 },
  options: {},
  examples: ["krakenctl watch", "krakenctl watch n[1-16]"],
}, async (run) => {
  if (run.options.output !== "table") {
    const problem =
      `Option '--output' is '${run.options.output}': expected table; for data use \`krakenctl events -f\``;
    return showUsageError(run.terminal, problem, "krakenctl watch");
  }
  const ended = new AbortController();
  const { signal } = ended;
  run.signal.addEventListener("abort", () => ended.abort(), { signal });
  if (run.signal.aborted) ended.abort();
  let woken = new AbortController();
  const listening = listen(run, signal, () => woken.abort());
  const live = createLive(run.terminal, run.clock, { interval: INTERVAL, plainInterval: REFETCH });
  let table: readonly string[] | undefined;
  try {
    while (!signal.aborted) {
      woken = new AbortController();
      const answer = await run.client.call("listNodes", { nodeset: run.args[0] });
      if (answer.ok) {
        table = describeNodes(answer.value.nodes, run.style, run.terminal.columns());
        live.show(table);
      } else if (answer.failure.kind !== "ended") {
        if (table === undefined) return reportFailure(run, answer.failure);
        live.show([...table, `${describeFailure(answer.failure)[0]} (trying again)`]);
      }
      await pause(run.clock, INTERVAL, signal)
        .then(() => pause(run.clock, REFETCH - INTERVAL, AbortSignal.any([signal, woken.signal])))
        .catch(() => {}); // an event came, or the loop ends with the signal
    }
    return EXIT.ok;
  } finally {
    live.end();
    ended.abort();
    await listening;
  }
});

async function listen(run: CommandRun<Options>, signal: AbortSignal, wake: () => void): Promise<void> {
  for await (const news of run.client.follow(undefined, signal)) if (news.kind === "event") wake();
}
