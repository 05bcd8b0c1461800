import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import type { Clock } from "../../src/clock.ts";
import { createRefusalLog, type Log } from "../../src/log.ts";
import type { Store, Stored } from "../store/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** How long a token can be used, in milliseconds: longer than a machine may take from its script to its agent. */
export const TOKEN_LIFE = 600_000;
/** Bytes of chance in a token and in a password. */
const SECRET_BYTES = 32;
/** What has the form of a token, and is none. */
export const TOKEN_SHAPE = "x".repeat(Math.ceil((SECRET_BYTES * 4) / 3));
/** Where in the store's facts the boots are. */
const FACT = "boot/";

const HASH = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const stored = v.object({
  mac: v.string(),
  token: v.optional(v.object({ hash: HASH, expires: v.number() })),
  identity: v.optional(HASH),
});
/** What was given to a machine for this boot: of secrets only their hashes. */
type Boot = v.InferOutput<typeof stored>;

/** Why a token is not taken. */
export type EnrolmentRefusal = "unknown" | "used" | "expired" | "other-machine";

/** What a token was exchanged for, or why it was not. */
export type Exchanged = { readonly ok: true; readonly id: string; readonly password: string } | {
  readonly ok: false;
  readonly reason: EnrolmentRefusal;
};

/** What was asked of an {@link Enrolment} since this program started. */
export interface EnrolmentCounts {
  readonly issued: number;
  readonly enrolled: number;
  /** By reason. */
  readonly refused: { readonly [reason in EnrolmentRefusal]: number };
}

/**
 * Gives each boot of a machine a one-time token, and exchanges it for an identity: the password with which the machine's
 * agent is let into the broker. Only hashes are kept, in memory and in the store.
 */
export interface Enrolment {
  /**
   * Makes the token of a new boot. What the machine had before, token and identity, is void from here on.
   *
   * @throws {Error} When it can't be stored; then nothing has changed.
   */
  issue(id: string, mac: string): string;
  /**
   * Exchanges a token, once.
   *
   * @throws {Error} When it can't be stored; then the token can still be used.
   */
  exchange(token: string, mac: string): Exchanged;
  /** Tells whether this is the password of a node's present boot. */
  isIdentity(id: string, password: string): boolean;
  /** The boot of a machine is over: its token and its identity are void. */
  end(id: string): void;
  readonly counts: EnrolmentCounts;
}

/**
 * Makes the enrolment from what the store holds.
 *
 * @param parts `onEnd` is told of each node whose identity has become void.
 */
export function createEnrolment(
  parts: {
    readonly store: Store;
    readonly facts: Stored["facts"];
    readonly clock: Clock;
    readonly log: Log;
    onEnd(id: string): void;
  },
): Enrolment {
  const { store, clock, log } = parts;
  const boots = readBoots(parts.facts, log);
  /** Each node's last token, by its hash: to try one costs the same however many nodes there are. One that was used stays. */
  const owners = new Map<string, string>();
  const hashes = new Map<string, string>(); // the same the other way round
  for (const [id, { token }] of boots) note(id, token?.hash);
  const refusals = createRefusalLog(log, clock);
  const refused = { "unknown": 0, "used": 0, "expired": 0, "other-machine": 0 };
  const counts = { issued: 0, enrolled: 0 };

  function write(id: string, boot: Boot | undefined): void {
    store.commit({ facts: new Map([[`${FACT}${id}`, boot === undefined ? "" : JSON.stringify(boot)]]) });
    if (boot === undefined) boots.delete(id);
    else boots.set(id, boot);
  }

  /** Notes a node's last token; undefined: it has none. */
  function note(id: string, hash: string | undefined): void {
    owners.delete(hashes.get(id) ?? "");
    hashes.delete(id);
    if (hash === undefined) return;
    owners.set(hash, id);
    hashes.set(id, hash);
  }

  function refusalOf(boot: Boot | undefined, mac: string): EnrolmentRefusal | undefined {
    if (boot === undefined) return "unknown";
    if (boot.token === undefined) return "used";
    if (boot.mac !== mac) return "other-machine";
    return clock.wall() >= boot.token.expires ? "expired" : undefined;
  }

  return {
    issue(id, mac) {
      const hadIdentity = boots.get(id)?.identity !== undefined;
      const token = makeSecret();
      const hash = hashOf(token);
      write(id, { mac, token: { hash, expires: clock.wall() + TOKEN_LIFE } });
      note(id, hash);
      counts.issued++;
      if (hadIdentity) parts.onEnd(id);
      return token;
    },
    exchange(token, mac) {
      const id = owners.get(hashOf(token));
      const refusal = refusalOf(boots.get(id ?? ""), mac);
      if (id === undefined || refusal !== undefined) {
        const reason = refusal ?? "unknown";
        refused[reason]++;
        refusals.warn("Refused an enrolment", { mac, reason, ...(id !== undefined && { node: id }) });
        return { ok: false, reason };
      }
      const password = makeSecret();
      write(id, { mac, identity: hashOf(password) });
      counts.enrolled++;
      log.info("Enrolled", { node: id, mac });
      return { ok: true, id, password };
    },
    isIdentity(id, password) {
      const identity = boots.get(id)?.identity;
      return identity !== undefined && isEqual(identity, hashOf(password));
    },
    end(id) {
      const boot = boots.get(id);
      if (boot === undefined) return;
      note(id, undefined);
      try {
        write(id, undefined);
      } catch (error) {
        boots.delete(id); // void all the same, for as long as this program runs
        log.error("Cannot write to the store", { problem: errorText(error) });
      }
      if (boot.identity !== undefined) parts.onEnd(id);
    },
    get counts() {
      return { ...counts, refused: { ...refused } };
    },
  };
}

function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Compares hashes of one length in a time that does not depend on where they differ. */
function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function readBoots(facts: Stored["facts"], log: Log): Map<string, Boot> {
  const boots = new Map<string, Boot>();
  for (const [key, fact] of facts) {
    if (!key.startsWith(FACT) || fact === "") continue;
    const read = v.safeParse(v.pipe(v.string(), v.parseJson(), stored), fact);
    if (read.success) boots.set(key.slice(FACT.length), read.output);
    else log.error("Cannot read what a machine was given for its boot: it has to boot anew", { fact: key });
  }
  return boots;
}
