import type { Clock } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import type { SlotLimits } from "./slots.ts";

/** The source of a request. */
export interface TftpClient {
  readonly address: string;
  readonly port: number;
}

/** A source of data. The server closes it when the transfer ends in any way. */
export interface TftpSource {
  /** In bytes; at most 4 GiB. */
  readonly size: number;
  /** Returns `length` bytes from `offset`; fewer only at the end. A rejection ends the transfer. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The progress of a transfer. */
export interface TftpEvent {
  readonly client: TftpClient;
  /** The path that was passed to {@link TftpServerOptions.read}. */
  readonly path: string;
  /**
   * `done`: the client has acknowledged everything, or everything but the end, and has left. `refused`: no such file,
   * or too many transfers. `failed`: the client went silent or gave up. `probed`: firmware does that on purpose, to
   * learn a file's size before it fetches it.
   */
  readonly kind: "start" | "progress" | "done" | "probed" | "refused" | "failed";
  /** Bytes that the client has acknowledged. `progress` is reported at every tenth of the size. */
  readonly sent: number;
  readonly size: number;
  readonly reason?: string;
}

/** See {@link TftpServerOptions.read}. */
export type TftpRead = TftpSource | undefined | "later";

/** See {@link startTftpServer}. */
export interface TftpServerOptions {
  /** The server's IPv4 address. */
  readonly address: string;
  /** 69 by default; 0: any free one. */
  readonly port?: number;
  /**
   * Returns what to send for a path; undefined: there is no such file; "later": no answer, so that the client asks
   * again. The path is relative, with `/` between its parts, and has no empty, `.` or `..` part, backslash or control
   * character. {@link openFile} reads below a folder, {@link bytesSource} sends rendered text.
   */
  readonly read: (path: string, client: TftpClient) => Promise<TftpRead> | TftpRead;
  /** It must not throw. */
  readonly onEvent?: (event: TftpEvent) => void;
  /**
   * Tells whether a known machine has this address: then unknown machines cannot displace its requests or take all
   * slots.
   */
  readonly isKnown?: (address: string) => boolean;
  /** The largest block, in bytes, 512 to 65,464; by default what fits Ethernet. */
  readonly maxBlock?: number;
  /** See {@link SlotLimits}. A request over a limit is refused; clients ask again. */
  readonly limits?: Partial<SlotLimits>;
  readonly log: Log;
  readonly clock: Clock;
  /** Ends every transfer and closes the sockets when it fires. */
  readonly signal?: AbortSignal;
}

/** A running TFTP server. */
export interface TftpServer {
  readonly port: number;
  /** Returns the number of running transfers. */
  readonly transfers: () => number;
  stop(): Promise<void>;
}
