import type { DhcpCounts, DhcpEvent } from "./dhcp/mod.ts";
import type { EnrolmentCounts } from "./enrolment.ts";
import type { TftpEvent } from "./tftp/mod.ts";

/** The results of transfers. */
export interface TransferCounts {
  readonly done: number;
  /** The client has read a file's size and left: firmware does that on purpose. Only for TFTP. */
  readonly probed: number;
  /** There was no such file, or there were too many transfers. */
  readonly refused: number;
  readonly failed: number;
}

/** Counters of boot services since the start. */
export interface BootCounts {
  readonly enrolment: EnrolmentCounts;
  /** Absent if this program is not a DHCP server. */
  readonly dhcp: DhcpCounts | undefined;
  /** Answers to known machines. */
  readonly answers: { readonly [answer in DhcpEvent["answer"]]: number };
  readonly tftp: TransferCounts;
  readonly http: TransferCounts;
  /** Number of files being sent over TFTP now. */
  readonly tftpNow: number;
}

/** Counts transfers by result. */
export interface TransferCounter {
  readonly counts: TransferCounts;
  ended(how: keyof TransferCounts): void;
}

/** Creates a {@link TransferCounter}. */
export function createTransferCounter(): TransferCounter {
  const counts = { done: 0, probed: 0, refused: 0, failed: 0 };
  return { counts, ended: (how) => void counts[how]++ };
}

/** Adds an event of a TFTP server to `counter`. */
export function countTftp(counter: TransferCounter, { kind }: TftpEvent): void {
  if (kind !== "start" && kind !== "progress") counter.ended(kind);
}
