// npm's way in: sets a bare clone up (scripts/setup.mjs), then runs one of the project's programs on the pinned Deno.
// Usage: node scripts/run.mjs [--for-tests | --for-machine-tests | --for-machines] FILE [ARGUMENT ...]
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { denoPath, installMachinePackages, installPackages, installTestPackages, mayInstall, ROOT } from "./setup.mjs";

const args = process.argv.slice(2);
const purpose = args[0]?.startsWith("--for-") ? args.shift() : undefined;
const [file, ...rest] = args;
if (file === undefined) {
  process.stderr.write(
    "Usage: node scripts/run.mjs [--for-tests | --for-machine-tests | --for-machines] FILE [ARGUMENT ...]\n",
  );
  process.exit(2);
}
installPackages();
if (purpose === "--for-tests" || purpose === "--for-machine-tests") installTestPackages();
if (purpose === "--for-machine-tests" && mayInstall()) installMachinePackages(true);
if (purpose === "--for-machines") installMachinePackages(rest.some((word) => word.startsWith("--aarch64")));

const child = spawn(
  denoPath(),
  ["run", "-A", "--quiet", "--config", join(ROOT, "deno.offline.json"), join(ROOT, file), ...rest],
  { stdio: "inherit" },
);
// A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone must be handed on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
// npm hands no signal on when it is ended itself: what it started must not go on without anybody.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill("SIGTERM");
}, 500).unref();
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? "SIGTERM"]));
