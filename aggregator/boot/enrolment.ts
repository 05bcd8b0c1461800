import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import type { Clock } from "../../src/clock.ts";
import { createRefusalLog, type Log } from "../../src/log.ts";
import type { Store, Stored } from "../store/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** How long a token is valid, in milliseconds: longer than a machine needs from its script to its agent. */
export const TOKEN_LIFE = 600_000;
/** Random bytes in a token and in a password. */
const SECRET_BYTES = 32;
/** A text in the format of a token that is not a token. */
export const TOKEN_SHAPE = "x".repeat(Math.ceil((SECRET_BYTES * 4) / 3));
/** Prefix of the facts with boots in the store. */
const FACT = "boot/";

const HASH = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const stored = v.object({
  mac: v.string(),
  token: v.optional(v.object({ hash: HASH, expires: v.number() })),
  identity: v.optional(HASH),
});
/** What a machine was given for this boot; secrets only as hashes. */
type Boot = v.InferOutput<typeof stored>;

/** Why a token is refused. */
export type EnrolmentRefusal = "unknown" | "used" | "expired" | "other-machine";

/** The identity for a token, or why it was refused. */
export type Exchanged = { readonly ok: true; readonly id: string; readonly password: string } | {
  readonly ok: false;
  readonly reason: EnrolmentRefusal;
};

/** Counters of an {@link Enrolment} since the start. */
export interface EnrolmentCounts {
  readonly issued: number;
  readonly enrolled: number;
  /** By reason. */
  readonly refused: { readonly [reason in EnrolmentRefusal]: number };
}

/**
 * Gives each boot of a machine a one-time token, and exchanges it for an identity: the password with which the
 * machine's agent logs in to the broker. Only hashes are kept, in memory and in the store.
 */
export interface Enrolment {
  /**
   * Issues the token of a new boot. The machine's previous token and identity become invalid.
   *
   * @throws {Error} If it cannot be stored; nothing has then changed.
   */
  issue(id: string, mac: string): string;
  /**
   * Exchanges a token, once.
   *
   * @throws {Error} If it cannot be stored; the token then stays valid.
   */
  exchange(token: string, mac: string): Exchanged;
  /** Tells whether this is the password of a node's present boot. */
  isIdentity(id: string, password: string): boolean;
  /** Ends the boot of a machine: its token and its identity become invalid. */
  end(id: string): void;
  readonly counts: EnrolmentCounts;
}

/**
 * Creates the enrolment from the content of the store.
 *
 * @param parts `onEnd` is called for each node whose identity has become invalid.
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
  /**
   * The last token of each node, by its hash: trying one costs the same however many nodes there are. Used ones stay.
   */
  const owners = new Map<string, string>();
  const hashes = new Map<string, string>(); // the inverse
  for (const [id, { token }] of boots) note(id, token?.hash);
  const refusals = createRefusalLog(log, clock);
  const refused = { "unknown": 0, "used": 0, "expired": 0, "other-machine": 0 };
  const counts = { issued: 0, enrolled: 0 };

  function write(id: string, boot: Boot | undefined): void {
    store.commit({ facts: new Map([[`${FACT}${id}`, boot === undefined ? "" : JSON.stringify(boot)]]) });
    if (boot === undefined) boots.delete(id);
    else boots.set(id, boot);
  }

  /** Records a node's last token; undefined: it has none. */
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
        boots.delete(id); // invalid nevertheless, while this program runs
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

/** Compares hashes of equal length in a time that does not depend on where they differ. */
function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function readBoots(facts: Stored["facts"], log: Log): Map<string, Boot> {
  const boots = new Map<string, Boot>();
  for (const [key, fact] of facts) {
    if (!key.startsWith(FACT) || fact === "") continue;
    const read = v.safeParse(v.pipe(v.string(), v.parseJson(), stored), fact);
    if (read.success) boots.set(key.slice(FACT.length), read.output);
    else log.error("Cannot read the identity of a machine's boot, so it must boot again", { fact: key });
  }
  return boots;
}
