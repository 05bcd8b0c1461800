// Hosts the image module for a test, in a process of its own: it mounts, and must die and come back.
// Usage: image_host.ts RUN_DIR NAME [SERVER]. Reads {"id", "do", ...} a line, answers {"id", "error"?} and shows {"view"}.
import process from "node:process";
import { createInterface } from "node:readline";
import { createImageModule } from "../../modules/image/module.ts";
import { createDrain } from "../../src/module/mod.ts";
import { isRecord, type Value } from "../../src/state/mod.ts";
import { hostForTest, testNode } from "./module_fixture.ts";

/** What a test asks of this program. */
export type Order =
  | { readonly what: "run"; readonly mutation: string }
  | { readonly what: "set"; readonly cfg: { readonly [url: string]: Value } }
  | { readonly what: "cancel" | "drain" | "stop" };

const [runDir = "", name = "", server] = process.argv.slice(2);
const drain = createDrain();
const node = testNode(name);

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
/** An agent ends a moment later, with everything told that there was to tell. */
const onSwitch = () =>
  setImmediate(() => {
    say({ view: Object.fromEntries(node.view) });
    process.exit(99);
  });
const module = createImageModule({ runDir, drain, server, onSwitch });
let cancel = new AbortController();
const { host, run, set } = await hostForTest(module, [node]);

async function obey(order: { readonly [field: string]: unknown }): Promise<void> {
  const { what, mutation, cfg } = order;
  if (what === "set" && isRecord(cfg)) {
    for (const [url, value] of Object.entries(cfg)) set(url, value as Value);
  }
  if (what === "run" && typeof mutation === "string") {
    cancel = new AbortController();
    await run(mutation, {}, cancel.signal);
  }
  if (what === "cancel") cancel.abort(new Error("cancelled"));
  if (what === "drain") await drain.release(new AbortController().signal);
  if (what === "stop") {
    await host.stop();
    process.exit(0);
  }
}

say({ ready: true, view: Object.fromEntries(node.view) });
createInterface({ input: process.stdin }).on("line", (line) => {
  const order: unknown = JSON.parse(line);
  if (!isRecord(order)) throw new Error(`Expected an order, found ${line}`);
  const answer = (more: object) => say({ id: order["id"], view: Object.fromEntries(node.view), ...more });
  obey(order).then(() => answer({}), (error: unknown) => {
    answer({
      error: error instanceof Error ? { name: error.name, message: error.message } : { message: String(error) },
    });
  });
});
