import { test } from "node:test";
import { compileBun, compileSea } from "../../scripts/build/compile.ts";
import { type How, programCommand } from "../../scripts/runtimes.ts";
import { runImages } from "../e2e/image_nodes.ts";
import { whyNoMounts } from "../modules/image_lab.ts";

/** What an agent is compiled to. Here each is a process of this machine; as first of a machine's own they boot in the other tests. */
const WAYS: readonly { readonly how: How; readonly compile: () => Promise<string> }[] = [
  { how: "binary-sea", compile: () => compileSea("agent") },
  { how: "binary-bun", compile: () => compileBun("agent") },
];

for (const { how, compile } of WAYS) {
  test(`nodes whose agent is a '${how}' run images`, { skip: whyNoMounts() ?? false }, async () => {
    await runImages(programCommand("agent", how, await compile()));
  });
}
