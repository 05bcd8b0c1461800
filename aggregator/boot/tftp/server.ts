import { createSourceRates, type SourceLimits } from "../source_rates.ts";
import { bindUdp, type UdpPeer, type UdpSocket } from "../udp.ts";
import { cleanPath } from "../open_file.ts";
import { createMailbox, type Mailbox } from "./mailbox.ts";
import { decodeTftp, type TftpPacket } from "./packet.ts";
import { createSlots, type SlotLimits } from "./slots.ts";
import { createTransferNews, runTransfer, type TftpRequest } from "./transfer_run.ts";
import type { TftpServer, TftpServerOptions } from "./types.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

const PORT = 69;
const LIMITS: SlotLimits = { transfers: 256, kept: 64, perClient: 4, halfOpen: 128 };
/** All that hold a socket, those that have just lost their place included. */
const MAX_UNDER_WAY = 1_024;
/** Requests that are looked at: a machine's firmware makes a handful. What is dropped is asked for again. */
const RATES: SourceLimits = {
  each: { burst: 40, perSecond: 10 },
  known: { burst: 2_000, perSecond: 500 },
  unknown: { burst: 400, perSecond: 200 },
};
/** One transfer to a client's port. */
interface Running {
  readonly request: TftpRequest;
  readonly mailbox: Mailbox<TftpPacket>;
  /** The client has answered what this transfer sent. */
  isAnswered: boolean;
}

/**
 * Starts a read-only TFTP server (RFC 1350, with blksize, tsize, timeout and windowsize). Each transfer has a socket of its
 * own, and hears nothing but its client. What is sent is for `read` to say.
 *
 * @throws {Error} If the port can't be bound.
 */
export async function startTftpServer(options: TftpServerOptions): Promise<TftpServer> {
  options.signal?.throwIfAborted();
  const { address, log, clock } = options;
  const slots = createSlots({ ...LIMITS, ...options.limits });
  const rates = createSourceRates(RATES, clock.now());
  /** By the address and port of the client: a machine that was reset asks again from the same port. The oldest first. */
  const transfers = new Map<string, Set<Running>>();
  const running = new Set<Promise<void>>();
  const news = createTransferNews(options);

  /** Ends the older transfers of a client port: a client that answers a newer one no longer needs them. */
  function endOlder(client: UdpPeer, than: Running): void {
    for (const each of transfers.get(keyOf(client)) ?? []) {
      if (each === than) return;
      each.mailbox.close("The client has asked again from the same port");
    }
  }

  /** @returns False where there is no room. */
  function begin(request: TftpRequest, path: string, client: UdpPeer, isKnown: boolean): boolean {
    const mailbox = createMailbox<TftpPacket>(clock);
    const slot = slots.enter(client, isKnown, () => mailbox.close("Others have asked since, and it had not answered"));
    if (slot === undefined) return false;
    const key = keyOf(client);
    const own = transfers.get(key) ?? new Set();
    const self: Running = { request, mailbox, isAnswered: false };
    transfers.set(key, own.add(self));
    const work = runTransfer({ request, path, client, mailbox }, options, news, () => {
      self.isAnswered = true;
      endOlder(client, self);
      return slot.answered();
    })
      .catch((error: unknown) => news.failed(client, path, errorText(error)))
      .finally(() => {
        slot.leave();
        if (own.delete(self) && own.size === 0) transfers.delete(key);
        running.delete(work);
      });
    running.add(work);
    return true;
  }

  function take(bytes: Uint8Array, client: UdpPeer): void {
    const isKnown = options.isKnown?.(client.address) === true;
    if (!(isKnown ? rates.known(client.address, clock.now()) : rates.unknown(clock.now()))) return;
    const decoded = decodeTftp(bytes);
    const no = (file: string, code: "access" | "notFound" | "illegal" | "undefined", reason: string) =>
      news.refuse(listener, client, file, { code, reason });
    if (!decoded.ok) {
      log.debug("Dropped a TFTP packet", { client: client.address, problem: decoded.problem });
      return decoded.isRequest ? no("", "illegal", decoded.problem) : undefined;
    }
    const { packet } = decoded;
    if (packet.op !== "read" && packet.op !== "write") return;
    if (packet.op === "write") return no(packet.file, "access", "This server is read-only");
    if (packet.mode !== "octet") return no(packet.file, "illegal", "Only mode octet is served");
    const path = cleanPath(packet.file);
    if (path === undefined) return no(packet.file, "notFound", "No such file");
    // What it has asked for and not answered yet was lost, or is on its way.
    const same = [...transfers.get(keyOf(client)) ?? []].find((each) =>
      !each.isAnswered && isSame(each.request, packet)
    );
    if (same !== undefined) return same.mailbox.put(packet);
    // Those that were pushed out are there until their file was opened, however long that takes.
    if (running.size >= MAX_UNDER_WAY) return;
    if (!begin(packet, path, client, isKnown)) no(packet.file, "undefined", "Too many transfers, ask again");
  }

  const listener: UdpSocket = await bindUdp({
    address,
    port: options.port ?? PORT,
    onMessage: take,
    onError: (error) => log.warn("TFTP socket failed", { error: error.message }),
  });
  const stop = async () => {
    for (const own of transfers.values()) for (const { mailbox } of own) mailbox.close("The server stops");
    await Promise.all([listener.close(), ...running]);
  };
  options.signal?.addEventListener("abort", () => void stop(), { once: true });
  if (options.signal?.aborted === true) await stop();
  log.info("Serving TFTP", { address, port: listener.port });
  return { port: listener.port, transfers: () => slots.size, stop };
}

function keyOf({ address, port }: UdpPeer): string {
  return `${address}:${port}`;
}

function isSame(one: TftpRequest, other: TftpRequest): boolean {
  const options = (request: TftpRequest): string => JSON.stringify([...request.options]);
  return one.file === other.file && options(one) === options(other);
}
