import { EXIT, ProgramError } from "../../src/cli/mod.ts";
import { redactUrl } from "../../src/redact.ts";
import { isPattern, parseUrl } from "../../src/state/mod.ts";
import { whyNoPrefix } from "./topics.ts";

/** Names the embedded broker in `--publish`. */
export const EMBEDDED = "embedded";
/** Most brokers, and most single values of a node. */
const MAX_BROKERS = 16;
const MAX_VALUES = 64;

/** The command-line options for publishing. */
export interface PublishCommandLine {
  readonly publish: readonly string[];
  readonly "publish-prefix": string;
  readonly "publish-values": readonly string[];
  readonly "publish-rate": number;
  readonly "home-assistant": string | undefined;
  readonly broker: string | undefined;
}

/** Where to publish state, and which. */
export interface PublishOptions {
  /** URLs of brokers, including user names and passwords. */
  readonly urls: readonly string[];
  /** Whether other programs may subscribe on the embedded broker. */
  readonly isEmbedded: boolean;
  readonly prefix: string;
  /** State URLs and patterns. */
  readonly values: readonly string[];
  /** Most messages per second to each broker. */
  readonly perSecond: number;
  /** The discovery prefix of Home Assistant; absent if nodes are not announced to it. */
  readonly homeAssistant?: string;
}

/**
 * Reads the command-line options for publishing. @returns Undefined if nothing is to be published.
 *
 * @throws {ProgramError} If an option is invalid or options contradict each other.
 */
export function readPublishOptions(given: PublishCommandLine): PublishOptions | undefined {
  const targets = given.publish;
  const homeAssistant = given["home-assistant"];
  const values = given["publish-values"].flatMap((list) => list.split(","));
  if (targets.length === 0) {
    const [first] = [...(values.length > 0 ? ["publish-values"] : []), ...(homeAssistant ? ["home-assistant"] : [])];
    if (first === undefined) return undefined;
    refuse(`Option '--${first}' is given without '--publish': expected both, or none`);
  }
  if (targets.length > MAX_BROKERS) {
    refuse(`Option '--publish' is given ${targets.length} times: expected at most ${MAX_BROKERS}`);
  }
  const urls = targets.filter((target) => target !== EMBEDDED).map(readUrl);
  const hosts = urls.map((url) => new URL(url).host);
  const twice = hosts.find((host, place) => hosts.indexOf(host) !== place);
  if (twice !== undefined) refuse(`Option '--publish' names the broker '${twice}' twice: expected each once`);
  const isEmbedded = targets.includes(EMBEDDED);
  if (isEmbedded && given.broker !== undefined) {
    refuse(
      "Option '--publish' is 'embedded', and there is '--broker': expected its URL, as there is no embedded broker then",
    );
  }
  const prefix = given["publish-prefix"];
  checkPrefix("publish-prefix", prefix);
  if (homeAssistant !== undefined) checkPrefix("home-assistant", homeAssistant);
  return {
    ...{ urls, isEmbedded, prefix, values: readValues(values), perSecond: given["publish-rate"] },
    ...(homeAssistant !== undefined && { homeAssistant }),
  };
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^(?:mqtts?|wss?):$/.test(url.protocol) && url.hostname !== "") return text;
  return refuse(
    `Option '--publish' is '${
      redactUrl(text)
    }': expected 'embedded', or a URL such as mqtt://10.0.0.1 (mqtt, mqtts, ws or wss)`,
  );
}

function readValues(urls: readonly string[]): string[] {
  if (urls.length > MAX_VALUES) {
    refuse(`Option '--publish-values' has ${urls.length} URLs: expected at most ${MAX_VALUES}`);
  }
  for (const url of urls) {
    try {
      parseUrl(url);
    } catch {
      const example = "state URLs separated by commas, such as /host/load or /services/{name}/state";
      refuse(`Option '--publish-values' has '${url}': expected ${example}`);
    }
  }
  return [...new Set(urls)].sort((a, b) => Number(isPattern(b)) - Number(isPattern(a)));
}

function checkPrefix(option: string, text: string): void {
  const expected = whyNoPrefix(text);
  if (expected !== undefined) refuse(`Option '--${option}' is '${text}': expected ${expected}`);
}

function refuse(problem: string): never {
  throw new ProgramError(problem, EXIT.usage);
}
