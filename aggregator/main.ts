import { randomUUID } from "node:crypto";
import process from "node:process";
import { hostinfoDeclaration } from "../modules/hostinfo/declaration.ts";
import { createJoinModule } from "../modules/join/module.ts";
import { serviceDeclaration } from "../modules/service/declaration.ts";
import { createSimpowerModule } from "../modules/simpower/module.ts";
import { EXIT, ProgramError, runProgram, untilAborted } from "../src/cli/mod.ts";
import { systemClock } from "../src/clock.ts";
import { createLog } from "../src/log.ts";
import { redactUrl } from "../src/redact.ts";
import { isNodeName } from "../src/state/mod.ts";
import { VERSION } from "../src/version.ts";
import { createAggregator } from "./aggregator.ts";
import { createApp, serve } from "./http/mod.ts";
import { program } from "./options.ts";
import { openSqliteStore } from "./store/mod.ts";
import { startTransport, type Transport } from "./transport.ts";

await runProgram(program, async ({ options, terminal, signal }) => {
  const { cluster, name } = options;
  for (const [option, value] of [["name", name], ["cluster", cluster]] as const) {
    if (!isNodeName(value)) throw new ProgramError(`Option '--${option}' is '${value}': expected a name`, EXIT.usage);
  }
  const log = createLog((line) => void process.stderr.write(line), { pretty: process.stderr.isTTY === true });
  const store = await openSqliteStore(options.data).catch(explain);
  // What is made below is closed in the reverse order, however far it came.
  const closers: (() => Promise<void> | void)[] = [() => store.close()];
  try {
    let send: Transport["send"] = () => {}; // until there is a transport; what is lost is sent again
    const aggregator = createAggregator({
      ...{ cluster, name, store, log },
      modules: [createJoinModule(), createSimpowerModule()],
      agentModules: [serviceDeclaration, hostinfoDeclaration],
      grace: options.grace,
      clock: systemClock,
      random: Math.random,
      send: (child, frame) => send(child, frame),
    });
    const closing = new AbortController();
    const app = createApp(aggregator.control, { version: VERSION, log });
    const served = await serve(app, { host: "127.0.0.1", port: options["http-port"], signal: closing.signal });
    if (!served.ok) throw new ProgramError(served.problem);
    closers.push(async () => {
      closing.abort();
      await served.server.closed;
    });
    const transport = await startTransport({
      ...{ cluster, log },
      parent: aggregator.id,
      run: randomUUID(),
      random: Math.random,
      mqttPort: options["mqtt-port"],
      broker: options.broker,
      onUp: aggregator.receive,
      onLife: aggregator.life,
      onConnect: aggregator.connected,
    }).catch(explain);
    const { close, port } = transport;
    send = transport.send;
    closers.push(close, () => aggregator.stop());
    await aggregator.start();
    const shownBroker = options.broker === undefined ? undefined : redactUrl(options.broker);
    const ready = { ready: true, http: served.server.port, ...(port === undefined ? {} : { mqtt: port }) };
    terminal.write(`${JSON.stringify(ready)}\n`);
    log.info("Ready", { cluster, name, http: served.server.port, mqtt: port, broker: shownBroker });
    await untilAborted(signal);
    log.info("Stopping");
  } finally {
    for (const close of closers.reverse()) await close();
  }
  return EXIT.ok;
});

/** An error at start says what is wrong in words: no stack. */
function explain(error: unknown): never {
  throw new ProgramError(error instanceof Error ? error.message : String(error));
}
