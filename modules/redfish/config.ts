import { isRecord, type Value } from "../../src/state/mod.ts";
import type { PowerSettings } from "../power/mod.ts";
import type { RedfishSettings } from "./controller_access.ts";

/** Default interval between two readings of the power, in milliseconds. */
const POLL = 30_000;
const SENSE = 60_000;
const GRACEFUL = 60_000;
/** How long a controller may report the old state after an order, in milliseconds. */
const SETTLE = 10_000;

/** Reads the module's `config`, which the host has checked. */
export function redfishConfigOf(config: Value | undefined): RedfishSettings & PowerSettings {
  const given = isRecord(config) ? config : {};
  function text(name: string): string | undefined {
    const value = given[name];
    return typeof value === "string" ? value : undefined;
  }
  function number(name: string, usual: number): number {
    const value = given[name];
    return typeof value === "number" ? value : usual;
  }
  const tls = given["tls"];
  return {
    endpoint: text("endpoint"),
    credentials: text("credentials"),
    ca: text("ca"),
    auth: given["auth"] === "basic" ? "basic" : "session",
    tls: tls === "unverified" || tls === "plain" ? tls : "verified",
    poll: number("poll", POLL),
    sense: number("sense", SENSE),
    graceful: number("graceful", GRACEFUL),
    settle: SETTLE,
  };
}
