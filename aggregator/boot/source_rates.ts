import type { Clock } from "../../src/clock.ts";
import { dropOldest, fullBucket, type Rate, takeToken, type TokenBucket } from "../../src/toolkit/mod.ts";
import type { UnknownMachines } from "../nodes/unknown_machines.ts";

/**
 * The largest number of senders to count at a time: two for each known machine, of which an aggregator has fewer than
 * half as many.
 */
const MAX_SOURCES = 65_536;

/** The rates at which packets of machines are read. */
export interface SourceLimits {
  /** One known machine. */
  readonly each: Rate;
  /** All known machines. */
  readonly known: Rate;
  /** All unknown machines. */
  readonly unknown: Rate;
}

/** Limits how many packets are read, whatever their senders and however many addresses they invent. */
export interface SourceRates {
  /** Tells whether to read a packet of this known machine, at this time in milliseconds. */
  known(source: string, now: number): boolean;
  /** Tells whether to read a packet of an unknown machine. */
  unknown(now: number): boolean;
}

/**
 * Creates full rates at the time `now` in milliseconds, with the given `limits`. Unknown machines have their own, so
 * that a flood of them takes nothing from known machines.
 */
export function createSourceRates(limits: SourceLimits, now: number): SourceRates {
  const known: TokenBucket = fullBucket(limits.known, now);
  const unknown: TokenBucket = fullBucket(limits.unknown, now);
  const sources = new Map<string, TokenBucket>();

  function bucketOf(source: string, now: number): TokenBucket {
    const bucket = sources.get(source) ?? fullBucket(limits.each, now);
    sources.delete(source);
    sources.set(source, bucket); // the one that was silent longest comes first
    dropOldest(sources, MAX_SOURCES);
    return bucket;
  }
  return {
    known: (source, now) => takeToken(bucketOf(source, now), limits.each, now) && takeToken(known, limits.known, now),
    unknown: (now) => takeToken(unknown, limits.unknown, now),
  };
}

/**
 * The rate of machines not seen before: a rack that is switched on, and then as many as ask again while the table
 * remembers them.
 */
const NEW: Rate = { burst: 64, perSecond: 8 };

/**
 * Limits the number of new machines a second in the table `unknownMachines`, whatever has seen them. Others are added
 * when they ask again.
 *
 * @param clock Measures the rate.
 */
export function limitUnknownMachines(unknownMachines: UnknownMachines, clock: Clock): Pick<UnknownMachines, "saw"> {
  const bucket = fullBucket(NEW, clock.now());
  return {
    saw(sight) {
      if (unknownMachines.find(sight.mac) !== undefined || takeToken(bucket, NEW, clock.now())) {
        unknownMachines.saw(sight);
      }
    },
  };
}
