import type { Clock } from "../../src/clock.ts";
import { createRefusalLog, type Log } from "../../src/log.ts";
import type { BootMachine } from "../../modules/boot/tracker.ts";
import type { PxeHost } from "../../modules/pxe/registry.ts";
import { createPxeModule } from "../../modules/pxe/module.ts";
import { createRpiModule } from "../../modules/rpi/module.ts";
import { type BootSight, commandLine, kernelArguments } from "../../src/boot/mod.ts";
import type { Store, Stored } from "../store/mod.ts";
import { bootFault } from "./boot_fault.ts";
import { createEnrolment, TOKEN_SHAPE } from "./enrolment.ts";
import { createBoots } from "./http/boots.ts";
import { createFaults } from "./faults.ts";
import { createLoaderWatch } from "./loader_watch.ts";
import { describeTftp } from "./notes.ts";
import { createRpiBoot } from "./rpi.ts";
import { createNodeEvents } from "./node_events.ts";
import type { TftpEvent } from "./tftp/mod.ts";

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

/** What becomes known when the services start. */
export interface BootSite {
  /** The URL of the boot HTTP server; "" before it listens. */
  server: string;
  broker: BootBroker | undefined;
}

/** The machines that boot from here, and what is known of each. */
export type BootMachines = ReturnType<typeof createBootMachines>;

/**
 * Follows the machines that boot from here.
 *
 * @param options The settings of the boot services.
 * @param site The server and the broker, once they are known.
 */
export function createBootMachines(options: BootOptions, site: BootSite) {
  const { cluster, parent, clock, log } = options;
  const enrolment = createEnrolment({
    ...{ store: options.store, facts: options.facts, clock, log },
    onEnd: (id) => site.broker?.drop(id),
  });
  const events = createNodeEvents(clock, (node, why) => site.broker?.note(node, "boot", why));
  const fault = (machine: BootMachine) =>
    bootFault(machine, {
      root: options.files,
      line: (of) => commandLine(of, { cluster, parent, server: site.server, token: TOKEN_SHAPE }),
    });
  const faults = createFaults(options.files, fault);
  const loaders = createLoaderWatch(events.tell);
  const ways = {
    parent: options.name,
    fault: faults.fault,
    onEnd(id: string) {
      for (const each of [enrolment, boots, rpiBoot, faults, loaders]) each.end(id);
    },
  };
  const pxe = createPxeModule(ways);
  const { registry } = pxe;
  const rpi = createRpiModule(ways);
  const boots = createBoots({ ...registry, saw: sawPxe }, clock);
  const rpiBoot = createRpiBoot({
    ...{ registry: rpi.registry, files: options.files, holdsAddresses: options.dhcp === "server", clock, log },
    ...{ admit: boots.admit, fault },
    words: (host) =>
      kernelArguments(host, { cluster, parent, server: site.server, token: enrolment.issue(host.id, host.mac) }),
  });
  const refusals = createRefusalLog(log, clock);

  /** An agent that answers is alive: then something else, or a program on its machine, has sent the request. */
  function asked(id: string, name: string): void {
    if (!registry.isUp(id)) return;
    site.broker?.ping(id, () => {
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

  const isKnown = (address: string): boolean => registry.hostAt(address) !== undefined;

  return {
    ...{ pxe, rpi, registry, boots, rpiBoot, enrolment, events, fault, faults, refusals, isKnown },
    ...{ asked, sawPi, recheck, fetched, noteTftp },
    /** Tells both ways to boot of a machine. */
    saw(id: string, sight: BootSight): void {
      for (const each of [registry, rpi.registry]) each.saw(id, sight);
    },
  };
}
