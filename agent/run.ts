import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { createHostinfoModule } from "../modules/hostinfo/module.ts";
import { createImageModule } from "../modules/image/module.ts";
import { createServiceModule } from "../modules/service/module.ts";
import { EXIT, type ProgramRun } from "../src/cli/mod.ts";
import type { Clock, Random } from "../src/clock.ts";
import type { Log } from "../src/log.ts";
import { createDrain } from "../src/module/mod.ts";
import { createUplink, type MqttConnect } from "../src/mqtt/mod.ts";
import { createAgent } from "./agent.ts";
import { identify } from "./identify.ts";
import type { program } from "./options.ts";

/** The exit code that makes the machine's first process switch root: see `docs/how-to/images.md`. */
const EXIT_SWITCH_ROOT = 99;

/** The outside world of an agent. */
export interface AgentWorld {
  readonly connect: MqttConnect;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Identifies the agent, joins, and runs until the signal fires, another run takes its place, or the machine must switch
 * root.
 *
 * @returns The exit code of the process.
 * @throws {ProgramError} If the agent cannot be identified.
 */
export async function runAgent(
  { options, terminal, signal }: Pick<ProgramRun<typeof program.options>, "options" | "terminal" | "signal">,
  { connect, clock, random, log }: AgentWorld,
): Promise<number> {
  const run = randomUUID();
  const runDir = resolve(options["run-dir"]);
  const { id, name, cluster, parent, broker, server } = await identify(options, {
    ...{ runDir, clock, random, log, signal },
  });
  const uplink = createUplink({ url: broker, cluster, parent, child: id, run, random, log, connect, clock });
  const drain = createDrain();
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => end = resolve);
  const onSwitch = options["switch-root"] ? () => end(EXIT_SWITCH_ROOT) : undefined;
  signal.addEventListener("abort", () => end(EXIT.ok), { once: true });
  const agent = createAgent({
    ...{ id, name, run, random, log, clock },
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
}
