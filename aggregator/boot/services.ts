import { networkInterfaces } from "node:os";
import type { Module } from "../../src/module/mod.ts";
import type { Clock } from "../../src/clock.ts";
import { createRefusalLog, type Level, type Log, withLevel } from "../../src/log.ts";
import type { BootMachine } from "../../modules/boot/tracker.ts";
import type { PxeHost } from "../../modules/pxe/registry.ts";
import { createPxeModule } from "../../modules/pxe/module.ts";
import { PI_OFFER } from "../../modules/rpi/dhcp.ts";
import { createRpiModule } from "../../modules/rpi/module.ts";
import type { Values } from "../../src/state/mod.ts";
import { BOOT_LOG_LEVELS, type BootSight, commandLine, kernelArguments } from "../../src/boot/mod.ts";
import type { GuardedListener } from "../broker/embedded.ts";
import { type BootNetwork, createUnknownMachines } from "../nodes/unknown_machines.ts";
import type { Store, Stored } from "../store/mod.ts";
import { type BootCounts, countTftp, createTransferCounter } from "./counts.ts";
import { type DhcpCounts, standardBoot, startDhcpServer } from "./dhcp/mod.ts";
import { bootFault } from "./boot_fault.ts";
import { createEnrolment, TOKEN_SHAPE } from "./enrolment.ts";
import { createBootApp } from "./http/app.ts";
import { createBoots } from "./http/boots.ts";
import { serveBoot } from "./http/serve.ts";
import { NOT_THERE, openFile } from "./open_file.ts";
import { isAutoexec, renderAutoexec } from "./autoexec.ts";
import { createFaults } from "./faults.ts";
import { watchOtherServers } from "./other_servers.ts";
import { createLoaderWatch } from "./loader_watch.ts";
import { describeTftp, noteDhcp } from "./notes.ts";
import { createRpiBoot } from "./rpi.ts";
import { createNodeEvents } from "./node_events.ts";
import { mtuOf, networkOf } from "./network.ts";
import { limitStrangers } from "./source_rates.ts";
import { blockFor, bytesSource, fileSource, startTftpServer, type TftpEvent } from "./tftp/mod.ts";

/** Settings of the boot services. */
export interface BootOptions {
  /** An IPv4 address of this machine on the network of the machines. */
  readonly address: string;
  /** Port of the boot HTTP server; 0 for any free one. */
  readonly httpPort: number;
  /** Port on which agents reach the broker; 0 for any free one. */
  readonly mqttPort: number;
  /** The folder that is served. */
  readonly files: string;
  /** `off`: another server tells machines what to boot. */
  readonly dhcp: "server" | "proxy" | "off";
  /** The largest TFTP block, in bytes; absent: what fits the interface of `address`. */
  readonly tftpBlock?: number;
  readonly cluster: string;
  /** The name of this aggregator's own node, and its UUID. */
  readonly name: string;
  readonly parent: string;
  readonly store: Store;
  readonly facts: Stored["facts"];
  readonly clock: Clock;
  /** Writes lines of every level; `/boot/log` selects the level. */
  readonly log: Log;
}

/** What the boot services need of the broker. */
export interface BootBroker {
  readonly url: string;
  /** Ends the connections of a node. */
  drop(node: string): void;
  /** Asks a node's agent for a sign of life. An agent that gives none within some seconds counts as lost. */
  ping(node: string, onAnswer: () => void): void;
  /** Adds an event of a node to the event log. @param node Its name. */
  note(node: string, kind: string, why: string): void;
}

