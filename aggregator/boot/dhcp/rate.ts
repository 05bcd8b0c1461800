import { type Bucket, fullBucket, type Rate, take } from "../bucket.ts";

/** One known machine. A boot in three stages takes some ten packets. */
const PER_MACHINE: Rate = { burst: 20, perSecond: 4 };
/** All known machines: more than ten thousand cold starts a minute. */
const KNOWN: Rate = { burst: 4000, perSecond: 2000 };
/** All machines that nobody knows: enough to show an administrator what is there. */
const UNKNOWN: Rate = { burst: 40, perSecond: 20 };
/** Known machines that are counted at a time: more than one aggregator has. */
const MAX_MACHINES = 32_768;

/** Bounds how many packets are looked at, whoever sends them and however many addresses they invent. */
export interface PacketRates {
  /** Whether a packet of this known machine is looked at, at this time in milliseconds. */
  known(mac: string, now: number): boolean;
  /** Whether a packet of an unknown machine is. */
  unknown(now: number): boolean;
}

/** Makes full rates. Strangers have their own, so that a flood of them takes nothing from machines that are known. */
export function createPacketRates(now: number): PacketRates {
  const known: Bucket = fullBucket(KNOWN, now);
  const unknown: Bucket = fullBucket(UNKNOWN, now);
  const machines = new Map<string, Bucket>();

  function bucketOf(mac: string, now: number): Bucket {
    const bucket = machines.get(mac) ?? fullBucket(PER_MACHINE, now);
    machines.delete(mac);
    machines.set(mac, bucket); // the one that was silent longest is the first
    if (machines.size > MAX_MACHINES) {
      for (const [oldest] of machines) {
        machines.delete(oldest);
        break;
      }
    }
    return bucket;
  }
  return {
    known: (mac, now) => take(bucketOf(mac, now), PER_MACHINE, now) && take(known, KNOWN, now),
    unknown: (now) => take(unknown, UNKNOWN, now),
  };
}
