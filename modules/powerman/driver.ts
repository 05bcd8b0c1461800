import { type ModuleContext, UnavailableError } from "../../src/module/mod.ts";
import { within } from "../../src/pause.ts";
import { createLimit, type Power, type PowerDriver } from "../power/mod.ts";
import { createGathering } from "./gathering.ts";
import { powermanNameOf, type PowermanSettings, serverOf } from "./config.ts";
import { type Connection, connectPowerman } from "./connection.ts";
import { type Answer, hostlistsOf, MAX_WORDS, unknownNames } from "./protocol.ts";

/** The most connections at a time, so that what is slow does not hold up everything. */
const MAX_CONNECTIONS = 4;
/** How long one command may take, in milliseconds: powermand's devices have timeouts of their own. */
const COMMAND_LIMIT = 60_000;
/** How long questions and orders are gathered, in milliseconds: somebody waits, or nobody does. */
const URGENT_WAIT = 20;
const PATIENT_WAIT = 2_000;

/** How a connection is made. */
export type Connect = typeof connectPowerman;

/**
 * Makes a driver that asks powermand. What is asked at about the same time about many nodes goes as one command with a
 * hostlist, over a few connections that stay open.
 */
export function createPowermanDriver(
  context: ModuleContext,
  parts: { readonly settings: () => PowermanSettings; readonly connect: Connect },
): PowerDriver {
  const { clock, signal } = context;
  const limit = createLimit(MAX_CONNECTIONS);
  const idle: { readonly key: string; readonly connection: Connection }[] = [];

  /** Does a command over a connection that nobody uses. */
  async function command(text: string, urgent: boolean): Promise<Answer> {
    const { host, port } = serverOf(parts.settings().server);
    const key = `${host} ${port}`;
    try {
      return await limit.run(
        () =>
          within(clock, COMMAND_LIMIT, `no answer in ${COMMAND_LIMIT} ms`, signal, async (signal) => {
            const connection = take(key) ?? await parts.connect({ host, port }, signal);
            const answer = await connection.command(text, signal);
            idle.push({ key, connection });
            return answer;
          }),
        { signal, urgent },
      );
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      throw new UnavailableError(
        `Cannot reach powermand at ${host}:${port}: ${why} (Debian has it in the package 'powerman')`,
      );
    }
  }
  function take(key: string): Connection | undefined {
    for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
      if (next.key === key && !next.connection.ended) return next.connection;
      next.connection.end();
    }
    return undefined;
  }
  /**
   * Does a command about many names. Where powermand does not know some of them it does nothing at all: those have their
   * answer then, and it is asked about the others.
   */
  async function about(verb: string, names: readonly string[], urgent: boolean, take: Take): Promise<void> {
    for (const list of hostlistsOf(names)) {
      const answer = await command(`${verb} ${list.text}`, urgent);
      const unknown = unknownNames(answer);
      const others = list.names.filter((name) => !unknown.has(name));
      take(list.names.filter((name) => unknown.has(name)), answer);
      if (others.length === list.names.length) take(others, answer);
      else if (others.length > 0) await about(verb, others, urgent, take);
    }
  }
  /** What somebody waits for is not gathered with what nobody does: one device that is slow makes the whole command so. */
  function statuses(wait: number, urgent: boolean) {
    return createGathering<Power>(clock, wait, async (names, settle) => {
      await about("status", names, urgent, (asked, answer) => {
        for (const name of asked) {
          const power = answer.power.get(name);
          const isKnown = power !== undefined && (power !== "unknown" || answer.code < 200);
          settle(name, isKnown ? power : failureOf(name, answer));
        }
      });
    });
  }
  /** Orders say only that they were taken, all of them, or that something went wrong: what then is, is asked. */
  function orders(verb: "on" | "off") {
    return createGathering<true>(clock, URGENT_WAIT, async (names, settle) => {
      await about(verb, names, true, (asked, answer) => {
        for (const name of asked) settle(name, answer.code < 200 ? true : failureOf(name, answer));
      });
    });
  }
  const polled = statuses(PATIENT_WAIT, false);
  const wanted = statuses(URGENT_WAIT, true);
  const verbs = { on: orders("on"), off: orders("off") };

  return {
    async read(node, ask) {
      const name = powermanNameOf(node);
      const power = await (ask.urgent ? wanted : polled).ask(name, ask.signal);
      return { power, said: `${name}: ${power}` };
    },
    async change(node, change, { signal }) {
      if (change !== "on" && change !== "off") return { kind: "unsupported" };
      await verbs[change].ask(powermanNameOf(node), signal);
      return { kind: "taken" };
    },
    async stop() {
      for (const { connection } of idle) connection.end();
    },
  };
}

type Take = (names: readonly string[], answer: Answer) => void;

/** What went wrong, in powermand's words. A device that does not answer says nothing of its machines. */
function failureOf(name: string, answer: Answer): Error {
  const said = [answer.words, ...answer.problems.slice(0, 3)].join("; ").slice(0, MAX_WORDS);
  const why = unknownNames(answer).has(name)
    ? `powermand does not know '${name}': set the node's '/bmc/address' to what it is called there`
    : `powermand says of '${name}': ${said}`;
  return answer.problems.length > 0 ? new UnavailableError(why) : new Error(why);
}
