import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createTestApp } from "./support.ts";

test("docs/reference/http.md lists every route, and no other", async () => {
  const document = readFileSync(new URL("../../docs/reference/http.md", import.meta.url), "utf8");
  const documented = [...document.matchAll(/^\| (`\/.*`) \| ([A-Z]+) \|/gm)].flatMap(([, paths = "", method]) =>
    [...paths.matchAll(/`([^`?]*)[^`]*`/g)].map(([, path]) => `${method} /api/v1${path}`)
  );
  const { app } = await createTestApp();
  const served = app.routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/api/"))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  assert.deepEqual(documented.sort(), served.sort());
});
