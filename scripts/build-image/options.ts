import { defineProgram } from "../../src/cli/mod.ts";

/** The command line of `npm run build-image`. */
export const program = defineProgram({
  name: "build-image",
  about:
    "Makes a root image for nodes, a squashfs file, and prints its name, size and SHA-256. Without --tree it is a " +
    "small system of Debian's packages: busybox as init, an SSH server on port 22 and a web server on port 80.",
  options: {
    name: { kind: "string", default: "demo", help: "The image's name" },
    label: { kind: "string", default: "1", help: "What the system says that it is, in /etc/image and over HTTP" },
    tree: { kind: "string", placeholder: "DIR", help: "Make it of this folder instead, say as a layer for one site" },
    output: { kind: "string", default: "dist/images", placeholder: "DIR", help: "Where the file goes" },
    json: { kind: "boolean", help: "Print one JSON object" },
  },
  examples: [
    "npm run -s build-image",
    "npm run -s build-image -- --name demo-2 --label 2 --json",
    "npm run -s build-image -- --tree site --name site",
  ],
});
