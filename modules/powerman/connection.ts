import { createConnection, type Socket } from "node:net";
import { parseAnswer, type PowermanAnswer, PROMPT } from "./protocol.ts";

/** The largest answer to read, in characters: enough for ten thousand names. */
const MAX_ANSWER = 1024 * 1024;

/** A connection to powermand. It takes one command at a time. */
export interface Connection {
  /**
   * Sends a command and returns the answer.
   *
   * @throws {Error} If the connection ends before the answer; the signal's reason, if that fires: the connection then
   *   ends.
   */
  command(text: string, signal: AbortSignal): Promise<PowermanAnswer>;
  /** Whether it has ended. */
  readonly ended: boolean;
  end(): void;
}

/**
 * Connects to powermand, and makes it report each plug on its own line.
 *
 * @param address Host and port.
 * @param signal Ends the attempt.
 * @throws {Error} If it cannot be reached or is not powermand; the signal's reason, if that fires.
 */
export async function connectPowerman(
  address: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Connection> {
  const socket = createConnection(address);
  const answers = readAnswers(socket);
  const connection: Connection = {
    get ended() {
      return answers.ended();
    },
    async command(text, signal) {
      const answer = answers.next(signal);
      socket.write(`${text}\r\n`);
      const found = parseAnswer(await answer);
      if (found !== undefined) return found;
      socket.destroy();
      throw new Error("the server is not powermand");
    },
    end: () => socket.destroy(),
  };
  try {
    const greeting = await answers.next(signal);
    if (!/^001 /.test(greeting)) throw new Error("the server is not powermand");
    const expanded = await connection.command("exprange", signal);
    if (expanded.code !== 105) {
      throw new Error(`powermand does not take 'exprange': ${expanded.code} ${expanded.words}`);
    }
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Splits the received data at the prompts. */
function readAnswers(socket: Socket) {
  let received = "";
  let failure: Error | undefined;
  let waiting: { resolve(text: string): void; reject(error: unknown): void } | undefined;

  function fail(error: Error): void {
    failure ??= error;
    socket.destroy();
    waiting?.reject(failure);
    waiting = undefined;
  }
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    received += String(chunk);
    if (received.length > MAX_ANSWER) return fail(new Error(`the answer is larger than ${MAX_ANSWER} characters`));
    // Only the end is checked: a device's own words may contain a prompt.
    if (!received.endsWith(PROMPT)) return;
    const text = received.slice(0, -PROMPT.length);
    received = "";
    waiting?.resolve(text);
    waiting = undefined;
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("powermand has ended the connection")));
  return {
    ended: () => failure !== undefined,
    next(signal: AbortSignal): Promise<string> {
      return new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        const over = () => fail(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
        if (signal.aborted) return over(), reject(signal.reason);
        signal.addEventListener("abort", over, { once: true });
        function settled<T>(settle: (value: T) => void): (value: T) => void {
          return (value) => {
            signal.removeEventListener("abort", over);
            settle(value);
          };
        }
        waiting = { resolve: settled(resolve), reject: settled(reject) };
      });
    },
  };
}
