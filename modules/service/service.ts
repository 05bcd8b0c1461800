import process from "node:process";
import type { Clock } from "../../src/clock.ts";
import { PermanentError } from "../../src/module/mod.ts";
import {
  adoptProgram,
  bootId,
  type Exit,
  firstOf,
  isRunning,
  lastLine,
  type LeftBehind,
  type RunningProgram,
  startProgram,
  stopProgram,
} from "../../src/process/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import type { ProgramConfig } from "./config.ts";
import type { ProgramFolder } from "./record.ts";
import { createTurns, errorText } from "../../src/toolkit/mod.ts";

/** How long a program must stay up to count as running, in milliseconds. */
const STEADY = 1000;
/** How long to wait for the stop of a program whose config is no longer known, in milliseconds. */
const ADOPTED_STOP_TIMEOUT = 10_000;
/** The longest error text: see `/services/{name}/error`. */
const MAX_ERROR_LENGTH = 512;

/** The present state of one service. */
type Situation =
  | { readonly kind: "stopped" }
  | { readonly kind: "starting" | "stopping" }
  | {
    readonly kind: "running";
    readonly program: RunningProgram;
    readonly digest: string;
    readonly stopTimeout: number;
    /** True if cfg asks for another config than that of the running program. */
    readonly outdated: boolean;
  }
  | {
    readonly kind: "finished";
    readonly digest: string;
    readonly outdated: boolean;
    /** What is unusual about its end, in words. */
    readonly note: string | undefined;
  }
  | { readonly kind: "failed"; readonly digest: string };

/** One service of the node: at most one process group at a time. Its operations run one after the other. */
export interface Service {
  /** Takes over what an earlier run of the agent has left, and shows it. */
  adopt(): void;
  /** Shows the present state. */
  show(): void;
  /**
   * Runs the program with this config; a program with another config is stopped first.
   *
   * @throws {PermanentError} If it failed with this config and must never be started again.
   * @throws {Error} If it cannot be started or does not stay up.
   */
  start(config: ProgramConfig, signal: AbortSignal): Promise<void>;
  /** Stops it, and clears how it ended. */
  stop(): Promise<void>;
  /** Reports that cfg may ask for something else now. */
  compare(config: ProgramConfig | undefined): void;
}

/**
 * Creates a service that is not running.
 *
 * @param parts `discover` reports a value of the service: `/services/{name}/` and the field. `signal` ends all
 *   watching.
 */
