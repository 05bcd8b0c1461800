import { mapAnswer } from "../../src/api/client/mod.ts";
import { EXIT } from "../../src/cli/mod.ts";
import { foldNodeset } from "../../src/nodeset/mod.ts";
import { describeChanges } from "../change_text.ts";
import { type Command, type CommandRun, defineCommand } from "../command.ts";
import { asChange, conditionOption, reportChange } from "../condition.ts";
import { describeGroups } from "../group_text.ts";
import { countOf } from "../grouping.ts";
import { describePower } from "../node_text.ts";
import { reportAnswer, reportFailure, reportProblems } from "../report.ts";
import type { ChangeGroupInfo, NodeSummaryInfo } from "../../src/api/mod.ts";
import { waitConverged } from "../wait_converged.ts";

const options = {
  "dry-run": { kind: "boolean", help: "Show the resulting plans without making the change" },
  wait: { kind: "boolean", help: "Wait until it is done and every node of the set is at its goal" },
  ...conditionOption,
} as const;

type Run = CommandRun<typeof options>;

/** Shows the power of machines. */
const status = defineCommand({
  name: "power status",
  about: "Shows which machines are on and off, as their controllers report it",
  positionals: { usage: "[NODESET]", max: 1 },
  options: {},
  examples: ["krakenctl power status", "krakenctl power status n[1-64] -o json"],
}, async (run) => {
  const answer = await run.client.call("listNodes", { nodeset: run.args[0] });
  const machines = mapAnswer(answer, ({ nodes }) => nodes.filter(({ kind }) => kind === "node"));
  return reportAnswer(run, machines, (nodes) => describePower(nodes, run.style, run.terminal.columns()));
});

/** What machines are to be from now on. */
function definePower(verb: "on" | "off", value: "POWER_ON" | "POWER_OFF", about: string): Command {
  return defineCommand({
    name: `power ${verb}`,
    about,
    positionals: { usage: "NODESET", min: 1, max: 1 },
    options,
    examples: [
      `krakenctl power ${verb} n[1-4]`,
      `krakenctl power ${verb} n[1-4] --wait`,
      `krakenctl power ${verb} n1 --dry-run`,
    ],
  }, async (run) => {
    const [nodeset = ""] = run.args;
    const { wait, "dry-run": dryRun } = run.options;
    const answer = await run.client.call(
      "patchNodes",
      { nodeset, body: { physState: value }, dryRun },
      asChange(run.options),
    );
    const code = reportChange(run, answer, dryRun, (changes) => describeChanges(changes, dryRun, run.style));
    return code !== EXIT.ok || dryRun || !wait ? code : await waitFor(run, nodeset);
  });
}

/** What is done to machines once, whatever they are to be. */
function defineOrder(
  verb: "cycle" | "reset" | "nmi",
  { about, order, goal }: {
    readonly about: string;
    readonly order: string;
    readonly goal: { readonly physState?: string };
  },
): Command {
  return defineCommand({
    name: `power ${verb}`,
    about,
    positionals: { usage: "NODESET", min: 1, max: 1 },
    options,
    examples: [
      `krakenctl power ${verb} n7`,
      `krakenctl power ${verb} n[1-4] --wait`,
      `krakenctl power ${verb} n7 --dry-run`,
    ],
  }, async (run) => {
    const [nodeset = ""] = run.args;
    const nodes = await run.client.call("listNodes", { nodeset });
    if (!nodes.ok) return reportFailure(run, nodes.failure);
    const machines = nodes.value.nodes.filter(({ kind }) => kind === "node");
    const problems = machines.flatMap((node) => orderIssues(node, verb));
    if (problems.length > 0) return reportProblems(run, [...problems, "Nothing was ordered"]);
    const names = foldNodeset(machines.map(({ name }) => name));
    const asked = { power: { order: "DONE" }, ...goal };
    const show = (groups: readonly ChangeGroupInfo[], what: string, end: readonly string[]) => [
      `${countOf(machines.length, "node")} (${names}): ${what}`,
      ...["", "Plans:", ...describeGroups(groups, run.style)],
      ...end,
    ];
    if (run.options["dry-run"]) {
      const preview = await run.client.call("patchNodes", {
        ...{ nodeset: names, body: asked, dryRun: true },
        reported: { power: { order } },
      });
      if (!preview.ok) return reportFailure(run, preview.failure);
      const { groups } = preview.value;
      const value = { order, nodes: machines.map(({ name }) => name), groups };
      const end = ["", "Dry run: nothing was changed"];
      return reportAnswer(run, { ok: true, value }, () => show(groups, `would get the order ${order}`, end));
    }
    // The order comes first: what is to be done then is to get it done.
    for (const { id } of machines) {
      const ordered = await run.client.call("patchDsc", { id, body: { power: { order } } });
      if (!ordered.ok) return reportFailure(run, ordered.failure);
    }
    const wanted = await run.client.call("patchNodes", { nodeset, body: asked }, asChange(run.options));
    if (!wanted.ok) return reportFailure(run, wanted.failure);
    const { groups } = wanted.value;
    const value = { order, nodes: machines.map(({ name }) => name), groups };
    // An order for which there is no way, or that something holds up, is given all the same: that is told.
    const code = reportAnswer(run, { ok: true, value }, () => show(groups, `${order} ordered`, []));
    return run.options.wait ? await waitFor(run, nodeset) : code;
  });
}

/** Returns why a machine cannot get an order; empty if it can. */
function orderIssues({ name, physState }: NodeSummaryInfo, verb: string): string[] {
  if (verb === "cycle" || physState !== "POWER_OFF") return [];
  return [`'${name}' is off: expected a machine that is on. Power it on, or leave it out`];
}

async function waitFor(run: Run, nodeset: string): Promise<number> {
  const nodes = await run.client.call("listNodes", { nodeset });
  if (!nodes.ok) return reportFailure(run, nodes.failure);
  return await waitConverged(run, new Set(nodes.value.nodes.map(({ name }) => name)));
}

/** The commands about power. */
export const power: readonly Command[] = [
  status,
  definePower("on", "POWER_ON", "Powers machines on, and keeps them on"),
  definePower("off", "POWER_OFF", "Powers machines off, and keeps them off; drains them first"),
  defineOrder("cycle", {
    about: "Power-cycles machines once; drains them first",
    order: "CYCLE",
    goal: { physState: "POWER_ON" },
  }),
  defineOrder("reset", {
    about: "Restarts machines once without a loss of power; drains them first",
    order: "RESET",
    goal: { physState: "POWER_ON" },
  }),
  defineOrder("nmi", {
    about: "Sends machines a non-maskable interrupt once, for a memory dump; freeze them right after to keep it",
    order: "NMI",
    goal: {},
  }),
];