/** The boot services of an aggregator. They are silent until they are started. */
export interface BootServices {
  /** Modules for the aggregator. */
  readonly modules: readonly Module[];
  /** Listener for the broker. */
  readonly guarded: GuardedListener;
  /** Network for the API. */
  readonly network: BootNetwork;
  /** What a person should look at on the boot network, in words. */
  warnings(): readonly string[];
  /** Counters. */
  readonly counts: BootCounts;
  /**
   * Starts to serve machines. @returns The port of the boot HTTP server. @throws {Error} If a port is not available.
   */
  start(broker: BootBroker): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Creates the boot services of an aggregator: DHCP and TFTP, boot HTTP, and the identities of agents in the broker.
 *
 * @param options Settings.
 */
export function createBootServices(options: BootOptions): BootServices {
  const { address, cluster, parent, clock } = options;
  let level: Level = "info";
  const log = withLevel(options.log, () => level);
  const ending = new AbortController();
  const running: (() => Promise<void>)[] = [];
  let broker: BootBroker | undefined;
  let server = "";

  const others = watchOtherServers({ clock, tell: (node, why) => broker?.note(node, "boot", why) });
  const enrolment = createEnrolment({
    ...{ store: options.store, facts: options.facts, clock, log },
    onEnd: (id) => broker?.drop(id),
  });
  const events = createNodeEvents(clock, (node, why) => broker?.note(node, "boot", why));
  const fault = (machine: BootMachine) =>
    bootFault(machine, {
      root: options.files,
      line: (of) => commandLine(of, { cluster, parent, server, token: TOKEN_SHAPE }),
    });
  const faults = createFaults(options.files, fault);
  const loaders = createLoaderWatch(events.tell);
  const ways = {
    parent: options.name,
    own: {
      id: parent,
      onCfg: (cfg: Values) => level = BOOT_LOG_LEVELS.find((known) => known === cfg.get("/boot/log")) ?? "info",
    },
    fault: faults.fault,
    onEnd(id: string) {
      for (const each of [enrolment, boots, rpiBoot, faults, loaders]) each.end(id);
    },
  };
  const pxe = createPxeModule(ways);
  const { module, registry } = pxe;
  const rpi = createRpiModule(ways);
  const boots = createBoots({ ...registry, saw: sawPxe }, clock);
  const rpiBoot = createRpiBoot({
    ...{ registry: rpi.registry, files: options.files, holdsAddresses: options.dhcp === "server", clock, log },
    ...{ admit: boots.admit, fault },
    words: (host) => kernelArguments(host, { cluster, parent, server, token: enrolment.issue(host.id, host.mac) }),
  });
  const [tftp, http] = [createTransferCounter(), createTransferCounter()];
  const answers = { offer: 0, ack: 0, nak: 0, silent: 0 };
  let dhcpCounts: (() => DhcpCounts) | undefined;
  let transfersNow = (): number => 0;
  const refusals = createRefusalLog(log, clock);
  const isKnown = (address: string): boolean => registry.hostAt(address) !== undefined;
  const unknownMachines = createUnknownMachines(
    clock,
    (mac) => (registry.host(mac) ?? registry.bystander(mac)) !== undefined,
  );
  const seen = limitStrangers(unknownMachines, clock);
  const app = createBootApp({
    ...{ cluster, parent, registry, fault, boots, enrolment, unknownMachines: seen },
    ...{ transfers: http, events, recheck, fetched, signal: ending.signal, clock, log },
    server: () => server,
    broker: () => broker?.url ?? "",
    onEnrolled(id) {
      for (const each of [registry, rpi.registry]) each.saw(id, { kind: "enrolled" });
    },
    files: options.files,
    holdsAddresses: options.dhcp === "server",
  });

  /** An agent that answers is alive: then something else, or a program on its machine, has sent the request. */
  function asked(id: string, name: string): void {
    if (!registry.isUp(id)) return;
    broker?.ping(id, () => {
      for (const each of [registry, rpi.registry]) each.saw(id, { kind: "alive" });
      refusals.warn("Ignored a request for an address to boot with, because the node's agent answers", { node: name });
    });
  }

  function sawPxe(id: string, sight: BootSight): void {
    if (sight.kind === "script") { for (const each of [faults, loaders]) each.end(id); // it has a loader, from wherever
     }
    registry.saw(id, sight);
  }
  function sawPi(id: string, sight: BootSight): void {
    if (sight.kind === "address") rpiBoot.begins(id);
    rpi.registry.saw(id, sight);
  }
  function recheck(id: string): void {
    for (const each of [pxe, rpi]) each.recheck(id);
  }
  /** Handles that a machine has fetched a file, in any way. */
  function fetched(host: PxeHost, path: string): void {
    if (faults.loaderOf(host) === path) loaders.fetched(host, path);
  }
  function noteTftp(event: TftpEvent): void {
    const host = registry.hostAt(event.client.address);
    if (host === undefined) return;
    if (event.kind === "done") fetched(host, event.path);
    const why = describeTftp(event);
    if (why === undefined) return;
    events.tell(host.name, why);
    recheck(host.id);
  }

  async function startDhcp(mode: "server" | "proxy"): Promise<void> {
    const dhcp = await startDhcpServer({
      ...{ address, mode, clock, log },
      lookup: (mac) => registry.host(mac),
      boot(client) {
        const host = registry.host(client.mac);
        if (host?.method === "rpi") return PI_OFFER;
        const script = `${server}/boot/v1/script?mac=${client.mac}`;
        return standardBoot(client, host ?? {}, { script, files: `${server}/boot/v1/files` });
      },
      onEvent(event) {
        if (event.host !== undefined) answers[event.answer]++;
        // Only root or the firmware can send from a privileged port.
        if (event.host !== undefined && event.otherServer !== undefined && event.privileged) {
          others.saw(event.otherServer, event.host.name);
        }
        noteDhcp(event, {
          ...{
            mode,
            registry,
            rpi: { saw: sawPi },
            unknownMachines: seen,
            asked,
            recheck,
            heard: faults.heard,
            tell: events.tell,
          },
        });
      },
      onFault: ({ name }, why) => events.tell(name, why),
      signal: ending.signal,
    });
    running.push(dhcp.stop);
    dhcpCounts = dhcp.counts;
    const mtu = mtuOf(address, networkInterfaces());
    const maxBlock = options.tftpBlock ?? (mtu === undefined ? undefined : blockFor(mtu));
    const tftpServer = await startTftpServer({
      ...(maxBlock !== undefined && { maxBlock }),
      ...{ address, clock, log, signal: ending.signal, isKnown },
      onEvent(event) {
        countTftp(tftp, event);
        rpiBoot.note(event);
        noteTftp(event);
      },
      async read(path, client) {
        const own = await rpiBoot.read(path, client);
        if (own !== "other") return own;
        const file = await openFile(options.files, path);
        if (file !== undefined) return fileSource(file);
        if (isAutoexec(path)) return bytesSource(new TextEncoder().encode(renderAutoexec(server)));
        const host = registry.hostAt(client.address);
        if (host?.method === "pxe") refusals.warn(NOT_THERE, { node: host.name, path });
        return undefined;
      },
    });
    transfersNow = tftpServer.transfers;
    running.push(tftpServer.stop);
  }

  return {
    modules: [module, rpi.module],
    warnings: others.warnings,
    guarded: {
      ...{ host: address, port: options.mqttPort, parent },
      isIdentity: enrolment.isIdentity,
      isKnown,
    },
    network: {
      unknownMachines,
      address,
      subnet: options.dhcp === "server" ? networkOf(address, networkInterfaces()) : undefined,
    },
    get counts() {
      return {
        enrolment: enrolment.counts,
        dhcp: dhcpCounts?.(),
        answers: { ...answers },
        tftp: tftp.counts,
        http: http.counts,
        tftpNow: transfersNow(),
      };
    },
    async start(to) {
      broker = to;
      const served = await serveBoot(app, {
        ...{ host: address, port: options.httpPort, isKnown },
        onRefused(from) {
          const node = registry.hostAt(from)?.name;
          if (node !== undefined) {
            events.tell(
              node,
              `A connection from ${from} to boot HTTP was refused, as too many are open from there or in all`,
            );
          }
        },
      });
      running.push(served.close);
      server = `http://${address}:${served.port}`;
      if (options.dhcp !== "off") await startDhcp(options.dhcp);
      log.info("Machines boot from here", { server, dhcp: options.dhcp, files: options.files });
      return served.port;
    },
    async stop() {
      ending.abort();
      for (const stop of running.reverse()) await stop();
    },
  };
}
