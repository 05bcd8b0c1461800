import assert from "node:assert/strict";
import type { Gate } from "./gate.ts";

/** What a client writes again and again: a number that grows. */
export interface Subject {
  readonly name: string;
  request(number: number): { readonly path: string; readonly body: unknown };
  /** What is there of it now. */
  read(): Promise<unknown>;
  /** What is there once a number was written; of 0 before the first one. */
  value(number: number): unknown;
}

/** A client that writes to the API without a pause, and knows what it was promised. */
export interface Writer {
  /** How many of its requests were acknowledged. */
  readonly acknowledged: number;
  /** Makes sure that the last acknowledged value is there, or one of those that were in flight after it. */
  check(): Promise<void>;
  /** Resolves when no request of its is under way. Call it while the gate is shut. */
  settled(): Promise<void>;
  /** Resolves when it has ended: the gate has to be at its end. Throws what went wrong, beside lost connections. */
  readonly ended: Promise<void>;
}

/** Starts a client. `acknowledge` is called at the moment of each acknowledgement, before anything else happens. */
export function startWriter(
  options: { readonly api: string; readonly gate: Gate; readonly subject: Subject; acknowledge(): void },
): Writer {
  const { subject, gate } = options;
  let begun = 0;
  let last = 0;
  let acknowledged = 0;
  let underWay: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const number = ++begun;
    const { path, body } = subject.request(number);
    const response = await fetch(`${options.api}/api/v1${path}`, {
      method: "PATCH",
      headers: { "content-type": "application/merge-patch+json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    }).catch(() => undefined); // it was killed
    if (response === undefined) return;
    // The status is the acknowledgement: what comes after it may be cut off.
    if (response.ok) {
      last = number;
      acknowledged++;
      options.acknowledge();
    }
    const text = await response.text().catch(() => "");
    assert.equal(response.status, 200, `${subject.name}: ${text}`);
  }
  async function run(): Promise<void> {
    while (await gate.pass()) await (underWay = write());
  }
  const ended = run();
  ended.catch(() => {}); // it is reported to whoever waits for it
  return {
    get acknowledged() {
      return acknowledged;
    },
    settled: () => underWay,
    async check() {
      const found = await subject.read();
      const numbers = Array.from({ length: begun - last + 1 }, (_, index) => last + index);
      const known = numbers.findLast((number) => Object.is(subject.value(number), found));
      assert.notEqual(
        known,
        undefined,
        `${subject.name} is ${JSON.stringify(found)}: expected that of number ${last}, acknowledged, or up to ${begun}`,
      );
      last = known ?? last; // what was read once has to stay
    },
    ended,
  };
}
