import { createRefusalLog } from "../../../src/log.ts";
import { createSourceRates, type SourceLimits } from "../source_rates.ts";
import { bindUdp, type UdpPeer, type UdpSocket } from "../udp.ts";
import { cleanPath } from "../open_file.ts";
import { createMailbox, type Mailbox } from "./mailbox.ts";
import { ETHERNET_BLOCK, negotiate } from "./negotiate.ts";
import { decodeTftp, type TftpPacket } from "./packet.ts";
import { errorPacketOf, runSession, type SessionEnd } from "./session.ts";
import { createSlots, type Slot, type SlotLimits } from "./slots.ts";
import type { TftpEvent, TftpServer, TftpServerOptions, TftpSource } from "./types.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

/** Why nothing is said to a client that is to wait. */
export const ASK_AGAIN = "It is to ask again";

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
/** The largest file: 32 bits of bytes, as clients count them. */
const MAX_SIZE = 2 ** 32 - 1;

/** What is said to senders that have no part in a transfer, for each transfer. */
const MAX_FOREIGN = 16;

type Request = Extract<TftpPacket, { readonly op: "read" | "write" }>;

/** One transfer to a client's port. */
interface Running {
  readonly request: Request;
  readonly mailbox: Mailbox<TftpPacket>;
  /** The client has answered what this transfer sent. */
  isAnswered: boolean;
}

/**
 * Starts a read-only TFTP server (RFC 1350, with blksize, tsize, timeout and windowsize). Each transfer has a socket of its
 * own, and hears nothing but its client. What is sent is for `read` to say.
 *
 * @throws {Error} When the port can't be had.
 */
export async function startTftpServer(options: TftpServerOptions): Promise<TftpServer> {
  options.signal?.throwIfAborted();
  const { address, log, clock } = options;
  const slots = createSlots({ ...LIMITS, ...options.limits });
  const rates = createSourceRates(RATES, clock.now());
  const failures = createRefusalLog(log, clock); // whoever asks and goes can cause them as often as they like
  /** By the address and port of the client: a machine that was reset asks again from the same port. The oldest first. */
  const transfers = new Map<string, Set<Running>>();
  const running = new Set<Promise<void>>();

  function tell(event: TftpEvent): void {
    const { client, path, kind, sent, size, reason } = event;
    if (kind !== "progress") {
      log.debug("TFTP", {
        ...{ client: `${client.address}:${client.port}`, path, what: kind, sent, size },
        ...(reason !== undefined && { reason }),
      });
    }
    options.onEvent?.(event);
  }

  function ignoreFailure(sending: Promise<void>, to: UdpPeer): void {
    sending.catch((error: unknown) => log.debug("Cannot send a TFTP error", { to: to.address, error: String(error) }));
  }

  async function refuse(socket: UdpSocket, client: UdpPeer, path: string, reply: Uint8Array, reason: string) {
    tell({ client, path, kind: "refused", sent: 0, size: 0, reason });
    await socket.send(reply, client);
  }

  /** One transfer, from the request to its end. */
  async function transfer(
    request: Request,
    path: string,
    client: UdpPeer,
    self: Running,
    slot: Slot,
  ): Promise<void> {
    const { mailbox } = self;
    let foreign = 0;
    const socket: UdpSocket = await bindUdp({
      address,
      port: 0,
      onMessage(bytes, from) {
        const decoded = decodeTftp(bytes);
        if (from.address === client.address && from.port === client.port) {
          if (decoded.ok) mailbox.put(decoded.packet);
        } else if (!(decoded.ok && decoded.packet.op === "error") && foreign++ < MAX_FOREIGN) { // RFC 1350, section 4
          ignoreFailure(socket.send(errorPacketOf("unknownId", "There is no such transfer"), from), from);
        }
      },
    });
    let source: TftpSource | undefined;
    try {
      const read = await options.read(path, client);
      if (read === "later") {
        tell({ client, path, kind: "refused", sent: 0, size: 0, reason: ASK_AGAIN });
        return;
      }
      source = read;
      if (source === undefined) {
        return await refuse(socket, client, path, errorPacketOf("notFound", "No such file"), "There is no such file");
      }
      const { size } = source;
      if (size > MAX_SIZE) {
        throw new Error(`Cannot send "${path}" over TFTP: it has ${size} bytes, more than ${MAX_SIZE}`);
      }
      const { accepted, ...agreed } = negotiate(request.options, size, options.maxBlock ?? ETHERNET_BLOCK);
      tell({ client, path, kind: "start", sent: 0, size });
      const end = await runSession({
        plan: { ...agreed, size, negotiated: accepted !== undefined },
        options: accepted,
        source,
        mailbox,
        send: (bytes) => socket.send(bytes, client),
        answered() {
          self.isAnswered = true;
          endOlder(client, self);
          return slot.answered();
        },
        progress: everyTenth(size, (sent) => tell({ client, path, kind: "progress", sent, size })),
        clock,
      });
      report(client, path, size, end);
    } catch (error) {
      const reason = errorText(error);
      tell({ client, path, kind: "failed", sent: 0, size: source?.size ?? 0, reason });
      failures.warn("TFTP transfer failed", { client: client.address, path, reason });
      await socket.send(errorPacketOf("undefined", "The server can't send it"), client);
    } finally {
      await source?.close();
      await socket.close();
    }
  }

  function report(client: UdpPeer, path: string, size: number, end: SessionEnd): void {
    tell({ client, path, size, ...end });
    if (end.kind === "failed") {
      failures.warn("TFTP transfer failed", { client: client.address, path, reason: end.reason });
    }
  }

  /** Whoever has answered another transfer has done with those that it asked for before from the same port. */
  function endOlder(client: UdpPeer, than: Running): void {
    for (const each of transfers.get(keyOf(client)) ?? []) {
      if (each === than) return;
      each.mailbox.close("The client has asked again from the same port");
    }
  }

  /** @returns False where there is no room. */
  function begin(request: Request, path: string, client: UdpPeer, isKnown: boolean): boolean {
    const mailbox = createMailbox<TftpPacket>(clock);
    const slot = slots.enter(client, isKnown, () => mailbox.close("Others have asked since, and it had not answered"));
    if (slot === undefined) return false;
    const key = keyOf(client);
    const own = transfers.get(key) ?? new Set();
    const self: Running = { request, mailbox, isAnswered: false };
    transfers.set(key, own.add(self));
    const work = transfer(request, path, client, self, slot)
      .catch((error: unknown) =>
        failures.warn("TFTP transfer failed", { client: client.address, path, reason: String(error) })
      )
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
      ignoreFailure(refuse(listener, client, file, errorPacketOf(code, reason), reason), client);
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

function isSame(one: Request, other: Request): boolean {
  const options = (request: Request): string => JSON.stringify([...request.options]);
  return one.file === other.file && options(one) === options(other);
}

/** Calls back at every tenth of the size, and not in between. */
function everyTenth(size: number, tell: (sent: number) => void): (sent: number) => void {
  let told = 0;
  return (sent) => {
    const tenth = size === 0 ? 0 : Math.floor((sent / size) * 10);
    if (tenth <= told) return;
    told = tenth;
    tell(sent);
  };
}
