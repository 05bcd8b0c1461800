// A small program for the tests of the build.
import process from "node:process";
import { fileURLToPath } from "node:url";
import { decode, Encoder } from "cbor-x/encode";
import mqtt from "mqtt";

// Programs await at their top level.
await Promise.resolve();
if (process.argv.includes("--version") && fileURLToPath(import.meta.url) !== "") {
  // Over the few KB from which on a native add-on would be at work.
  const bytes = new Encoder({ useRecords: false }).encode({ text: "x".repeat(131_072) });
  const { text }: { text: string } = decode(bytes);
  process.stdout.write(`fixture 1.0: ${text.length} bytes decoded, mqtt ${typeof mqtt.connect}\n`);
}
