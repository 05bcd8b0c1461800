import { type ModuleContext, UnavailableError } from "../../src/module/mod.ts";
import { errorText, within } from "../../src/toolkit/mod.ts";
import type { Ask, Concurrency } from "../power/mod.ts";
import { type PowermanSettings, serverOf } from "./config.ts";
import type { Connection, connectPowerman } from "./connection.ts";
import type { PowermanAnswer } from "./protocol.ts";

/** How long one use of a connection may take, in milliseconds: powermand's devices have their own timeouts. */
const USE_LIMIT = 60_000;

/** A few connections to powermand that stay open. */
export interface Pool {
  /**
   * Runs one or more commands over a connection that is used by nothing else meanwhile. The caller is told if it has to
   * wait for one, and when the wait ends.
   *
   * @throws {UnavailableError} If powermand cannot be reached, or the connection breaks.
   */
  use<T>(
    ask: Pick<Ask, "urgent" | "queued">,
    work: (command: (text: string) => Promise<PowermanAnswer>) => Promise<T>,
  ): Promise<T>;
  end(): void;
}

/**
 * Creates the pool.
 *
 * @param parts `connect` makes a connection.
 */
export function createPool(
  { clock, signal }: Pick<ModuleContext, "clock" | "signal">,
  parts: {
    readonly settings: () => PowermanSettings;
    readonly connect: typeof connectPowerman;
    readonly limit: Concurrency;
  },
): Pool {
  const idle: { readonly key: string; readonly connection: Connection }[] = [];

  function take(key: string): Connection | undefined {
    for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
      if (next.key === key && !next.connection.ended) return next.connection;
      next.connection.end();
    }
    return undefined;
  }
  return {
    async use(ask, work) {
      const { host, port } = serverOf(parts.settings().server);
      const key = `${host} ${port}`;
      try {
        return await parts.limit.run(
          () =>
            within({ clock, ms: USE_LIMIT, late: `no answer in ${USE_LIMIT} ms`, signal }, async (signal) => {
              const connection = take(key) ?? await parts.connect({ host, port }, signal);
              try {
                const result = await work((text) => connection.command(text, signal));
                idle.push({ key, connection });
                return result;
              } catch (error) {
                connection.end();
                throw error;
              }
            }),
          { ...ask, signal },
        );
      } catch (error) {
        signal.throwIfAborted();
        const why = errorText(error);
        throw new UnavailableError(
          `Cannot reach powermand at ${host}:${port}: ${why} (Debian has it in the package 'powerman')`,
        );
      }
    },
    end() {
      for (const { connection } of idle) connection.end();
    },
  };
}
