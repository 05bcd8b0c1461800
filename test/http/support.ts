import assert from "node:assert/strict";
import type { Hono } from "hono";
import type { Control } from "../../aggregator/control/control.ts";
import { type AppOptions, createApp } from "../../aggregator/http/mod.ts";
import type { ProblemDetails } from "../../src/api/mod.ts";
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
  return { control, app: createCheckedApp(control, { metrics: () => [], version: "1.2.3", log, clock }), lines };
}

/** An app that compares each of its answers with the table of operations: one that differs is a 500. */
export function createCheckedApp(control: Control, options: AppOptions): Hono {
  return createApp(control, { ...options, checkAnswers: true });
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
  assert.match(details.type, /^\/problems\/[a-z-]+$/);
  assert.equal(details.status, status);
  assert.ok(details.title.length > 0);
  assert.match([details.detail, ...details.errors?.map(({ detail }) => detail) ?? []].join("\n"), pattern);
  return details;
}
