import { MistakeError, type ModuleContext, type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import { bootDeviceOf, type ChangeOutcome, createConcurrency, type PowerDriver, type Reading } from "../power/mod.ts";
import { powermanNameOf, type PowermanSettings } from "./config.ts";
import type { connectPowerman } from "./connection.ts";
import { createDiagnosis } from "./diagnosis.ts";
import { createGathering, type GatheredNodes } from "./gathering.ts";
import { createPool } from "./pool.ts";
import { hostlistsOf, MAX_WORDS, type PowermanAnswer, unknownNames } from "./protocol.ts";

/** The largest number of connections at a time, so that a slow command does not hold up everything. */
const MAX_CONNECTIONS = 4;
/** How long requests and orders are gathered, in milliseconds: urgent ones, and others. */
const URGENT_WAIT = 20;
const PATIENT_WAIT = 2_000;

/** Makes a connection. */
export type Connect = typeof connectPowerman;

/**
 * Creates a driver that uses powermand. Simultaneous requests for many nodes are sent as one command with a hostlist,
 * over a few connections that stay open. Answers are evaluated by plug, so that no plug suffers from another.
 *
 * @param context The module's context.
 * @param parts `connect` makes a connection.
 */
export function createPowermanDriver(
  context: ModuleContext,
  parts: { readonly settings: () => PowermanSettings; readonly connect: Connect },
): PowerDriver {
  const { clock } = context;
  const pool = createPool(context, { ...parts, limit: createConcurrency(MAX_CONNECTIONS) });
  const diagnosis = createDiagnosis(clock, pool);

  /**
   * Sends a command for many names. If powermand does not know some of them, it does nothing: these names then have
   * their answer, and the command is repeated for the others. Each list waits for earlier ones, and for a connection.
   */
  async function about<T>(
    verb: string,
    { names, queued }: Pick<GatheredNodes<T>, "names" | "queued">,
    urgent: boolean,
    take: Take,
  ): Promise<void> {
    const lists = hostlistsOf(names).map((list, place) => ({
      ...list,
      go: place === 0 ? undefined : queued(list.names),
    }));
    for (const { go, ...list } of lists) {
      go?.();
      const ask = { urgent, queued: () => queued(list.names) };
      const answer = await pool.use(ask, (command) => command(`${verb} ${list.text}`));
      const unknown = unknownNames(answer);
      const others = list.names.filter((name) => !unknown.has(name));
      take(list.names.filter((name) => unknown.has(name)), answer);
      if (others.length === list.names.length) take(others, answer);
      else await about(verb, { names: others, queued }, urgent, take);
    }
  }
  /** Urgent requests are not gathered with others: one slow device delays the whole command. */
  function statuses(wait: number, urgent: boolean) {
    return createGathering<Reading>(clock, wait, async ({ names, settle, queued }) => {
      const doubtful = new Map<string, PowermanAnswer>();
      await about("status", { names, queued }, urgent, (asked, answer) => {
        for (const name of asked) {
          const power = answer.power.get(name);
          if (power === "on" || power === "off") settle(name, { power, said: `${name}: ${power}` });
          else if (unknownNames(answer).has(name)) settle(name, strange(name));
          else doubtful.set(name, answer);
        }
      });
      const unexplained = [...doubtful].filter(([name, { problems, diagnostics }]) =>
        problems.length === 0 && !diagnostics.has(name)
      );
      const found = await diagnosis.ask(unexplained.map(([name]) => name), urgent);
      for (const [name, answer] of doubtful) settle(name, readingOf(name, answer, found.get(name)));
    });
  }
  function orders(verb: "on" | "off") {
    return createGathering<ChangeOutcome>(clock, URGENT_WAIT, async ({ names, settle, queued }) => {
      await about(verb, { names, queued }, true, (asked, answer) => {
        for (const name of asked) settle(name, outcomeOf(name, answer));
      });
    });
  }
  const polled = statuses(PATIENT_WAIT, false);
  const wanted = statuses(URGENT_WAIT, true);
  const verbs = { on: orders("on"), off: orders("off") };

  return {
    read: async (node, ask) => await (ask.urgent ? wanted : polled).ask(powermanNameOf(node), ask),
    async change(node, change, ask) {
      if (change !== "on" && change !== "off") return { kind: "unsupported" };
      if (change === "on") checkBootDevice(node);
      return await verbs[change].ask(powermanNameOf(node), ask);
    },
    async stop() {
      pool.end();
    },
  };
}

/** @throws {MistakeError} If a node's machine should boot from a device, which an outlet cannot set. */
function checkBootDevice(node: ModuleNode): void {
  const device = bootDeviceOf(node);
  if (device === undefined || device.target === "none") return;
  const how = device.once ? "set '/bmc/bootNext' to NONE" : "unset '/bmc/bootDevice'";
  throw new MistakeError(
    `Cannot boot '${node.name}' from '${device.target}': powermand tells no machine what to boot from: ${how}`,
  );
}

type Take = (names: readonly string[], answer: PowermanAnswer) => void;

function strange(name: string): Error {
  return new UnavailableError(
    `powermand does not know '${name}': set the node's '/bmc/address' to what it is called there`,
  );
}

/** Returns the reading of a plug; an error if its power is unknown because its device fails. */
function readingOf(name: string, answer: PowermanAnswer, trouble: string | undefined): Reading | Error {
  const why = answer.diagnostics.get(name) ?? trouble;
  if (answer.code < 200) {
    return { power: "unknown", said: `${name}: unknown${why === undefined ? "" : ` (${why})`}`.slice(0, MAX_WORDS) };
  }
  const said = [answer.words, ...why === undefined ? answer.problems.slice(0, 3) : [why]].join("; ").slice(
    0,
    MAX_WORDS,
  );
  return new UnavailableError(`powermand says of '${name}': ${said}`);
}

/**
 * Returns the result of an order for one plug. An answer for many that reports errors says nothing about a plug that it
 * does not name: the order may have been carried out, and the plug is read again.
 *
 * @throws {UnavailableError} (as the answer for that name) in that case.
 */
function outcomeOf(name: string, answer: PowermanAnswer): ChangeOutcome | Error {
  const { code, words, problems, diagnostics } = answer;
  const own = diagnostics.get(name);
  const said = [words, ...own === undefined ? problems.slice(0, 2) : [own]].join("; ").slice(0, MAX_WORDS);
  if (code < 200) return own === undefined ? { kind: "taken" } : { kind: "refused", said };
  if (unknownNames(answer).has(name)) return strange(name);
  switch (code) {
    case 208: // command in progress
      return { kind: "later", said };
    case 213: // none of its devices supports that
      return { kind: "unsupported" };
    case 210: // command completed with errors
      if (own !== undefined) return { kind: "refused", said };
      if (diagnostics.size > 0 && problems.length === 0) return { kind: "taken" };
      return new UnavailableError(`powermand says of the command that '${name}' was in: ${said}`);
    default:
      return { kind: "refused", said };
  }
}
