import { createHash } from "node:crypto";
import type { Clock } from "../../src/clock.ts";
import { type Credentials } from "./credentials.ts";
import { CredentialsError } from "./driver.ts";

/** Milliseconds for which credentials that a controller did not take are not tried again, doubled each time up to the longest. */
const FIRST_REST = 60_000;
const LONGEST_REST = 900_000;

/**
 * Remembers which credentials which controllers did not take: many lock an account that is tried in vain too often. Other credentials,
 * of another node at the same controller or of a file that has been changed, are tried at once.
 */
export interface Refusals {
  /** @throws {CredentialsError} While these are not to be tried. */
  check(controller: string, credentials: Credentials): void;
  /** They were not taken. @returns What to throw. */
  refuse(controller: string, credentials: Credentials, why: string): CredentialsError;
  /** They were taken. */
  accept(controller: string, credentials: Credentials): void;
}

/** Makes it. */
export function createRefusals(clock: Clock): Refusals {
  const refused = new Map<string, { readonly rest: number; readonly until: number; readonly why: string }>();

  /** Names them without telling them. */
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
      const rest = Math.min((refused.get(key)?.rest ?? FIRST_REST / 2) * 2, LONGEST_REST);
      refused.set(key, { rest, until: clock.now() + rest, why });
      return new CredentialsError(why);
    },
    accept(controller, credentials) {
      if (refused.size > 0) refused.delete(keyOf(controller, credentials));
    },
  };
}
