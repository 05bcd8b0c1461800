import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import { sourceUse } from "../../scripts/check/imports.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { type Operation, operationIds, operations, PROBLEMS } from "../../src/api/mod.ts";
import { assertProblem, createTestApp } from "../http/support.ts";

test("GET openapi.json describes every path and method that is served, and no other", async () => {
  const { app } = await createTestApp();
  const document = await (await app.request("/openapi.json")).json();
  assert.equal(document.openapi, "3.1.0");
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${path}`)
  );
  const served = app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) =>
    `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`
  );
  assert.deepEqual(described.sort(), served.sort());
});

test("the page of the API loads and runs nothing, names every operation, and says so in its policy", async () => {
  const { app } = await createTestApp();
  const response = await app.request("/api");
  const html = await response.text();
  for (const id of operationIds) assert.ok(html.includes(`id="${id}"`), id);
  assert.doesNotMatch(html, /<script|<link|<img|<iframe|\bsrc=|url\(|@import|https?:|\son\w+=/i);
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; /);
  const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? "";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
  assert.ok(policy.includes(btoa(String.fromCharCode(...digest))), "the hash of its style");
});

test("the type of each kind of problem leads to what it means", async () => {
  const { app } = await createTestApp();
  const { type } = await assertProblem(await app.request("/api/v1/nodes/n9"), 404, /n9/);
  assert.match(await (await app.request(type)).text(), /There is no such path, or no such node/);
  for (const kind of Object.keys(PROBLEMS)) assert.equal((await app.request(`/problems/${kind}`)).status, 200, kind);
  await assertProblem(await app.request("/problems/odd"), 404, /No kind of problem 'odd': expected one of elsewhere, /);
});

test("examples of the table are what its schemas say", () => {
  for (const id of operationIds) {
    const { examples, body, answers }: Operation = operations[id];
    if (examples?.request !== undefined) assert.ok(body !== undefined && v.is(body.schema, examples.request), id);
    const schema = answers[200]?.schema;
    if (examples?.answer !== undefined) assert.ok(schema !== undefined && v.is(schema, examples.answer), id);
  }
});

test("every list can be asked for in pages, with some fields only", () => {
  for (const id of operationIds) {
    const { list, parameters }: Operation = operations[id];
    if (id.startsWith("list") && id !== "listEvents") {
      assert.ok(list !== undefined, id);
      for (const name of ["limit", "cursor", "fields"]) {
        assert.ok(parameters.query?.[name] !== undefined, `${id} ${name}`);
      }
    }
  }
});

test("every write that a person makes takes a condition", () => {
  // A report is no wish, and what is tried again sets nothing.
  const setsNothing = ["patchDsc", "retryNode", "release"];
  for (const id of operationIds) {
    const { changes, conditional }: Operation = operations[id];
    if (changes && !setsNothing.includes(id)) assert.ok(conditional !== undefined, id);
  }
});

test("the client and all that it needs use nothing but the web's own", () => {
  const seen = new Set<string>();
  function follow(file: string): void {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { text } of sourceUse(readFileSync(file, "utf8")).imports) {
      assert.ok(text.startsWith(".") || text === "valibot", `${relative(ROOT, file)} imports ${text}`);
      if (text.startsWith(".")) follow(join(dirname(file), text));
    }
  }
  for (const file of readdirSync(join(ROOT, "src/api/client"))) follow(join(ROOT, "src/api/client", file));
  for (const file of seen) assert.doesNotMatch(readFileSync(file, "utf8"), /\b(Buffer|process|Deno|Bun)\./, file);
});
