import type { AnswerSetting, DhcpAnswer, SilentAnswer } from "./answer_types.ts";
import { type DhcpPacket, OPTION } from "./packet.ts";
import { optionAddress } from "./ipv4.ts";
import { bootParts, replyTo } from "./reply.ts";
import type { DhcpBoot, DhcpRequestKind } from "./types.ts";

/** PXE 2.1, table 2-1: tags in option 43. */
const DISCOVERY_CONTROL = 6;
const BOOT_ITEM = 71;

/** Bit 3 of PXE_DISCOVERY_CONTROL: use the file of this offer, without a menu and without looking for boot servers. */
const USE_THIS_FILE = 8;

/**
 * Answers `packet` beside a site's own server, which assigns the addresses (PXE 2.1, section 2.2): an offer without an
 * address tells clients what to boot. Firmware that asks again at port 4011 gets the same answer there.
 *
 * @param kind What the client wants.
 * @param setting What the answer depends on.
 */
export function answerAsProxy(packet: DhcpPacket, kind: DhcpRequestKind, setting: AnswerSetting): DhcpAnswer {
  const { client, host, address, service } = setting;
  if (!client.boots) return silent("It only wants an address, which the site's own server assigns");
  const wanted = service === "pxe" ? kind === "request" || kind === "inform" : kind === "discover";
  if (!wanted) return silent("It is meant for the site's own server");
  const named = optionAddress(packet, OPTION.serverId);
  if (service === "pxe" && named !== undefined && named !== address) {
    return silent(`It is meant for another server, ${named}`);
  }
  const boot = setting.boot(client, host);
  if ("unserved" in boot) return { ...silent(boot.unserved), isOurs: true, unserved: boot.unserved };
  const from = bootParts(packet, asProxy(packet, boot, client.http), address);
  const { file } = boot;
  if (service === "dhcp") {
    const reason = "It wants to boot; the site's own server gives it an address";
    return { answer: "offer", reply: replyTo(packet, "offer", address, from), reason, file };
  }
  const reply = replyTo(packet, "ack", address, { ...from, ciaddr: packet.ciaddr });
  return { answer: "ack", reply, reason: "It asked the boot service", file };
}

/** Without this class a client does not recognize an offer of a proxy. */
function asProxy(packet: DhcpPacket, boot: DhcpBoot, http: boolean): DhcpBoot {
  if (http) return { ...boot, vendorClass: boot.vendorClass ?? "HTTPClient" };
  const vendorOptions = boot.vendorOptions ?? Uint8Array.of(
    ...[DISCOVERY_CONTROL, 1, USE_THIS_FILE],
    ...bootItemOf(packet.options.get(OPTION.vendorOptions)),
    255,
  );
  return { ...boot, vendorClass: boot.vendorClass ?? "PXEClient", vendorOptions };
}

/**
 * Returns the boot server type and layer that a client requests, which the reply must repeat (PXE 2.1, section 2.2.3).
 */
function bootItemOf(vendorOptions: Uint8Array | undefined): number[] {
  for (let at = 0; vendorOptions !== undefined && at + 1 < vendorOptions.length;) {
    const [tag, length] = [vendorOptions[at], vendorOptions[at + 1] ?? 0];
    if (tag === BOOT_ITEM && length === 4 && at + 6 <= vendorOptions.length) {
      return [...vendorOptions.subarray(at, at + 6)];
    }
    at += tag === 0 ? 1 : 2 + length;
  }
  return [];
}

function silent(reason: string): SilentAnswer {
  return { answer: "silent", reason, isOurs: false };
}
