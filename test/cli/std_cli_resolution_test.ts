import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const VERSION = "1.0.99";
const elsewhere = process.versions["deno"] === undefined ? "how Deno finds packages is tested on Deno" : false;

/** Runs `krakenctl --version` on Deno with a config and a registry, and an empty cache. */
async function version(config: string, registry: string): Promise<string> {
  const cache = await mkdtemp(join(tmpdir(), "kraken-test-"));
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["run", "-A", "--quiet", "--config", join(ROOT, config), join(ROOT, "ctl/main.ts"), "--version"],
      { env: { ...process.env, DENO_DIR: cache, JSR_URL: registry, NO_COLOR: "1" }, timeout: 60_000 },
    );
    return stdout;
  } finally {
    await rm(cache, { recursive: true });
  }
}

/** A JSR registry that has one package: our stand-in's text, without the mark that tells it from the real one. */
async function startRegistry() {
  const source = await readFile(join(ROOT, "packages/std-cli/parse_args.ts"), "utf8");
  const text = source.replace(/^export const implementation = .*$/m, "");
  assert.notEqual(text, source);
  const checksum = `sha256-${createHash("sha256").update(text).digest("hex")}`;
  const asked: string[] = [];
  const answers: { readonly [path: string]: string } = {
    "/@std/cli/meta.json": JSON.stringify({ scope: "std", name: "cli", latest: VERSION, versions: { [VERSION]: {} } }),
    [`/@std/cli/${VERSION}_meta.json`]: JSON.stringify({
      manifest: { "/parse_args.ts": { size: Buffer.byteLength(text), checksum } },
      exports: { "./parse-args": "./parse_args.ts" },
    }),
    [`/@std/cli/${VERSION}/parse_args.ts`]: text,
  };
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const answer = answers[path];
    const type = path.endsWith(".ts") ? "text/typescript" : "application/json";
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": type }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}/`,
    asked,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("deno.json takes @std/cli from the JSR registry, and --version says so", { skip: elsewhere }, async () => {
  await using registry = await startRegistry();
  assert.match(await version("deno.json", registry.url), /^krakenctl \S+ \(deno \S+; @std\/cli: jsr\)\n$/);
  assert.ok(registry.asked.includes(`/@std/cli/${VERSION}/parse_args.ts`), registry.asked.join(" "));
});

test(
  "deno.offline.json needs no registry, and --version says that @std/cli is bundled",
  { skip: elsewhere },
  async () => {
    const closed = await startRegistry();
    await closed[Symbol.asyncDispose]();
    const line = await version("deno.offline.json", closed.url);
    assert.match(line, /^krakenctl \S+ \(deno \S+; @std\/cli: bundled\)\n$/);
  },
);
