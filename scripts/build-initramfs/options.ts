import { defineProgram } from "../../src/cli/mod.ts";

/** The command line of `npm run build-initramfs`. */
export const program = defineProgram({
  name: "build-initramfs",
  about:
    "Builds what machines boot: Debian's kernel, an initramfs with busybox, drivers and the agent, and iPXE for the " +
    "machines that have none. The folder is what an aggregator's --boot-files takes.",
  options: {
    arch: { kind: "string", choices: ["x86_64", "aarch64"], default: "x86_64", help: "The machines' architecture" },
    kernel: {
      kind: "string",
      choices: ["cloud", "full"],
      default: "full",
      help: "Debian's kernel for all machines, or the smaller one that knows virtual machines only",
    },
    runtime: { kind: "string", choices: ["sea", "bun"], default: "sea", help: "What runs the agent" },
    layout: {
      kind: "string",
      choices: ["squashfs", "plain"],
      default: "squashfs",
      help: "Where the agent is: in an image that is mounted, or in the archive itself",
    },
    compression: { kind: "string", choices: ["zstd", "xz"], default: "zstd", help: "How files are compressed" },
    output: { kind: "string", default: "dist/boot", placeholder: "DIR", help: "Where the files go" },
    json: { kind: "boolean", help: "Print one JSON object" },
  },
  examples: [
    "npm run -s build-initramfs",
    "npm run -s build-initramfs -- --kernel cloud --json",
    "npm run -s build-initramfs -- --arch aarch64 --runtime bun",
  ],
});
