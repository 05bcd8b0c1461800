import { readFileSync, statSync } from "node:fs";
import { UnavailableError } from "../../src/module/mod.ts";
import { isRecord } from "../../src/state/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/**
 * A controller's user and password. They must never appear in a log, a state value, a URL or an argument of a program.
 */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** The key of an IPMI controller (Kg, IPMI 2.0, 13.33), where it has one. */
  readonly kg?: string;
}

/** The environment variables that are used if the config names no file. */
const USERNAME_VARIABLE = "KRAKEN_BMC_USERNAME";
const PASSWORD_VARIABLE = "KRAKEN_BMC_PASSWORD";
const KG_VARIABLE = "KRAKEN_BMC_KG";

/** The largest file of credentials, in bytes, and the longest name or password, in characters. */
const MAX_FILE = 4_096;
const MAX_TEXT = 256;

/**
 * Finds the credentials for a node's controller: in a JSON file `{"username": ..., "password": ..., "kg": ...}`, whose
 * `kg` is optional, or in the environment. They are read each time, so that they can be changed while the program
 * runs.
 *
 * @param node The node.
 * @param pattern The file's path, in which `{name}` stands for the node's name; undefined: the environment.
 * @param environment The process's environment.
 * @returns The credentials; undefined if the environment has none.
 * @throws {UnavailableError} If the file cannot be read, others may read it, or it has no valid credentials. The
 * message shows nothing of its content.
 */
export function credentialsFor(
  node: { readonly name: string },
  pattern: string | undefined,
  environment: { readonly [name: string]: string | undefined },
): Credentials | undefined {
  if (pattern === undefined) {
    const username = environment[USERNAME_VARIABLE];
    const password = environment[PASSWORD_VARIABLE];
    const kg = environment[KG_VARIABLE];
    if (username === undefined || password === undefined) return undefined;
    return { username, password, ...(kg !== undefined && { kg }) };
  }
  const file = pattern.replaceAll("{name}", node.name);
  return readCredentials(readSecret(file), file);
}

function readSecret(file: string): string {
  try {
    const { mode, size } = statSync(file);
    if ((mode & 0o007) !== 0) throw new Error("everybody may read or write it: expected a mode such as 0600");
    if (size > MAX_FILE) throw new Error(`it is larger than ${MAX_FILE} bytes`);
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = errorText(error);
    throw new UnavailableError(`Cannot use the credentials in '${file}': ${why}`);
  }
}

function readCredentials(text: string, file: string): Credentials {
  const { username, password, kg } = parse(text);
  if (!isText(username) || !isText(password) || !(kg === undefined || isText(kg))) {
    throw new UnavailableError(
      `Cannot use the credentials in '${file}': expected a JSON object with 'username', 'password' and perhaps 'kg', ` +
        `each 1 to ${MAX_TEXT} characters without line ends`,
    );
  }
  return { username, password, ...(kg !== undefined && { kg }) };
}

function parse(text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {}; // the parser's own message would quote it
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT && !/[\0\r\n]/.test(value);
}
