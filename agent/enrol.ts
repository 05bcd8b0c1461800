import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { KernelCommandLine } from "../src/boot/mod.ts";
import type { Clock, Random } from "../src/clock.ts";
import { postJson } from "../src/http_client.ts";
import type { Log } from "../src/log.ts";
import { backoff, durationText, errorText, pause, type Result, within } from "../src/toolkit/mod.ts";
import { isNodeName, isUuid } from "../src/state/mod.ts";

/** The file of the identity, in the folder for what survives the agent but not a reboot. */
const FILE = "identity.json";
/** First and longest pause before the next attempt, in milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** How long the server may take to answer, in milliseconds. */
const ANSWER_TIMEOUT = 15_000;
/** The largest answer to read, in bytes. */
const MAX_ANSWER = 16_384;

const identity = v.object({
  id: v.pipe(v.string(), v.check(isUuid, "expected a UUID in lower case")),
  name: v.pipe(v.string(), v.check(isNodeName, "expected a name")),
  cluster: v.pipe(v.string(), v.check(isNodeName, "expected a name")),
  parent: v.pipe(v.string(), v.check(isUuid, "expected a UUID in lower case")),
  broker: v.pipe(v.string(), v.check(isMqtt, "expected a URL such as mqtt://10.0.0.1")),
  username: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  password: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
});
const kept = v.object({ mac: v.string(), token: v.string(), identity });

/** The identity of this machine's agent during this boot, and how it joins. */
export type Identity = v.InferOutput<typeof identity>;

/** What enrolment depends on. */
export interface EnrolParts {
  /** A folder in memory: its content must not survive a reboot. */
  readonly runDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Returns the identity of this boot: the one that an earlier run of the agent has stored, otherwise the one for which
 * it exchanges the kernel's one-time token. While the server is away, it tries again.
 *
 * @param commandLine The kernel command line.
 * @param parts What it depends on.
 * @throws {Error} If the server refuses the token, or its answer is not an identity: a retry cannot help.
 */
export async function enrol(commandLine: KernelCommandLine, parts: EnrolParts): Promise<Identity> {
  const file = join(parts.runDir, FILE);
  const { mac, token } = commandLine;
  const before = await readKept(file, parts.log);
  if (before?.mac === mac && before.token === token) return before.identity;
  for (let failures = 0;; failures++) {
    const asked = await ask(commandLine, parts);
    if (asked.ok) {
      await keep(file, parts.runDir, { mac, token, identity: asked.value });
      return asked.value;
    }
    const why = asked.why;
    parts.log.warn("Cannot enrol yet", { server: commandLine.server, why });
    await pause(parts.clock, backoff(FIRST_WAIT, LONGEST_WAIT, failures, parts.random), parts.signal);
  }
}

/** Sends one request. @throws {Error} If a retry cannot help. */
async function ask(
  { server, mac, token }: KernelCommandLine,
  parts: EnrolParts,
): Promise<Result<Identity, { readonly why: string }>> {
  let status: number;
  let text: string;
  try {
    const late = `the server has not answered within ${durationText(ANSWER_TIMEOUT)}`;
    ({ status, text } = await within(
      { clock: parts.clock, ms: ANSWER_TIMEOUT, late, signal: parts.signal },
      (signal) => postJson(`${server}/boot/v1/enrol`, { token, mac }, { maxBytes: MAX_ANSWER, signal }),
    ));
  } catch (error) {
    parts.signal.throwIfAborted();
    return { ok: false, why: errorText(error) };
  }
  const isPassing = status >= 500 || status === 408 || status === 429 || (status >= 300 && status < 400);
  if (isPassing) return { ok: false, why: `HTTP status ${status}` };
  if (status !== 200) throw new Error(`Cannot enrol at ${server}: ${detailOf(text) ?? `HTTP status ${status}`}`);
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), identity), text);
  if (read.success) return { ok: true, value: read.output };
  // The answer is not quoted, because it may contain a password.
  const field = v.getDotPath(read.issues[0]) ?? "the answer";
  throw new Error(`Cannot enrol at ${server}: ${field} is not what was expected`);
}

/** Reads the detail of problem details (RFC 9457). */
function detailOf(text: string): string | undefined {
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), v.object({ detail: v.string() })), text);
  return read.success ? read.output.detail : undefined;
}

async function readKept(file: string, log: Log): Promise<v.InferOutput<typeof kept> | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined); // usually there is none yet
  if (text === undefined) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), kept), text);
  if (read.success) return read.output;
  log.warn("Cannot read the stored identity, so it requests a new one", { file });
  return undefined;
}

/** Renames the file only when it is complete: the machine's only token is used up. */
async function keep(file: string, folder: string, content: v.InferOutput<typeof kept>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(content), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function isMqtt(text: string): boolean {
  return URL.canParse(text) && /^mqtts?:$/.test(new URL(text).protocol);
}
