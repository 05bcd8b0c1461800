import { readFile } from "node:fs/promises";
import type { ParsedCommandLine } from "../src/boot/mod.ts";
import { parseCommandLine } from "../src/boot/mod.ts";
import { EXIT, ProgramError } from "../src/cli/mod.ts";
import { parseBrokerUrl } from "../src/mqtt/client/mod.ts";
import { isNodeName, isUuid } from "../src/state/mod.ts";
import { enrol, type EnrolParts } from "./enrol.ts";
import { errorText } from "../src/toolkit/mod.ts";

/** The options that identify the agent. */
export interface IdentityOptions {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly cluster: string | undefined;
  readonly parent: string | undefined;
  readonly broker: string | undefined;
  readonly cmdline: string | undefined;
}

/** The identity of an agent, and how it joins. */
export interface AgentIdentity {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  /** The UUID of its aggregator. */
  readonly parent: string;
  /** The broker's URL, with the agent's credentials if it has any. It must not be shown. */
  readonly broker: string;
  /** Origin of the boot HTTP server; absent if the machine was not booted from one. */
  readonly server?: string;
}

/**
 * Determines the identity of the agent: from its `options`, or by exchanging the token on the kernel command line.
 *
 * @param parts What enrolment depends on.
 * @throws {ProgramError} If options are missing or wrong, or the token is refused.
 */
export async function identify(options: IdentityOptions, parts: EnrolParts): Promise<AgentIdentity> {
  return options.cmdline === undefined ? fromOptions(options) : await fromCommandLine(options.cmdline, options, parts);
}

function fromOptions(options: IdentityOptions): AgentIdentity {
  const take = (option: "id" | "name" | "cluster" | "parent" | "broker"): string => {
    const value = options[option];
    if (value !== undefined) return value;
    throw new ProgramError(`Option '--${option}' is missing: expected it, or '--cmdline'`, EXIT.usage);
  };
  const identity = {
    id: take("id"),
    name: take("name"),
    cluster: take("cluster"),
    parent: take("parent"),
    broker: take("broker"),
  };
  for (const option of ["id", "parent"] as const) {
    if (isUuid(identity[option])) continue;
    throw new ProgramError(`Option '--${option}' is '${identity[option]}': expected a UUID in lower case`, EXIT.usage);
  }
  for (const option of ["name", "cluster"] as const) {
    if (isNodeName(identity[option])) continue;
    throw new ProgramError(`Option '--${option}' is '${identity[option]}': expected a name`, EXIT.usage);
  }
  try {
    parseBrokerUrl(identity.broker);
  } catch (error) {
    const problem = errorText(error);
    throw new ProgramError(`Option '--broker': ${problem}`, EXIT.usage);
  }
  return identity;
}

async function fromCommandLine(file: string, options: IdentityOptions, parts: EnrolParts): Promise<AgentIdentity> {
  for (const option of ["id", "name", "cluster", "parent"] as const) {
    if (options[option] === undefined) continue;
    throw new ProgramError(
      `Options '--${option}' and '--cmdline' are both given: expected only one of them`,
      EXIT.usage,
    );
  }
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new ProgramError(`Cannot read the kernel command line: ${error.message}`);
  });
  const parsed: ParsedCommandLine = parseCommandLine(text);
  if (!parsed.ok) throw new ProgramError(`Cannot use the kernel command line: ${parsed.problems.join("; ")}`);
  const { id, name, cluster, parent, broker, username, password } = await enrol(parsed.value, parts).catch(explain);
  const url = new URL(broker);
  url.username = username;
  url.password = password;
  parts.log.info("Enrolled", { id, name, server: parsed.value.server });
  return { id, name, cluster, parent, broker: url.href, server: parsed.value.server };
}

/** Shows errors that are not defects without a stack trace. */
function explain(error: unknown): never {
  if (error instanceof ProgramError) throw error;
  throw new ProgramError(errorText(error));
}
