// One node of the bench. Usage: client.ts image|copy URL DIGEST FOLDER. It fetches on SIGUSR2, as an agent does, or only takes the
// bytes and drops them, and writes {"ms"} to FOLDER/result.json.
import { mkdirSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { sizeIssue } from "../../../modules/image/room.ts";
import { openLayerStore } from "../../../modules/image/store.ts";
import { systemClock } from "../../../src/clock.ts";

const [kind = "", url = "", digest = "", folder = ""] = process.argv.slice(2);

async function fetchImage(): Promise<void> {
  const store = openLayerStore(join(folder, "layers"));
  await store.fetch([{ name: "bench", digest, url }], {
    fetch: (from, init) => fetch(from, init),
    clock: systemClock,
    random: Math.random,
    issue: (bytes) => sizeIssue(folder, bytes),
    signal: new AbortController().signal,
  }, () => {});
}

function copy(): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, (response) => response.resume().on("end", resolve).on("error", reject)).on("error", reject);
  });
}

mkdirSync(folder, { recursive: true });
process.once("SIGUSR2", async () => {
  const began = performance.now();
  await (kind === "image" ? fetchImage() : copy());
  writeFileSync(join(folder, "result.json"), JSON.stringify({ ms: performance.now() - began }));
  process.exit(0);
});
setInterval(() => {}, 60_000); // it waits for the signal
process.stdout.write('{"ready":true}\n');