export function createService(
  parts: {
    readonly name: string;
    readonly folder: ProgramFolder;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly discover: (field: "state" | "error" | "pid" | "exitCode", value: Value | null) => void;
  },
): Service {
  const { name, folder, clock, discover } = parts;
  let situation: Situation = { kind: "stopped" };
  const inTurn = createTurns();

  function show(): void {
    for (const [field, value] of shownOf(situation)) discover(field, value);
  }
  function remember(program: RunningProgram, digest: string, finished: boolean): void {
    if (program.identity !== undefined) folder.write(name, { ...program.identity, digest, finished });
  }

  /**
   * Records how a program ended by itself, without reporting the state. @returns What was wrong with that, if anything.
   */
  function takeExit(
    program: RunningProgram,
    config: Pick<ProgramConfig, "digest" | "restart">,
    exit: Exit,
  ): string | undefined {
    if (exit.code !== undefined) discover("exitCode", exit.code);
    const words = `'${name}' ${exit.words}${exit.left === undefined ? "" : ` ${describeLeft(exit.left)}`}`;
    if (exit.code === 0 && config.restart !== "always") {
      remember(program, config.digest, true);
      const note = exit.left === undefined ? undefined : words;
      situation = { kind: "finished", digest: config.digest, outdated: false, note };
      return undefined;
    }
    const line = lastLine(folder.outputOf(name), program.outputFrom);
    const why = `${words}${line === "" ? "" : `: ${line}`}`.slice(0, MAX_ERROR_LENGTH);
    discover("pid", null);
    discover("error", why);
    situation = { kind: "failed", digest: config.digest };
    return why;
  }
  /** From here on the program counts as running, until it ends by itself. */
  function watch(program: RunningProgram, config: Pick<ProgramConfig, "digest" | "restart" | "stopTimeout">): void {
    const { digest, stopTimeout } = config;
    situation = { kind: "running", program, digest, stopTimeout, outdated: false };
    show();
    program.ended.then((exit) => {
      if (situation.kind !== "running" || situation.program !== program) return; // it was asked to end
      takeExit(program, config, exit);
      show();
    });
  }
  /** Ends a program without reporting the state. */
  async function end(program: RunningProgram, stopTimeout: number): Promise<void> {
    situation = { kind: "stopping" };
    const exit = await stopProgram(program, stopTimeout, clock);
    if (exit.code !== undefined) discover("exitCode", exit.code);
    folder.remove(name);
    situation = { kind: "stopped" };
  }
  /**
   * Starts the program and waits until it is steady. A failure is thrown, and its state left to the mutation's
   * `failTo`: a state that turned ERROR while the mutation runs would look like a surprise to the engine.
   */
  async function launch(config: ProgramConfig, signal: AbortSignal): Promise<void> {
    situation = { kind: "starting" };
    let program: RunningProgram;
    try {
      const env = { ...process.env, ...config.env };
      program = await startProgram({ ...config, env, isMarked: true }, folder.outputOf(name), parts.signal);
    } catch (error) {
      situation = { kind: "failed", digest: config.digest };
      discover("pid", null);
      discover("error", errorText(error));
      throw error;
    }
    remember(program, config.digest, false);
    const outcome = await firstOf(program.ended, clock, STEADY, signal);
    if (outcome === "steady") return watch(program, config);
    if (outcome === "aborted") {
      await end(program, config.stopTimeout);
      show();
      throw new Error(`Gave up starting '${name}' as it is not wanted any more`);
    }
    const why = takeExit(program, config, outcome);
    if (why !== undefined) throw new Error(why);
    show();
  }

  return {
    show,
    adopt() {
      const record = folder.read(name);
      if (record === undefined) return;
      const { digest, finished, boot } = record;
      if (boot !== bootId()) return folder.remove(name);
      if (isRunning(record)) {
        // Its policy belongs to a config that is no longer known: an end that nobody saw counts as a failure under each
        // policy.
        const program = adoptProgram(record, clock, parts.signal);
        return watch(program, { digest, restart: "always", stopTimeout: ADOPTED_STOP_TIMEOUT });
      }
      situation = finished
        ? { kind: "finished", digest, outdated: false, note: undefined }
        : { kind: "failed", digest };
      if (!finished) discover("error", `'${name}' ended while no agent watched it`);
      show();
    },
    start: (config, signal) =>
      inTurn(async () => {
        signal.throwIfAborted();
        const before = situation;
        const same = "digest" in before && before.digest === config.digest;
        if (same && (before.kind === "running" || before.kind === "finished")) return show();
        if (same && before.kind === "failed" && config.restart === "never") {
          throw new PermanentError(
            `Cannot start '${name}' again as it failed and its restart policy is 'never': ` +
              `set '/services/${name}/config' to something else, or '/services/${name}/state' to STOP first`,
          );
        }
        if (before.kind === "running") await end(before.program, config.stopTimeout);
        await launch(config, signal);
      }),
    stop: () =>
      inTurn(async () => {
        if (situation.kind === "running") await end(situation.program, situation.stopTimeout);
        folder.remove(name);
        situation = { kind: "stopped" };
        show();
      }),
    compare(config) {
      if (config === undefined || (situation.kind !== "running" && situation.kind !== "finished")) return;
      const outdated = config.digest !== situation.digest;
      if (outdated === situation.outdated) return;
      situation = { ...situation, outdated };
      show();
    },
  };
}

/** What people are shown of a situation; nothing while its result is reported soon. */
function shownOf(situation: Situation): readonly (readonly [field: "state" | "error" | "pid", value: Value | null])[] {
  switch (situation.kind) {
    case "starting":
    case "stopping":
      return [];
    case "stopped":
      return [["pid", null], ["error", null], ["state", "STOP"]];
    case "failed":
      return [["pid", null], ["state", "ERROR"]];
    case "running":
      return [["pid", situation.program.pid], ["error", null], ["state", situation.outdated ? "INIT" : "RUN"]];
    case "finished":
      return [["pid", null], ["error", situation.note ?? null], ["state", situation.outdated ? "INIT" : "RUN"]];
    default:
      return situation satisfies never;
  }
}

/** Describes what a program that went into the background has left, to follow how it ended. */
function describeLeft({ ended, running }: LeftBehind): string {
  const parts = [
    ...(ended > 0 ? [`${ended} of its processes were ended with it`] : []),
    ...(running.length > 0
      ? [`${running.length} run on in the background, unwatched (${running.slice(0, 4).join(", ")})`]
      : []),
  ];
  return `and left processes behind: ${
    parts.join(", ")
  }. Have it stay in the foreground, often with -F, -D or --foreground`;
}
