import { networkInterfaces } from "node:os";
import type { Module } from "../../src/module/mod.ts";
import type { GuardedListener } from "../broker/embedded.ts";
import { type BootNetwork, createUnknownMachines } from "../nodes/unknown_machines.ts";
import { type BootCounts, countTftp, createTransferCounter } from "./counts.ts";
import type { DhcpCounts } from "./dhcp/mod.ts";
import { createBootApp } from "./http/app.ts";
import { serveBoot } from "./http/serve.ts";
import { type BootBroker, type BootOptions, type BootSite, createBootMachines } from "./machines.ts";
import { startDhcp, startTftp } from "./network_servers.ts";
import { watchOtherServers } from "./other_servers.ts";
import { networkOf } from "./network.ts";
import { limitUnknownMachines } from "./source_rates.ts";

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
  const { address, cluster, parent, clock, log } = options;
  const ending = new AbortController();
  const running: (() => Promise<void>)[] = [];
  const site: BootSite = { server: "", broker: undefined };

  const others = watchOtherServers({ clock, tell: (node, why) => site.broker?.note(node, "boot", why) });
  const machines = createBootMachines(options, site);
  const { registry, rpi, enrolment, events, isKnown } = machines;
  const [tftp, http] = [createTransferCounter(), createTransferCounter()];
  const answers = { offer: 0, ack: 0, nak: 0, silent: 0 };
  let dhcpCounts: (() => DhcpCounts) | undefined;
  let transfersNow = (): number => 0;
  const unknownMachines = createUnknownMachines(
    clock,
    (mac) => (registry.host(mac) ?? registry.bystander(mac)) !== undefined,
  );
  const seen = limitUnknownMachines(unknownMachines, clock);
  const app = createBootApp({
    ...{ cluster, parent, registry, fault: machines.fault, boots: machines.boots, enrolment, unknownMachines: seen },
    ...{ transfers: http, events, recheck: machines.recheck, fetched: machines.fetched },
    ...{ signal: ending.signal, clock, log },
    server: () => site.server,
    broker: () => site.broker?.url ?? "",
    onEnrolled: (id) => machines.saw(id, { kind: "enrolled" }),
    files: options.files,
    holdsAddresses: options.dhcp === "server",
  });

  async function startNetwork(mode: "server" | "proxy"): Promise<void> {
    const shared = { options, site, machines, log, signal: ending.signal };
    const dhcp = await startDhcp(shared, mode, { seen, others, answers });
    running.push(dhcp.stop);
    dhcpCounts = dhcp.counts;
    const server = await startTftp(shared, (event) => countTftp(tftp, event));
    running.push(server.stop);
    transfersNow = server.transfers;
  }

  return {
    modules: [machines.pxe.module, rpi.module],
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
      site.broker = to;
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
      site.server = `http://${address}:${served.port}`;
      if (options.dhcp !== "off") await startNetwork(options.dhcp);
      log.info("Machines boot from here", { server: site.server, dhcp: options.dhcp, files: options.files });
      return served.port;
    },
    async stop() {
      ending.abort();
      for (const stop of running.reverse()) await stop();
    },
  };
}
