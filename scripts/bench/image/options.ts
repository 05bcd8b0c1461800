import { defineProgram } from "../../../src/cli/mod.ts";

/** The image bench's command line. */
export const program = defineProgram({
  name: "bench image",
  about:
    "Measures 1, 4 and 8 nodes that fetch the same image at once from a real aggregator, over the loopback and over a " +
    "link with a limit, beside a plain copy of the same file.",
  options: {
    size: { kind: "integer", default: 64, min: 1, max: 4096, placeholder: "MIB", help: "Size of the image" },
    link: {
      kind: "integer",
      default: 400,
      min: 1,
      max: 100_000,
      placeholder: "MBIT",
      help: "Limit of the link, in Mbit/s: below what the processors can do, or the link is not what is measured",
    },
    json: { kind: "boolean", help: "Print one JSON object instead of a table" },
  },
});
