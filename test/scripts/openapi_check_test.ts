import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "../../scripts/command.ts";
import { nodePath, ROOT } from "../../scripts/runtimes.ts";
import { openApi } from "../../src/api/openapi.ts";

test("the OpenAPI part of the gate names what is wrong with a document, and where", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-openapi-"));
  try {
    const file = join(folder, "openapi.json");
    const broken = { ...openApi("1"), paths: { "/a/{b}": { get: { operationId: "x y", responses: {} } } } };
    writeFileSync(file, JSON.stringify(broken));
    const { code, output } = await runCommand([nodePath(), join(ROOT, "scripts/check/spectral.mjs"), file]);
    assert.equal(code, 1, output);
    assert.match(
      output,
      /^openapi\.json > paths > \/a\/\{b\} > get > operationId: .*\(operation-operationId-valid-in-url, /m,
    );
    assert.match(output, /path-params/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
