import type { Context, Next } from "hono";
import type { Control } from "../control/control.ts";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);
/** What is only asked, though it is sent with a body. */
const QUESTIONS = /^\/api\/v1\/(explain|selection\/(events|explain|nodes|plan))$/;

/**
 * Notes what was done though nobody waits for the answer any more: a client that gives up may take it for not done, and send
 * it again. A dry run does nothing, and is not noted.
 */
export function noteUnanswered(control: Pick<Control, "unanswered">): (c: Context, next: Next) => Promise<void> {
  return async (c, next) => {
    if (READS.has(c.req.method) || QUESTIONS.test(c.req.path)) return await next();
    const { signal } = c.req.raw; // asked for before: servers watch the connection from then on
    await next();
    const isDone = c.res.status < 300 && c.req.query("dryRun") !== "true";
    if (!isDone) return;
    await turnOfTheLoop(); // so that the end of a connection is heard of that came while this was done
    if (signal.aborted) control.unanswered(`${c.req.method} ${c.req.path.slice(0, 200)}`);
  };
}

/** Two turns: the first one may be under way already. */
async function turnOfTheLoop(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
