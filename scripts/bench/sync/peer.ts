import { join } from "node:path";
import * as v from "valibot";
import { startKraken } from "../../cluster/process.ts";
import { DENO_CONFIG, denoPath, ROOT } from "../../runtimes.ts";
import type { PeerCommand } from "./peer_command.ts";

/** How long a command may take, in milliseconds: those that may take long have limits of their own below this. */
const LIMIT = 300_000;

/** A process of the bench's own that does what it is asked to. */
export interface Peer {
  readonly pid: number;
  /** @throws {Error} When it could not be done: with the reason. */
  ask<Question extends v.GenericSchema, Answer extends v.GenericSchema>(
    command: PeerCommand<Question, Answer>,
    question: v.InferInput<Question>,
  ): Promise<v.InferOutput<Answer>>;
  /** Ends it. */
  stop(): Promise<void>;
}

/** Starts a program that serves commands. It dies with this process. */
export async function startPeer(
  options: {
    /** Below scripts/bench/sync. */
    readonly file: string;
    readonly logFile: string;
    readonly signal: AbortSignal;
  },
): Promise<Peer> {
  const { logFile, signal } = options;
  const running = await startKraken({
    command: [
      ...[denoPath(), "run", "-A", "--quiet", "--no-check", "--config", DENO_CONFIG],
      join(ROOT, "scripts/bench/sync", options.file),
    ],
    ...{ logFile, signal },
  });
  const base = `http://127.0.0.1:${Number(running.ready["port"])}`;
  return {
    pid: running.pid,
    async ask(command, question) {
      const response = await fetch(`${base}/${command.name}`, {
        method: "POST",
        body: JSON.stringify(question),
        signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]),
      });
      const body: unknown = await response.json();
      if (!response.ok) throw new Error(`Cannot ${command.name}: ${JSON.stringify(body)}; see ${logFile}`);
      return v.parse(command.answer, body);
    },
    stop: running.stop,
  };
}
