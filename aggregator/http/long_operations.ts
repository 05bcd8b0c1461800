import { randomUUID } from "node:crypto";
import * as v from "valibot";
import type { LongOperationInfo } from "../../src/api/mod.ts";
import { problemDetails } from "../../src/api/mod.ts";
import type { Clock } from "../../src/clock.ts";
import { answerProblem } from "../../src/http/mod.ts";
import type { ToTime } from "./time.ts";

/** How long the end of an operation is kept, in milliseconds. */
const KEPT = 600_000;
/** The most operations that are worked on at once, the most that are kept, and the most characters of their answers. */
const MAX_RUNNING = 16;
const MAX_KEPT = 100;
const MAX_TEXT = 64 * 1024 * 1024;
/** How long a request is waited for where it does not say, and at most, in seconds. */
const WAIT = 1;
const MAX_WAIT = 60;

/** Requests that are answered before they are done. */
export interface LongOperations {
  /**
   * Does what a request asks for. Where that takes longer than it wants to wait, the answer is 202 with an operation to follow.
   *
   * @param wait Seconds that the request waits.
   */
  run(operation: string, wait: number, perform: () => Promise<Response>): Promise<Response>;
  list(): readonly LongOperationInfo[];
  find(id: string): LongOperationInfo | undefined;
}

/**
 * Reads how long a request waits for its answer, in seconds, from `Prefer: respond-async, wait=10` (RFC 7240).
 *
 * @returns Undefined where it waits until it is done.
 */
export function readPatience(prefer: string | undefined): number | undefined {
  const preferences = prefer?.toLowerCase().split(/[,;]/).map((each) => each.trim()) ?? [];
  if (!preferences.includes("respond-async")) return undefined;
  const wait = preferences.flatMap((each) => /^wait\s*=\s*"?(\d{1,4})"?$/.exec(each)?.[1] ?? [])[0];
  return Math.min(MAX_WAIT, wait === undefined ? WAIT : Number(wait));
}

interface Entry {
  info: LongOperationInfo;
  endedAt?: number;
  size: number;
}

/** Makes the operations of an aggregator, in memory: a restart forgets them, and what they changed stays changed. */
export function createLongOperations(clock: Clock, toTime: ToTime): LongOperations {
  const entries = new Map<string, Entry>();

  function tidy(): void {
    const ended = [...entries].filter(([, { endedAt }]) => endedAt !== undefined);
    let size = ended.reduce((sum, [, entry]) => sum + entry.size, 0);
    let count = ended.length;
    for (const [id, entry] of ended) {
      const isOld = clock.now() - (entry.endedAt ?? 0) >= KEPT;
      if (!isOld && count <= MAX_KEPT && size <= MAX_TEXT) return;
      entries.delete(id);
      size -= entry.size;
      count -= 1;
    }
  }

  async function follow(entry: Entry, performed: Promise<Response>): Promise<void> {
    const response = await performed.catch(() =>
      answerProblem({ kind: "internal", detail: "The aggregator failed to do it: its log says why" })
    );
    const text = await response.clone().text();
    entry.info = { ...entry.info, ...outcomeOf(response.status, text), ended: toTime.now() };
    entry.endedAt = clock.now();
    entry.size = text.length;
    tidy();
  }

  return {
    async run(operation, wait, perform) {
      tidy();
      const running = [...entries.values()].filter(({ endedAt }) => endedAt === undefined).length;
      if (running >= MAX_RUNNING) {
        const detail = `${running} requests are being worked on already: try again later`;
        return answerProblem({ kind: "unavailable", detail });
      }
      const id = randomUUID();
      const entry: Entry = { info: { id, operation, state: "running", started: toTime.now() }, size: 0 };
      entries.set(id, entry);
      let cancel = (): void => {};
      const patience = new Promise<undefined>((resolve) => {
        cancel = clock.after(wait * 1000, () => resolve(undefined));
      });
      const performed = perform();
      const followed = follow(entry, performed);
      const done = await Promise.race([performed, patience]).finally(cancel);
      if (done !== undefined) {
        await followed;
        entries.delete(id); // nobody was told of it
        return done;
      }
      return new Response(JSON.stringify(entry.info), {
        status: 202,
        headers: {
          ...{ "content-type": "application/json", "preference-applied": "respond-async" },
          location: `/api/v1/operations/${id}`,
        },
      });
    },
    list: () => [...entries.values()].map(({ info: { answer: _answer, problem: _problem, ...info } }) => info),
    find: (id) => entries.get(id)?.info,
  };
}

function outcomeOf(status: number, text: string): Pick<LongOperationInfo, "state" | "status" | "answer" | "problem"> {
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  if (status < 300) return { state: "done", status, answer: body };
  const problem = v.safeParse(problemDetails, body);
  return { state: "refused", status, ...(problem.success && { problem: problem.output }) };
}
