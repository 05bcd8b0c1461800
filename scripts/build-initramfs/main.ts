// Builds kernel, initramfs and iPXE into the folder that an aggregator serves, and lists what is in the initramfs.
import process from "node:process";
import { relative, resolve } from "node:path";
import { stop } from "esbuild";
import { EXIT, runProgram } from "../../src/cli/mod.ts";
import { buildBootFiles } from "./build.ts";
import { describeBuilt } from "./describe.ts";
import { program } from "./options.ts";

await runProgram(program, async ({ options, terminal }) => {
  try {
    const built = await buildBootFiles({ ...options, output: resolve(options.output) });
    terminal.write(
      options.json ? `${JSON.stringify(built)}\n` : describeBuilt(built, (file) => relative(process.cwd(), file)),
    );
    return EXIT.ok;
  } finally {
    await stop();
  }
});
