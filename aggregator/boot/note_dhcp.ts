import type { PxeDesk } from "../../modules/pxe/desk.ts";
import type { RpiDesk } from "../../modules/rpi/module.ts";
import type { DhcpEvent, DhcpMode } from "./dhcp/mod.ts";
import type { Strangers } from "../nodes/strangers.ts";

/** Who is told of what machines say over DHCP. */
export interface DhcpListeners {
  readonly mode: DhcpMode;
  readonly desk: Pick<PxeDesk, "host" | "saw">;
  readonly rpi: Pick<RpiDesk, "saw">;
  readonly strangers: Pick<Strangers, "saw">;
  /** A machine has taken an address to boot with: an agent of its that still seems to be heard is gone, unless it answers. */
  asked(id: string, name: string): void;
}

/** What a DHCP packet says of a machine: that it took an address to boot with, or that nobody knows it. */
export function noteDhcp({ client, host, request, privileged, answer }: DhcpEvent, to: DhcpListeners): void {
  const { mac, boots, vendorClass, uuid } = client;
  if (host === undefined) {
    to.strangers.saw({
      mac,
      asked: `dhcp ${request}`,
      ...(client.firmware !== "unknown" && { arch: client.firmware }),
      ...(vendorClass !== undefined && { vendorClass }),
      ...(uuid !== undefined && { uuid }),
    });
    return;
  }
  const known = to.desk.host(mac);
  // What a user's program on a machine says is not what the machine does.
  if (known === undefined || !boots || !privileged || request !== "request") return;
  // Beside a site's own server the request is all there is to see: the acknowledgement is that server's.
  if (answer !== "ack" && to.mode !== "proxy") return;
  (known.method === "rpi" ? to.rpi : to.desk).saw(known.id, { kind: "address" });
  to.asked(known.id, known.name);
}
