import { networkInterfaces } from "node:os";
import type { Log } from "../../src/log.ts";
import { PI_OFFER } from "../../modules/rpi/dhcp.ts";
import { type DhcpServer, standardBoot, startDhcpServer } from "./dhcp/mod.ts";
import type { BootMachines, BootOptions, BootSite } from "./machines.ts";
import { NOT_THERE, openFile } from "./open_file.ts";
import { isAutoexec, renderAutoexec } from "./autoexec.ts";
import type { OtherServers } from "./other_servers.ts";
import { noteDhcp } from "./notes.ts";
import { mtuOf } from "./network.ts";
import { limitUnknownMachines } from "./source_rates.ts";
import { blockFor, bytesSource, fileSource, startTftpServer, type TftpEvent, type TftpServer } from "./tftp/mod.ts";

/** What the servers of the boot network share. */
export interface NetworkParts {
  readonly options: BootOptions;
  readonly site: BootSite;
  readonly machines: BootMachines;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Starts the DHCP server, or proxy.
 *
 * @param parts What the servers share.
 * @param mode Whether it gives out addresses.
 * @param heard `seen` takes unknown machines, `others` the answers of other servers; `answers` counts ours.
 * @throws {Error} When a port can't be had.
 */
export function startDhcp(
  { options: { address, clock }, site, machines, log, signal }: NetworkParts,
  mode: "server" | "proxy",
  { seen, others, answers }: {
    readonly seen: ReturnType<typeof limitUnknownMachines>;
    readonly others: OtherServers;
    readonly answers: { [answer in "offer" | "ack" | "nak" | "silent"]: number };
  },
): Promise<DhcpServer> {
  const { registry, events, faults, sawPi, asked, recheck } = machines;
  return startDhcpServer({
    ...{ address, mode, clock, log },
    lookup: (mac) => registry.host(mac),
    boot(client) {
      const host = registry.host(client.mac);
      if (host?.method === "rpi") return PI_OFFER;
      const script = `${site.server}/boot/v1/script?mac=${client.mac}`;
      return standardBoot(client, host ?? {}, { script, files: `${site.server}/boot/v1/files` });
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
    signal,
  });
}

/**
 * Starts the TFTP server.
 *
 * @param parts What the servers share.
 * @param count Called with what becomes of transfers.
 * @throws {Error} When the port can't be had.
 */
export function startTftp(
  { options, site, machines, log, signal }: NetworkParts,
  count: (event: TftpEvent) => void,
): Promise<TftpServer> {
  const { address, clock } = options;
  const { registry, rpiBoot, refusals, isKnown, noteTftp } = machines;
  const mtu = mtuOf(address, networkInterfaces());
  const maxBlock = options.tftpBlock ?? (mtu === undefined ? undefined : blockFor(mtu));
  return startTftpServer({
    ...(maxBlock !== undefined && { maxBlock }),
    ...{ address, clock, log, signal, isKnown },
    onEvent(event) {
      count(event);
      rpiBoot.note(event);
      noteTftp(event);
    },
    async read(path, client) {
      const own = await rpiBoot.read(path, client);
      if (own !== "other") return own;
      const file = await openFile(options.files, path);
      if (file !== undefined) return fileSource(file);
      if (isAutoexec(path)) return bytesSource(new TextEncoder().encode(renderAutoexec(site.server)));
      const host = registry.hostAt(client.address);
      if (host?.method === "pxe") refusals.warn(NOT_THERE, { node: host.name, path });
      return undefined;
    },
  });
}
