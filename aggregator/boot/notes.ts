import type { PxeRegistry } from "../../modules/pxe/registry.ts";
import type { RpiRegistry } from "../../modules/rpi/module.ts";
import type { UnknownMachines } from "../nodes/unknown_machines.ts";
import type { DhcpClient, DhcpEvent, DhcpMode } from "./dhcp/mod.ts";
import { ASK_AGAIN, type TftpEvent, UNANSWERED } from "./tftp/mod.ts";

/** Receivers of what machines send over DHCP. */
export interface DhcpListeners {
  readonly mode: DhcpMode;
  readonly registry: Pick<PxeRegistry, "host" | "saw">;
  readonly rpi: Pick<RpiRegistry, "saw">;
  readonly unknownMachines: Pick<UnknownMachines, "saw">;
  /** Reports that a machine asks what to boot, with its description of itself. */
  heard(id: string, client: DhcpClient): void;
  /** Checks again whether a machine can boot. */
  recheck(id: string): void;
  /** Adds an event of a node. @param why In words. */
  tell(node: string, why: string): void;
  /**
   * Reports that a machine has taken an address to boot with: an agent of it that still seems to be heard is gone,
   * unless it answers.
   */
  asked(id: string, name: string): void;
}

/**
 * Evaluates a DHCP `event` and passes it on: a machine took an address to boot with, the result of that, or an unknown
 * machine.
 *
 * @param to The receivers.
 */
export function noteDhcp(event: DhcpEvent, to: DhcpListeners): void {
  const { client, host, request, privileged, answer } = event;
  const { mac, boots, vendorClass, uuid } = client;
  if (host === undefined) {
    to.unknownMachines.saw({
      mac,
      asked: `dhcp ${request}`,
      ...(client.firmware !== "unknown" && { arch: client.firmware }),
      ...(vendorClass !== undefined && { vendorClass }),
      ...(uuid !== undefined && { uuid }),
    });
    return;
  }
  const known = to.registry.host(mac);
  // What an unprivileged program on a machine sends is not what the machine does.
  if (known === undefined || !privileged) return;
  const why = describeDhcp(event);
  if (why !== undefined) to.tell(known.name, why);
  const module = known.method === "rpi" ? to.rpi : to.registry;
  if (request === "decline" && event.isOurs) {
    return module.saw(known.id, { kind: "declined", address: event.address ?? known.lease?.address ?? "" });
  }
  if (!boots || (request !== "request" && request !== "discover")) return;
  to.heard(known.id, client);
  // Beside a site's own server only the request is visible: the acknowledgement comes from that server.
  if (request === "request" && (answer === "ack" || to.mode === "proxy")) {
    module.saw(known.id, { kind: "address" });
    to.asked(known.id, known.name);
  }
  to.recheck(known.id);
}

/** Describes an event for the event log: what a machine was refused, and why. */
function describeDhcp(event: DhcpEvent): string | undefined {
  const { request, answer, reason, isOurs, unserved, address } = event;
  if (request === "decline") {
    return `It declined the address ${address ?? "that it was given"}, as another machine has it`;
  }
  if (unserved !== undefined) {
    return `Its firmware asks what to boot over DHCP, and there is nothing for it: ${unserved}`;
  }
  if (answer === "nak") return `Its DHCP request was refused: ${reason}`;
  return answer === "silent" && isOurs ? `Its DHCP ${request} was not answered: ${reason}` : undefined;
}

/** The longest path to quote, in characters: as long as one in cfg. */
const MAX_PATH = 256;

/**
 * Describes the event of a TFTP transfer for the machine with its address; undefined if it is not worth an event.
 * Unanswered requests may come from anyone.
 */
export function describeTftp({ path, kind, sent, size, reason = "" }: TftpEvent): string | undefined {
  const shown = path.slice(0, MAX_PATH);
  if (reason === ASK_AGAIN || reason === UNANSWERED) return undefined;
  if (kind === "refused") return `It asked for ${shown} over TFTP, and was refused: ${reason}`;
  if (kind !== "failed") return undefined;
  return `Its download of ${shown} over TFTP broke off at ${
    Math.floor(100 * sent / Math.max(1, size))
  } % of ${size} bytes: ${reason}`;
}
