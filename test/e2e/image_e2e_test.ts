import { test } from "node:test";
import { programCommand } from "../../scripts/runtimes.ts";
import { whyNoMounts } from "../modules/image_lab.ts";
import { runImages } from "./image_nodes.ts";

test(
  "nodes are brought up with an image, get a new one without a reboot, hold one that is broken, and let go before power-off",
  { skip: whyNoMounts() ?? false },
  () => runImages(programCommand("agent", "source")),
);
