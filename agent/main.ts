import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import process from "node:process";
import { createHostinfoModule } from "../modules/hostinfo/module.ts";
import { createImageModule } from "../modules/image/module.ts";
import { createServiceModule } from "../modules/service/module.ts";
import { EXIT, runProgram } from "../src/cli/mod.ts";
import { systemClock } from "../src/clock.ts";
import { createLog } from "../src/log.ts";
import { createDrain } from "../src/module/mod.ts";
import { connectMqtt } from "../src/mqtt/client/mod.ts";
import { createUplink } from "../src/mqtt/mod.ts";
import { createAgent } from "./agent.ts";
import { identify } from "./identify.ts";
import { program } from "./options.ts";

/** How it ends when the machine's first process is to switch root: see `docs/image.md`. */
const EXIT_SWITCH_ROOT = 99;

await runProgram(program, async ({ options, terminal, signal }) => {
  const run = randomUUID();
  const random = Math.random;
  const log = createLog((line) => void process.stderr.write(line), { pretty: process.stderr.isTTY === true });
  const runDir = resolve(options["run-dir"]);
  const { id, name, cluster, parent, broker, server } = await identify(options, {
    ...{ runDir, clock: systemClock, random, log, signal },
  });
  const uplink = createUplink({
    ...{ url: broker, cluster, parent, child: id, run, random, log },
    connect: connectMqtt,
    clock: systemClock,
  });
  const drain = createDrain();
  const onSwitch = options["switch-root"] ? () => end(EXIT_SWITCH_ROOT) : undefined;
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => end = resolve);
  signal.addEventListener("abort", () => end(EXIT.ok), { once: true });
  const agent = createAgent({
    ...{ id, name, run, random, log },
    clock: systemClock,
    modules: [
      createHostinfoModule(),
      createServiceModule({ runDir, drain }),
      createImageModule({ runDir, drain, server, onSwitch }),
    ],
    send: uplink.send,
    onDeposed: () => end(EXIT.failed),
    onAssignment: uplink.assign,
    onLink: uplink.linked,
    onKeepalive: uplink.setKeepalive,
  });
  await agent.start();
  uplink.start(agent);
  terminal.write(`${JSON.stringify({ ready: true, id, name, run })}\n`);
  const code = await ended;
  log.info("Stopping");
  await agent.stop();
  await uplink.stop();
  return code;
});
