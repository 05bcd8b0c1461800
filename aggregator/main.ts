import { randomUUID } from "node:crypto";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { createIpmiModule } from "../modules/ipmi/module.ts";
import { createJoinModule } from "../modules/join/module.ts";
import { createManualModule } from "../modules/manual/module.ts";
import { createNopowerModule } from "../modules/nopower/module.ts";
import { agentDeclarations } from "../modules/manifest.ts";
import { createBmcLogs } from "../modules/power/mod.ts";
import { createPowermanModule } from "../modules/powerman/module.ts";
import { createRedfishModule } from "../modules/redfish/module.ts";
import { createPxeModule } from "../modules/pxe/module.ts";
import { createRpiModule } from "../modules/rpi/module.ts";
import { createSimpowerModule } from "../modules/simpower/module.ts";
import { EXIT, ProgramError, runProgram, untilAborted } from "../src/cli/mod.ts";
import { systemClock } from "../src/clock.ts";
import { createLog, type Level } from "../src/log.ts";
import { createUplink } from "../src/mqtt/mod.ts";
import { connectBroker, startTransport, type Transport } from "./broker/transport.ts";
import { redactUrl } from "../src/redact.ts";
import { createSteadyClock } from "../src/steady_clock.ts";
import { isNodeName, nodeIdOf } from "../src/state/mod.ts";
import { VERSION } from "../src/version.ts";
import { heapOfProcess, keepHeapTidy } from "./heap.ts";
import { addressesOf, readHost } from "./addresses.ts";
import { createAggregator } from "./create_aggregator.ts";
import { readBootMetrics } from "./boot/metrics.ts";
import { readBootOptions } from "./boot/read_options.ts";
import { createBootServices } from "./boot/services.ts";
import { createApp, createRequestContext, serve } from "./http/mod.ts";
import { programMetrics, readMetrics } from "./metrics.ts";
import { program } from "./options.ts";
import { createBrokerWatch } from "./broker/watch.ts";
import { readPublishOptions } from "./publish/options.ts";
import { createPublishing } from "./publish/publishing.ts";
import { comparePast, describeLost, openSqliteStore, readMarker, storeFile, writeMarker } from "./store/mod.ts";
import { prepareRestored } from "./store/restored.ts";
import { errorText } from "../src/toolkit/mod.ts";

const NO_COUNTS = { sent: 0, unsent: 0, received: 0, malformed: 0, waiting: 0, waitingBytes: 0 };

