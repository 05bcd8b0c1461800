import type { Clock } from "../../../src/clock.ts";
import { createRefusalLog, type Log } from "../../../src/log.ts";
import { errorText } from "../../../src/toolkit/mod.ts";
import { bindUdp, type UdpPeer, type UdpSocket } from "../udp.ts";
import type { Mailbox } from "./mailbox.ts";
import { ETHERNET_BLOCK, negotiate } from "./negotiate.ts";
import { decodeTftp, type TftpPacket } from "./packet.ts";
import { errorPacketOf, runSession } from "./session.ts";
import type { TftpEvent, TftpServerOptions, TftpSource } from "./types.ts";

/** Why a client that should wait gets no answer. */
export const ASK_AGAIN = "It is to ask again";

/** The largest file: 32 bits of bytes, as clients count them. */
const MAX_SIZE = 2 ** 32 - 1;
/** What is said to senders that have no part in a transfer, for each transfer. */
const MAX_FOREIGN = 16;

/** A request for a file, or to write one. */
export type TftpRequest = Extract<TftpPacket, { readonly op: "read" | "write" }>;

/** What a client has asked for, and where its packets arrive. */
export interface AskedTransfer {
  readonly request: TftpRequest;
  readonly path: string;
  readonly client: UdpPeer;
  readonly mailbox: Mailbox<TftpPacket>;
}

/** Tells what becomes of transfers: events, log, and errors to clients. */
export interface TransferNews {
  tell(event: TftpEvent): void;
  /** Tells a client why it gets nothing. */
  refuse(socket: UdpSocket, client: UdpPeer, path: string, why: TransferRefusal): void;
  /** Sends an error that nobody waits for. */
  sendError(socket: UdpSocket, to: UdpPeer, reply: Uint8Array): void;
  failed(client: UdpPeer, path: string, reason: string | undefined): void;
}

/** Why a client gets nothing. */
export interface TransferRefusal {
  readonly code: Parameters<typeof errorPacketOf>[0];
  readonly reason: string;
}

/** Makes the news of a server's transfers. */
export function createTransferNews(
  options: Pick<TftpServerOptions, "onEvent"> & { readonly log: Log; readonly clock: Clock },
): TransferNews {
  const { log } = options;
  const failures = createRefusalLog(log, options.clock); // clients that ask and leave can cause any number of them

  function sendError(socket: UdpSocket, to: UdpPeer, reply: Uint8Array): void {
    socket.send(reply, to).catch((error: unknown) =>
      log.debug("Cannot send a TFTP error", { to: to.address, error: errorText(error) })
    );
  }
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
  return {
    tell,
    sendError,
    refuse(socket, client, path, { code, reason }) {
      tell({ client, path, kind: "refused", sent: 0, size: 0, reason });
      sendError(socket, client, errorPacketOf(code, reason));
    },
    failed: (client, path, reason) => failures.warn("TFTP transfer failed", { client: client.address, path, reason }),
  };
}

/**
 * Does one transfer, from the request to its end, over a socket of its own.
 *
 * @param answered Called when the client has answered what this transfer sent. @returns Whether it may go on.
 */
export async function runTransfer(
  asked: AskedTransfer,
  options: TftpServerOptions,
  news: TransferNews,
  answered: () => boolean,
): Promise<void> {
  const { request, path, client, mailbox } = asked;
  const socket = await openFor(client, options.address, mailbox, news);
  let source: TftpSource | undefined;
  try {
    const read = await options.read(path, client);
    if (read === "later") {
      return news.tell({ client, path, kind: "refused", sent: 0, size: 0, reason: ASK_AGAIN });
    }
    source = read;
    if (source === undefined) return await refuseMissing(socket, asked, news);
    const { size } = source;
    if (size > MAX_SIZE) {
      throw new Error(`Cannot send "${path}" over TFTP: it has ${size} bytes, more than ${MAX_SIZE}`);
    }
    const { accepted, ...agreed } = negotiate(request.options, size, options.maxBlock ?? ETHERNET_BLOCK);
    news.tell({ client, path, kind: "start", sent: 0, size });
    const end = await runSession({
      plan: { ...agreed, size, negotiated: accepted !== undefined },
      options: accepted,
      ...{ source, mailbox, answered, clock: options.clock },
      send: (bytes) => socket.send(bytes, client),
      progress: everyTenth(size, (sent) => news.tell({ client, path, kind: "progress", sent, size })),
    });
    news.tell({ client, path, size, ...end });
    if (end.kind === "failed") news.failed(client, path, end.reason);
  } catch (error) {
    const reason = errorText(error);
    news.tell({ client, path, kind: "failed", sent: 0, size: source?.size ?? 0, reason });
    news.failed(client, path, reason);
    await socket.send(errorPacketOf("undefined", "The server can't send it"), client);
  } finally {
    await source?.close();
    await socket.close();
  }
}

/** Opens a socket that hears one client; others are told that they have no part in it (RFC 1350, section 4). */
async function openFor(
  client: UdpPeer,
  address: string,
  mailbox: Mailbox<TftpPacket>,
  news: TransferNews,
): Promise<UdpSocket> {
  let foreign = 0;
  const socket: UdpSocket = await bindUdp({
    address,
    port: 0,
    onMessage(bytes, from) {
      const decoded = decodeTftp(bytes);
      if (from.address === client.address && from.port === client.port) {
        if (decoded.ok) mailbox.put(decoded.packet);
      } else if (!(decoded.ok && decoded.packet.op === "error") && foreign++ < MAX_FOREIGN) {
        news.sendError(socket, from, errorPacketOf("unknownId", "There is no such transfer"));
      }
    },
  });
  return socket;
}

/** The socket closes after this: what it says must have been sent. */
async function refuseMissing(socket: UdpSocket, { client, path }: AskedTransfer, news: TransferNews): Promise<void> {
  news.tell({ client, path, kind: "refused", sent: 0, size: 0, reason: "There is no such file" });
  await socket.send(errorPacketOf("notFound", "No such file"), client);
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
