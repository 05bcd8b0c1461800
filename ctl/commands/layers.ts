import { mapAnswer } from "../../src/api/client/mod.ts";
import type { GroupInfo, ProfileInfo } from "../../src/api/mod.ts";
import { renderTable } from "../../src/cli/mod.ts";
import { parseAssignments, toMergePatch } from "../assignment.ts";
import { describeChanges } from "../change_text.ts";
import { type Command, type CommandRun, defineCommand, showUsageError } from "../command.ts";
import { asChange, conditionOption, reportChange } from "../condition.ts";
import { schema } from "../known.ts";
import { flatten } from "../node_text.ts";
import { showValue } from "../plan_text.ts";
import { reportAnswer } from "../report.ts";

type Titled = Pick<CommandRun<Record<never, never>>, "style" | "terminal">;

function table({ style, terminal }: Titled, titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = titles.map((title) => ({ title }));
  return renderTable(columns, rows.map((row) => [...row]), { width: terminal.columns(), titlePaint: style.bold });
}

const listProfiles = defineCommand({
  name: "profile list",
  about: "Lists profiles, the cfg that nodes have in common",
  positionals: { usage: "", max: 0 },
  options: {},
  examples: ["krakenctl profile list", "krakenctl profile list -o yaml"],
}, async (run) => {
  const answer = mapAnswer(await run.client.call("listProfiles", {}), ({ profiles }) => profiles);
  return reportAnswer(run, answer, (profiles) =>
    table(
      run,
      ["NAME", "INHERITS", "NODES", "ABOUT"],
      profiles.map(({ name, inherits, nodes, about }) => [name, inherits.join(","), nodes, about]),
    ));
});

const getProfile = defineCommand({
  name: "profile get",
  about: "Shows one profile",
  positionals: { usage: "NAME", min: 1, max: 1 },
  options: {},
  examples: ["krakenctl profile get gpu"],
}, async (run) => {
  const [name = ""] = run.args;
  return reportAnswer(run, await run.client.call("getProfile", { name }), (profile) => describeProfile(profile, run));
});

function describeProfile({ name, about, inherits, nodes, values }: ProfileInfo, run: Titled): string[] {
  return [
    ...table(run, ["", ""], [["name", name], ["about", about], ["inherits", inherits.join(",")], ["nodes", nodes]])
      .slice(1),
    "",
    ...table(run, ["VARIABLE", "VALUE"], [...flatten(values)]),
  ];
}

const setProfile = defineCommand({
  name: "profile set",
  about: "Gives a profile exactly these values, and with it every node that names it in /profiles",
  positionals: { usage: "NAME /URL=VALUE ...", min: 1 },
  options: {
    about: { kind: "string", placeholder: "TEXT", default: "", help: "What it is for" },
    inherits: {
      kind: "string",
      placeholder: "NAMES",
      default: "",
      help: "Profiles that it takes over, in order: base,gpu",
    },
    "dry-run": {
      kind: "boolean",
      help: "Show the nodes that would change, and the resulting plans, without making the change",
    },
    ...conditionOption,
  },
  examples: [
    "krakenctl profile set base /arch=x86_64 /boot/method=pxe --about 'All compute nodes'",
    "krakenctl profile set gpu /boot/kernel=vmlinuz-gpu --inherits base --dry-run",
    `krakenctl set n[1-64] '/profiles=["gpu"]'`,
  ],
}, async (run) => {
  const [name = "", ...texts] = run.args;
  const { about, inherits, "dry-run": dryRun } = run.options;
  const parsed = parseAssignments(schema, texts);
  if (!parsed.ok) return showUsageError(run.terminal, parsed.problem, "krakenctl profile set");
  const names = inherits.split(",").map((each) => each.trim()).filter((each) => each !== "");
  const body = { about, inherits: names, values: toMergePatch(parsed.assignments) };
  const answer = await run.client.call("putProfile", { name, body, dryRun }, asChange(run.options));
  return reportChange(
    run,
    answer,
    dryRun,
    (changes) =>
      (changes.changes ?? []).length === 0
        ? [`profile ${name}: ${dryRun ? "no node would change" : "written; no node has it"}`]
        : describeChanges(changes, dryRun, run.style),
  );
});