await runProgram(program, async ({ options, terminal, signal }) => {
  const { cluster, name, broker } = options;
  for (
    const [option, value] of [
      ["name", name],
      ["cluster", cluster],
      ["parent", options.parent],
      ["standby-for", options["standby-for"]],
    ] as const
  ) {
    if (value === undefined || isNodeName(value)) continue;
    throw new ProgramError(`Option '--${option}' is '${value}': expected a name`, EXIT.usage);
  }
  if (options.advertise !== undefined) readHost(options.advertise);
  if (options.restored && options.parent !== undefined) {
    throw new ProgramError(
      `Option '--restored' is given with '--parent': expected it at the root alone. An aggregator below it needs no backup: ` +
        `start it with an empty folder`,
      EXIT.usage,
    );
  }
  const upUrl = uplinkUrl(options);
  const bootOptions = readBootOptions(options);
  const publishOptions = readPublishOptions(options);
  const run = randomUUID();
  const pretty = process.stderr.isTTY === true;
  const writeLine = (line: string): void => void process.stderr.write(line);
  const requests = createRequestContext();
  let level: Level = options["log-level"];
  const log = createLog(writeLine, { pretty, level: () => level, context: requests.fields });
  const file = storeFile(options.data);
  const store = await openSqliteStore(options.data).catch(explain);
  // Everything created below is closed in reverse order, whatever was reached.
  const closers: (() => Promise<void> | void)[] = [() => store.close()];
  let end: (code: number) => void = () => {};
  const deposed = new Promise<number>((resolve) => end = resolve);
  try {
    if (options.restored) {
      const nodes = orExplain(() => prepareRestored(store, { cluster, name, clock: systemClock }));
      terminal.write(
        `The backup has ${nodes} ${
          nodes === 1 ? "node" : "nodes"
        }, and is frozen. Start the aggregator as usual, without --restored. Look at ` +
          `'krakenctl tree' and 'krakenctl get nodes', then: krakenctl thaw\n`,
      );
      return EXIT.ok;
    }
    const boot: { uri?: string } = {}; // known once there is a broker
    let transportCounts: () => Transport["counts"] = () => NO_COUNTS;
    let send: Transport["send"] = () => {}; // until there is a transport; lost frames are sent again
    const clock = createSteadyClock(systemClock);
    const upWatch = createBrokerWatch({ url: upUrl === undefined ? undefined : redactUrl(upUrl), clock, to: "parent" });
    const uplink = upUrl === undefined || options.parent === undefined ? undefined : createUplink({
      watch: upWatch,
      ...{ url: upUrl, cluster, run, log },
      connect: connectBroker,
      parent: nodeIdOf(cluster, options.parent),
      child: nodeIdOf(cluster, name),
      random: Math.random,
      clock: systemClock,
    });
    const stored = orExplain(() => store.load());
    const past = comparePast(readMarker(file), stored, { file, isRoot: options.parent === undefined });
    if (past.kind === "older") throw new ProgramError(past.problem);
    // An aggregator below the root receives everything from its parent: a lost store loses nothing.
    const lost = past.kind === "lost" && options.parent === undefined ? past.since : undefined;
    if (lost !== undefined) log.error("The store was lost", { problem: describeLost(file, lost) });
    const watch = createBrokerWatch({ url: broker === undefined ? undefined : redactUrl(broker), clock });
    const booting = bootOptions && createBootServices({
      ...{ ...bootOptions, cluster, name, store, clock, log },
      parent: nodeIdOf(cluster, name),
      facts: stored.facts,
    });
    const publishing = publishOptions && createPublishing({
      ...{ ...publishOptions, cluster, name, isRoot: options.parent === undefined, clock: systemClock, log },
      random: Math.random,
    });
    const bootModules = booting?.modules ?? [createPxeModule().module, createRpiModule().module];
    const logs = createBmcLogs(clock);
    const aggregator = orExplain(() =>
      createAggregator({
        ...{ cluster, name, run, store, stored, clock, log, broker: watch, uplink: upWatch },
        ...(lost !== undefined && { lost: describeLost(file, lost) }),
        ...(booting !== undefined && { warnings: booting.warnings }),
        modules: [
          createJoinModule(),
          createSimpowerModule({ bootUri: () => boot.uri, logs }),
          createRedfishModule({ logs }),
          createIpmiModule({ logs }),
          createPowermanModule(),
          createManualModule(),
          createNopowerModule(),
          ...bootModules,
        ],
        agentModules: agentDeclarations,
        grace: options.grace,
        nodeMetrics: options["node-metrics"],
        onLogLevel: (wanted) => level = wanted ?? options["log-level"],
        random: Math.random,
        interfaces: () =>
          Object.values(networkInterfaces()).flatMap((each) => each ?? []).filter((each) => !each.internal),
        send: (child, frame) => send(child, frame),
        ...(publishing !== undefined && { publish: publishing.follow }),
        ...(options["standby-for"] !== undefined && { standbyFor: options["standby-for"] }),
        ...(uplink !== undefined && {
          upstream: {
            send: uplink.send,
            onAssignment: uplink.assign,
            onLink: uplink.linked,
            onKeepalive: uplink.setKeepalive,
            onDeposed: () => end(EXIT.failed),
          },
        }),
      })
    );
    orExplain(() =>
      writeMarker(file, {
        ...{ cluster, name, run: aggregator.runNumber, started: new Date().toISOString() },
        ...(lost !== undefined && { lost }),
      })
    );
    const closing = new AbortController();
    const app = createApp(aggregator.control, {
      requireConditions: options["require-conditions"],
      ...{ version: VERSION, log, logs, requests, ...(booting !== undefined && { boot: booting.network }) },
      metrics: async () => [
        ...readMetrics({ counts: aggregator.counts, down: transportCounts(), up: uplink?.counts }),
        ...programMetrics({ cluster, name, version: VERSION, isRoot: options.parent === undefined }),
        ...await aggregator.measure(),
        ...(booting === undefined ? [] : readBootMetrics(booting.counts)),
        ...publishing?.metrics() ?? [],
      ],
    });
    const served = await serve(app, { host: "127.0.0.1", port: options["http-port"], signal: closing.signal });
    if (!served.ok) throw new ProgramError(served.problem);
    closers.push(async () => {
      closing.abort();
      await served.value.closed;
    });
    const transport = await startTransport({
      ...{ cluster, log, run, broker },
      parent: aggregator.id,
      random: Math.random,
      mqttPort: options["mqtt-port"],
      ...(booting !== undefined && { guarded: booting.guarded }),
      ...(publishing?.observed !== undefined && { observed: publishing.observed }),
      onUp: aggregator.receive,
      onLife: aggregator.life,
      onConnect() {
        watch.reached();
        aggregator.connected();
      },
      onProblem: watch.failed,
    }).catch(explain);
    const { close, port } = transport;
    send = transport.send;
    transportCounts = () => transport.counts;
    closers.push(close, () => aggregator.stop());
    const addresses = addressesOf({ advertise: options.advertise, http: served.value.port, mqtt: port, broker });
    boot.uri = `${addresses.broker.replace(/\/$/, "")}/${aggregator.id}`;
    closers.push(keepHeapTidy({ clock: systemClock, ...heapOfProcess() }));
    await aggregator.start(addresses).catch(explain);
    if (uplink !== undefined && aggregator.upstreamLink !== undefined) {
      uplink.start(aggregator.upstreamLink);
      closers.push(uplink.stop, aggregator.upstreamLink.stop);
    }
    if (publishing !== undefined && aggregator.follower !== undefined) {
      closers.push(publishing.stop);
      publishing.start(aggregator.follower);
    }
    let bootPorts = {};
    if (booting !== undefined && transport.guardedUrl !== undefined) {
      closers.push(booting.stop);
      const { guardedUrl: url, drop } = transport;
      const { ping, note } = aggregator;
      const http = await booting.start({ url, drop, ping, note }).catch(explain);
      bootPorts = { boot: { http, mqtt: Number(new URL(transport.guardedUrl).port) } };
    }
    const shownBroker = broker === undefined ? undefined : redactUrl(broker);
    const ready = {
      ready: true,
      http: served.value.port,
      ...(port === undefined ? {} : { mqtt: port }),
      ...bootPorts,
    };
    terminal.write(`${JSON.stringify(ready)}\n`);
    log.info("Ready", { cluster, name, http: served.value.port, mqtt: port, broker: shownBroker });
    const code = await Promise.race([untilAborted(signal).then(() => EXIT.ok), deposed]);
    log.info("Stopping");
    return code;
  } finally {
    for (const close of closers.reverse()) await close();
  }
});

/** Returns where an aggregator reaches its parent, if it has one. */
function uplinkUrl(
  { parent, uplink, broker }: {
    readonly parent: string | undefined;
    readonly uplink: string | undefined;
    readonly broker: string | undefined;
  },
): string | undefined {
  if (parent === undefined) {
    if (uplink === undefined) return undefined;
    throw new ProgramError("Option '--uplink' is given without '--parent': expected both, or none", EXIT.usage);
  }
  const url = uplink ?? broker;
  if (url === undefined) {
    throw new ProgramError(
      `Option '--parent' is '${parent}', but no broker is given over which it is reached: expected '--uplink' or '--broker'`,
      EXIT.usage,
    );
  }
  if (!URL.canParse(url)) {
    throw new ProgramError(
      `Option '--uplink' is '${redactUrl(url)}': expected a URL such as mqtt://10.0.0.1`,
      EXIT.usage,
    );
  }
  return url;
}

function orExplain<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    return explain(error);
  }
}

/** Explains an error at start in words, without a stack. */
function explain(error: unknown): never {
  throw new ProgramError(errorText(error));
}
