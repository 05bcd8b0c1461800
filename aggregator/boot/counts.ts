import type { DhcpCounts, DhcpEvent } from "./dhcp/mod.ts";
import type { EnrolmentCounts } from "./enrolment.ts";
import type { TftpEvent } from "./tftp/mod.ts";

/** How transfers ended. */
export interface TransferCounts {
  readonly done: number;
  /** The client has learnt a file's size, and went: firmware does that on purpose. TFTP only. */
  readonly probed: number;
  /** There was no such file, or there were too many transfers. */
  readonly refused: number;
  readonly failed: number;
}

/** What boot services have counted since they started. */
export interface BootCounts {
  readonly enrolment: EnrolmentCounts;
  /** Absent without DHCP of our own. */
  readonly dhcp: DhcpCounts | undefined;
  /** What known machines were answered. */
  readonly answers: { readonly [answer in DhcpEvent["answer"]]: number };
  readonly tftp: TransferCounts;
  readonly http: TransferCounts;
  /** Files that are being sent over TFTP at this moment. */
  readonly tftpNow: number;
}

/** Counts transfers by how they end. */
export interface TransferCounter {
  readonly counts: TransferCounts;
  ended(how: keyof TransferCounts): void;
}

/** See {@link TransferCounter}. */
export function createTransferCounter(): TransferCounter {
  const counts = { done: 0, probed: 0, refused: 0, failed: 0 };
  return { counts, ended: (how) => void counts[how]++ };
}

/** Counts what a TFTP server tells. */
export function countTftp(counter: TransferCounter, { kind }: TftpEvent): void {
  if (kind !== "start" && kind !== "progress") counter.ended(kind);
}
