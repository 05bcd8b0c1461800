import { EXIT } from "../../src/cli/mod.ts";
import { describeBmcLogs } from "../bmc_log_text.ts";
import { defineCommand } from "../command.ts";
import { reportAnswer, reportFailure, reportProblems } from "../report.ts";
import type { BmcLogInfo } from "../../src/api/mod.ts";

const MAX_COUNT = 100;
/** So many controllers are asked at a time. */
const AT_A_TIME = 8;

/** Shows the event logs of controllers. */
export const bmcLogCommand = defineCommand({
  name: "bmc log",
  about: "Shows the event logs of the machines' controllers, newest entries first",
  positionals: { usage: "NODESET", min: 1, max: 1 },
  options: {
    count: {
      kind: "integer",
      short: "n",
      placeholder: "COUNT",
      default: 20,
      help: "Number of entries for each machine, 1 to 100",
    },
    timeout: { kind: "duration", default: 60_000, help: "Longest time for one controller" },
  },
  examples: ["krakenctl bmc log n7", "krakenctl bmc log n[1-4] -n 5", "krakenctl bmc log n7 -o json"],
}, async (run) => {
  const [nodeset = ""] = run.args;
  const { count } = run.options;
  if (count < 1 || count > MAX_COUNT) {
    reportProblems(run, [`Option '--count' is '${count}': expected a whole number from 1 to ${MAX_COUNT}`]);
    return EXIT.usage;
  }
  const nodes = await run.client.call("listNodes", { nodeset });
  if (!nodes.ok) return reportFailure(run, nodes.failure);
  const machines = nodes.value.nodes.filter(({ kind }) => kind === "node");
  const found: BmcLogInfo[] = [];
  let code: number = EXIT.ok;
  for (let from = 0; from < machines.length && !run.signal.aborted; from += AT_A_TIME) {
    const asked = machines.slice(from, from + AT_A_TIME).map(({ id }) => run.client.call("getBmcLog", { id, count }));
    for (const answer of await Promise.all(asked)) {
      if (answer.ok) found.push(answer.value);
      else code = reportFailure(run, answer.failure); // the others are shown all the same
    }
  }
  if (found.length > 0 || code === EXIT.ok) {
    const { style, terminal } = run;
    reportAnswer(run, { ok: true, value: found }, (logs) => describeBmcLogs(logs, style, terminal.columns()));
  }
  return code;
});
