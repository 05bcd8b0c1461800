/** How many packets are looked at: a burst at once, and so many a second. */
interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** One known machine. A boot in three stages takes some ten packets. */
const PER_MACHINE: Rate = { burst: 20, perSecond: 4 };
/** All known machines: more than ten thousand cold starts a minute. */
const KNOWN: Rate = { burst: 4000, perSecond: 2000 };
/** All machines that nobody knows: enough to show an administrator what is there. */
const UNKNOWN: Rate = { burst: 40, perSecond: 20 };
/** Known machines that are counted at a time: more than one aggregator has. */
const MAX_MACHINES = 32_768;

interface Bucket {
  tokens: number;
  at: number;
}

/** Bounds how many packets are looked at, whoever sends them and however many addresses they invent. */
export interface PacketRates {
  /** Whether a packet of this known machine is looked at, at this time in milliseconds. */
  known(mac: string, now: number): boolean;
  /** Whether a packet of an unknown machine is. */
  unknown(now: number): boolean;
}

/** Makes full rates. Strangers have their own, so that a flood of them takes nothing from machines that are known. */
export function createPacketRates(now: number): PacketRates {
  const known: Bucket = { tokens: KNOWN.burst, at: now };
  const unknown: Bucket = { tokens: UNKNOWN.burst, at: now };
  const machines = new Map<string, Bucket>();

  function bucketOf(mac: string, now: number): Bucket {
    const bucket = machines.get(mac) ?? { tokens: PER_MACHINE.burst, at: now };
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

function take(bucket: Bucket, rate: Rate, now: number): boolean {
  bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * rate.perSecond);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
