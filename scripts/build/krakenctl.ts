// Makes the bundle that bin/krakenctl runs: dist/krakenctl.mjs.
import { stop } from "esbuild";
import { builtFile } from "../runtimes.ts";
import { buildBundle } from "./bundle.ts";
import { install } from "./install.ts";

try {
  install(await buildBundle("krakenctl"), builtFile("krakenctl", "bundle-deno"));
} finally {
  await stop();
}