const deleteProfile = defineCommand({
  name: "profile delete",
  about: "Deletes a profile that no node and no other profile names",
  positionals: { usage: "NAME", min: 1, max: 1 },
  options: {},
  examples: ["krakenctl profile delete gpu"],
}, async (run) => {
  const [name = ""] = run.args;
  return reportAnswer(run, await run.client.call("deleteProfile", { name }), () => [`profile ${name}: deleted`]);
});

const listGroups = defineCommand({
  name: "group list",
  about: "Lists groups, which stand for their members as @NAME in every nodeset",
  positionals: { usage: "", max: 0 },
  options: {},
  examples: ["krakenctl group list"],
}, async (run) => {
  const answer = mapAnswer(await run.client.call("listGroups", {}), ({ groups }) => groups);
  return reportAnswer(run, answer, (groups) =>
    table(
      run,
      ["NAME", "IS", "MEMBERS", "ABOUT"],
      groups.map((group) => [
        ...[group.name, describeGroup(group), group.members, group.about],
      ]),
    ));
});

function describeGroup({ nodes, filter }: GroupInfo): string {
  return nodes ?? Object.entries(filter ?? {}).map(([url, value]) => `${url}=${showValue(value)}`).join(" ");
}

const setGroup = defineCommand({
  name: "group set",
  about: "Makes a group of a nodeset, or of all nodes with some values at the time",
  positionals: { usage: "NAME NODESET | NAME /URL=VALUE ... [phase=PHASE]", min: 2 },
  options: { about: { kind: "string", placeholder: "TEXT", default: "", help: "What it is for" } },
  examples: ["krakenctl group set login login[1-2]", "krakenctl group set stuck-r1 /rack=r1 phase=stuck"],
}, async (run) => {
  const [name = "", ...texts] = run.args;
  const isFilter = texts.some((text) => text.includes("="));
  if (!isFilter && texts.length > 1) {
    return showUsageError(
      run.terminal,
      `${texts.length} nodesets are given: expected one, such as n[1-4],n9`,
      "krakenctl group set",
    );
  }
  const phases = texts.filter((text) => text.startsWith("phase="));
  const parsed = parseAssignments(schema, isFilter ? texts.filter((text) => !phases.includes(text)) : []);
  if (!parsed.ok) return showUsageError(run.terminal, parsed.problem, "krakenctl group set");
  const filter = Object.fromEntries([
    ...parsed.assignments.map(({ url, value }) => [url, value]),
    ...phases.map((text) => ["phase", text.slice("phase=".length)]),
  ]);
  const body = { about: run.options.about, ...(isFilter ? { filter } : { nodes: texts[0] ?? "" }) };
  const answer = await run.client.call("putGroup", { name, body });
  return reportAnswer(
    run,
    answer,
    ({ members }) => [`@${name}: ${members === "" ? "no node at this moment" : members}`],
  );
});

const deleteGroup = defineCommand({
  name: "group delete",
  about: "Deletes a group; its nodes stay",
  positionals: { usage: "NAME", min: 1, max: 1 },
  options: {},
  examples: ["krakenctl group delete login"],
}, async (run) => {
  const [name = ""] = run.args;
  return reportAnswer(run, await run.client.call("deleteGroup", { name }), () => [`@${name}: deleted`]);
});

/** Shows the end of what a program has printed. */
export const logs = defineCommand({
  name: "logs",
  about: "Shows the end of the output of a program of a node, from its agent",
  positionals: { usage: "NODE SERVICE", min: 2, max: 2 },
  options: {
    lines: { kind: "integer", short: "n", placeholder: "COUNT", default: 50, help: "Most lines, 1 to 1000" },
    timeout: { kind: "duration", default: 15_000, help: "Longest time for an answer" },
  },
  examples: ["krakenctl logs n1 heartbeat", "krakenctl logs n1 heartbeat -n 200"],
}, async (run) => {
  const [id = "", service = ""] = run.args;
  const { lines } = run.options;
  if (lines < 1 || lines > 1_000) {
    const problem = `Option '--lines' is '${lines}': expected a whole number from 1 to 1000`;
    return showUsageError(run.terminal, problem, "krakenctl logs");
  }
  const answer = await run.client.call("getServiceOutput", { id, service, lines });
  return reportAnswer(run, answer, ({ output }) => output === "" ? [] : output.replace(/\n$/, "").split("\n"));
});

/** The commands about what nodes have in common. */
export const layers: readonly Command[] = [
  ...[listProfiles, getProfile, setProfile, deleteProfile],
  ...[listGroups, setGroup, deleteGroup],
];
