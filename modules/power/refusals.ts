import { createHash } from "node:crypto";
import type { Clock } from "../../src/clock.ts";
import { doubling } from "../../src/toolkit/mod.ts";
import { type Credentials } from "./credentials.ts";
import { CredentialsError } from "./driver.ts";

/**
 * How long rejected credentials are not tried again, in milliseconds: the first rest, doubled each time up to the
 * longest.
 */
const FIRST_REST = 60_000;
const LONGEST_REST = 900_000;

/**
 * Remembers which controllers rejected which credentials: many lock an account after too many attempts. Other
 * credentials, of another node at the same controller or of a changed file, are tried at once.
 */
export interface Refusals {
  /** @throws {CredentialsError} While these credentials must not be tried. */
  check(controller: string, credentials: Credentials): void;
  /** Records that they were rejected. @returns The error to throw. */
  refuse(controller: string, credentials: Credentials, why: string): CredentialsError;
  /** Records that they were accepted. */
  accept(controller: string, credentials: Credentials): void;
}

/** Makes an empty memory of rejected credentials, whose rests of 1 to 15 minutes are measured by `clock`. */
export function createRefusals(clock: Clock): Refusals {
  const refused = new Map<string, { readonly times: number; readonly until: number; readonly why: string }>();

  /** Identifies them without revealing them. */
  function keyOf(controller: string, credentials: Credentials): string {
    return createHash("sha256").update(JSON.stringify([controller, credentials])).digest("hex");
  }
  return {
    check(controller, credentials) {
      const found = refused.size === 0 ? undefined : refused.get(keyOf(controller, credentials));
      if (found !== undefined && found.until > clock.now()) throw new CredentialsError(found.why);
    },
    refuse(controller, credentials, why) {
      for (const [key, { until }] of refused) {
        if (until + LONGEST_REST < clock.now()) refused.delete(key);
      }
      const key = keyOf(controller, credentials);
      const times = refused.get(key)?.times ?? 0;
      refused.set(key, { times: times + 1, until: clock.now() + doubling(FIRST_REST, LONGEST_REST, times), why });
      return new CredentialsError(why);
    },
    accept(controller, credentials) {
      if (refused.size > 0) refused.delete(keyOf(controller, credentials));
    },
  };
}
