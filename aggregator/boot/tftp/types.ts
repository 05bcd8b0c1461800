import type { Clock } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import type { SlotLimits } from "./slots.ts";

/** Where a request came from. */
export interface TftpClient {
  readonly address: string;
  readonly port: number;
}

/** Something that can be sent. The server closes it when the transfer ends, however it ends. */
export interface TftpSource {
  /** In bytes; at most 4 GiB. */
  readonly size: number;
  /** `length` bytes from `offset`; fewer only at the end. It rejects when it can't, which ends the transfer. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** How far a transfer is. */
export interface TftpEvent {
  readonly client: TftpClient;
  /** The path, as it was handed to {@link TftpServerOptions.read}. */
  readonly path: string;
  /**
   * `done`: the client has acknowledged all of it, or all but its end, and has gone. `refused`: no such file, or too many transfers. `failed`: the client
   * went silent or gave up; firmware does that on purpose, to learn a file's size before it fetches it (`probed`).
   */
  readonly kind: "start" | "progress" | "done" | "probed" | "refused" | "failed";
  /** Bytes that the client has acknowledged. `progress` comes at every tenth of the size. */
  readonly sent: number;
  readonly size: number;
  readonly reason?: string;
}

/** See {@link TftpServerOptions.read}. */
export type TftpRead = TftpSource | undefined | "later";

/** See {@link startTftpServer}. */
export interface TftpServerOptions {
  /** Our own IPv4 address. */
  readonly address: string;
  /** 69 by default; 0: any free one. */
  readonly port?: number;
  /**
   * What to send for a path; undefined: there is no such file; "later": nothing is said, so that the client asks again. The path is relative, with `/` between its parts, and has
   * no empty, `.` or `..` part, backslash or control character. {@link openFile} reads below a folder, {@link bytesSource}
   * sends what was rendered.
   */
  readonly read: (path: string, client: TftpClient) => Promise<TftpRead> | TftpRead;
  /** It must not throw. */
  readonly onEvent?: (event: TftpEvent) => void;
  /** Whether a known machine has this address: then unknownMachines don't push its requests out, and don't take all places. */
  readonly isKnown?: (address: string) => boolean;
  /** The largest block that is agreed to, in bytes, 512 to 65,464; by default what fits an Ethernet. */
  readonly maxBlock?: number;
  /** See {@link SlotLimits}. A request over that is refused; clients ask again. */
  readonly limits?: Partial<SlotLimits>;
  readonly log: Log;
  readonly clock: Clock;
  /** Ends every transfer and closes the sockets when it fires. */
  readonly signal?: AbortSignal;
}

/** A running TFTP server. */
export interface TftpServer {
  readonly port: number;
  /** Transfers that are going on. */
  readonly transfers: () => number;
  stop(): Promise<void>;
}
