import type { Lru } from "./lru.ts";
import type { Plan, SuspendedGoal } from "./plan.ts";

/** Options of a planner that works in slices, between which timers, links and requests get their turn. */
export interface SliceOptions {
  /** Measures slices, and has the next one run. */
  readonly clock: SliceClock;
  /** The length of one slice, in milliseconds. @default 10 */
  readonly length?: number;
  /** The most that one question is worked on before the answer is of kind `bound`, in milliseconds. @default 10000 */
  readonly maxMs?: number;
}

/** The part of a clock that slices need. */
export interface SliceClock {
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds. */
  after(ms: number, run: () => void): unknown;
}

/** Works on questions until they are answered. */
export interface Worker {
  /** Answers a question, or (in slices) says that it is being worked on. */
  answer(key: string, suspended: readonly SuspendedGoal[], solve: () => Generator<void, Plan>): Plan;
  /** Waits until a question is no longer being worked on. */
  done(key: string): Promise<void>;
  /** Waits until nothing is being worked on. */
  idle(): Promise<void>;
}

/** A question that is being worked on. */
interface Job {
  readonly solve: () => Generator<void, Plan>;
  readonly suspended: readonly SuspendedGoal[];
  /** The search in progress. Only one job at a time keeps its search, which may hold much memory. */
  work: Generator<void, Plan> | undefined;
  /** Milliseconds of work on it. */
  spent: number;
  readonly waiting: (() => void)[];
}

/**
 * Makes a worker.
 *
 * @param answers Takes the answers, by the key of their question.
 * @param slices How to work in slices. Undefined: each question is worked on until it is answered.
 */
export function createWorker(answers: Lru<Plan>, slices: SliceOptions | undefined): Worker {
  return slices === undefined ? workAtOnce(answers) : workInSlices(answers, slices);
}

function workAtOnce(answers: Lru<Plan>): Worker {
  return {
    answer(key, _suspended, solve) {
      const work = solve();
      let step = work.next();
      while (step.done !== true) step = work.next();
      answers.set(key, step.value);
      return step.value;
    },
    done: () => Promise.resolve(),
    idle: () => Promise.resolve(),
  };
}

/**
 * A question is worked on at once for one slice, unless others have used up this turn's already; what is left is worked on
 * later: first what was not tried yet, then one question after the other.
 */
function workInSlices(answers: Lru<Plan>, { clock, length = 10, maxMs = 10_000 }: SliceOptions): Worker {
  const fresh = new Map<string, Job>();
  const hard = new Map<string, Job>();
  /** Milliseconds that were spent since timers had their turn on questions that were not answered. */
  let used = 0;
  let isScheduled = false;
  let idlers: (() => void)[] = [];

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    clock.after(0, turn);
  }

  /** Works on a job for one slice at most. @returns Its answer, if it is found. */
  function work(job: Job): Plan | undefined {
    const begin = clock.now();
    const until = begin + Math.min(length, maxMs - job.spent);
    job.work ??= job.solve();
    let step = job.work.next();
    while (step.done !== true && clock.now() < until) step = job.work.next();
    const time = clock.now() - begin;
    if (step.done === true) return step.value;
    job.spent += time;
    used += time;
    if (job.spent < maxMs) return undefined;
    return { ok: false, reason: { kind: "bound", bound: "ms", limit: maxMs }, suspended: job.suspended };
  }

  function turn(): void {
    isScheduled = false;
    used = 0;
    const next = firstOf(fresh) ?? firstOf(hard);
    if (next === undefined) {
      const waiting = idlers;
      idlers = [];
      for (const resolve of waiting) resolve();
      return;
    }
    const [key, job] = next;
    const answer = work(job);
    if (answer === undefined) putOff(key, job);
    else end(key, job, answer);
    schedule();
  }

  /** Only the first of the long jobs keeps its search in progress. */
  function putOff(key: string, job: Job): void {
    fresh.delete(key);
    hard.set(key, job);
    if (firstOf(hard)?.[1] === job) return;
    job.work = undefined;
    job.spent = 0;
  }

  function end(key: string, job: Job, answer: Plan): void {
    fresh.delete(key);
    hard.delete(key);
    answers.set(key, answer);
    for (const resolve of job.waiting) resolve();
  }

  return {
    answer(key, suspended, solve) {
      const searching: Plan = { ok: false, reason: { kind: "searching" }, suspended };
      if (fresh.has(key) || hard.has(key)) return searching;
      const job: Job = { solve, suspended, work: undefined, spent: 0, waiting: [] };
      const answer = used < length ? work(job) : undefined;
      if (answer !== undefined) {
        answers.set(key, answer);
        return answer;
      }
      if (job.work === undefined) fresh.set(key, job);
      else putOff(key, job);
      schedule();
      return searching;
    },
    done(key) {
      const job = fresh.get(key) ?? hard.get(key);
      return job === undefined ? Promise.resolve() : new Promise((resolve) => job.waiting.push(resolve));
    },
    idle: () => fresh.size + hard.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve)),
  };
}

function firstOf<V>(map: ReadonlyMap<string, V>): [string, V] | undefined {
  for (const entry of map) return entry;
  return undefined;
}
