import assert from "node:assert/strict";
import type { Hono } from "hono";
import { createApp, type ProblemDetails } from "../../aggregator/http/mod.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { createTestControl, type TestControl } from "./test_control.ts";

/** An app over an aggregator in memory with the nodes n1 to n3, which are off. */
export async function createTestApp(
  clock: Clock = systemClock,
): Promise<{ control: TestControl; app: Hono; lines: string[] }> {
  const control = await createTestControl(["n1", "n2", "n3"]);
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line));
  return { control, app: createApp(control, { metrics: () => [], version: "1.2.3", log, clock }), lines };
}

/** A request with a JSON body. */
export function send(method: string, body: unknown, headers: { readonly [name: string]: string } = {}): RequestInit {
  return { method, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** Checks that an answer is problem details with a status and a detail (or errors) that match. */
export async function assertProblem(response: Response, status: number, pattern: RegExp): Promise<ProblemDetails> {
  const details: ProblemDetails = await response.json();
  assert.equal(response.status, status, JSON.stringify(details));
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(details.type, "about:blank");
  assert.equal(details.status, status);
  assert.ok(details.title.length > 0);
  assert.match([details.detail, ...details.errors ?? []].join("\n"), pattern);
  return details;
}
