import { stringify } from "yaml";
import { cleanText, EXIT } from "../../src/cli/mod.ts";
import { type CommandRun, defineCommand } from "../command.ts";
import { reportFailure } from "../report.ts";
import type { LoggedEventInfo } from "../../src/api/mod.ts";

const options = {
  follow: { kind: "boolean", short: "f", help: "Show events as they happen, until Ctrl-C" },
  after: { kind: "integer", placeholder: "ID", help: "Show events after this one" },
} as const;

/** Shows what was decided and why. */
export const events = defineCommand({
  name: "events",
  about: "Shows what Kraken did and saw, and why: the log so far, or with -f new events",
  positionals: { usage: "[NODESET]", max: 1 },
  options,
  examples: ["krakenctl events", "krakenctl events -f n[1-4]", "krakenctl events --after 1200 -o json"],
}, async (run) => {
  return run.options.follow ? await follow(run) : await list(run);
});

type Run = CommandRun<typeof options>;

async function list(run: Run): Promise<number> {
  let after = run.options.after ?? 0;
  let isTold = false;
  for (;;) {
    const page = await run.client.call("listEvents", { after: String(after), nodeset: run.args[0] });
    if (!page.ok) return reportFailure(run, page.failure);
    const { events, droppedUpTo } = page.value;
    if (droppedUpTo !== undefined && !isTold) tellDropped(run, droppedUpTo);
    isTold = true;
    for (const event of events) run.terminal.write(showEvent(event, run));
    const last = events.at(-1);
    if (last === undefined || last.id <= after) return EXIT.ok;
    after = last.id;
  }
}

async function follow(run: Run): Promise<number> {
  let lost = false;
  for await (const news of run.client.follow(run.options.after, run.signal, run.args[0])) {
    switch (news.kind) {
      case "event":
        run.terminal.write(showEvent(news.event, run));
        break;
      case "dropped":
        tellDropped(run, news.upTo);
        break;
      case "lost":
        if (!lost) run.terminal.writeError("krakenctl: Lost the connection: trying again\n");
        lost = true;
        break;
      case "failed":
        return reportFailure(run, news.failure);
      case "connected":
        if (lost) run.terminal.writeError("krakenctl: Connected again\n");
        lost = false;
        break;
      default:
        news satisfies never;
    }
  }
  return EXIT.ok;
}

function tellDropped(run: Run, upTo: number): void {
  run.terminal.writeError(`krakenctl: Events up to ${upTo} are not kept any more, as the log is full\n`);
}

/** One event: a line for people, a line of JSON, or a YAML document. */
function showEvent(event: LoggedEventInfo, { options: { output }, style }: Run): string {
  if (output === "json") return `${JSON.stringify(event)}\n`;
  if (output === "yaml") return `---\n${stringify(event)}`;
  const { id, time, node, kind, mutation, why } = event;
  const paint = { failed: style.red, stuck: style.red, "no-path": style.red, converged: style.green }[kind];
  const padded = cleanText(kind).padEnd(9);
  const words = [String(id).padStart(5), time, cleanText(node).padEnd(8), paint?.(padded) ?? padded];
  return `${words.join("  ")}  ${cleanText(mutation === undefined ? why : `${mutation}: ${why}`)}\n`;
}
