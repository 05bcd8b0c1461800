import {
  createStyle,
  EXIT,
  type Io,
  type Options,
  type OptionValues,
  parseOptions,
  type Positionals,
  renderHelp,
  standardOptions,
  type Style,
  type Terminal,
  versionLine,
} from "../src/cli/mod.ts";
import type { Clock } from "../src/clock.ts";
import { type ApiClient, createApiClient } from "../src/api/client/mod.ts";

/** The options that every command has. */
export const globalOptions = {
  server: {
    kind: "string",
    placeholder: "URL",
    env: "KRAKEN_SERVER",
    default: "http://127.0.0.1:3141",
    help: "The aggregator's HTTP address",
  },
  output: {
    kind: "string",
    short: "o",
    choices: ["table", "json", "yaml"],
    default: "table",
    help: "How to show the answer",
  },
  timeout: { kind: "duration", default: 10_000, help: "Longest that one request may take" },
} as const satisfies Options;

/** What a command works with. */
export interface CommandRun<O extends Options> {
  /** Those of every command, where the command has none of the same name. */
  readonly options: OptionValues<O & Omit<typeof globalOptions, keyof O>>;
  /** The arguments that are no options. */
  readonly args: readonly string[];
  readonly client: ApiClient;
  readonly terminal: Terminal;
  readonly style: Style;
  readonly clock: Clock;
  /** A W3C trace context that requests bring: see `TRACEPARENT` in docs/reference/cli.md. */
  readonly traceparent?: string;
  /** Fires when somebody ends the program. */
  readonly signal: AbortSignal;
  /** Reads a file, or standard input for `-`. */
  readonly readText: (file: string) => Promise<string>;
  readonly ask: World["ask"];
}

/** What commands reach the world through. */
export interface World {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly readText: (file: string) => Promise<string>;
  /** Asks the user at the terminal; undefined without a terminal. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string | undefined>;
}

/** One command of krakenctl. */
export interface Command {
  /** One or two words: `get nodes`. */
  readonly name: string;
  /** What it does, in one sentence without a full stop. */
  readonly about: string;
  readonly options: Options;
  /** Reads what follows its name and does its work. Resolves to the exit code. */
  call(args: readonly string[], io: Io, world: World): Promise<number>;
}

/** Declares a command. */
export function defineCommand<const O extends Options>(
  declared: {
    readonly name: string;
    readonly about: string;
    readonly positionals?: Positionals;
    readonly options: O;
    readonly examples: readonly string[];
  },
  run: (run: CommandRun<O>) => Promise<number>,
): Command {
  const { name, about, options, positionals } = declared;
  return {
    name,
    about,
    options,
    async call(args, io, world) {
      const { terminal, signal } = io;
      const parsed = parseOptions({ ...globalOptions, ...options }, positionals, args, io.env);
      switch (parsed.kind) {
        case "help":
          terminal.write(renderHelp({
            usage: ["krakenctl", name, positionals?.usage ?? "", "[OPTION ...]"].filter((part) => part !== "").join(
              " ",
            ),
            about: `${about}.`,
            options: [
              { title: "Options", options },
              { title: "Options of every command", options: { ...globalOptions, ...standardOptions } },
            ],
            examples: declared.examples,
          }));
          return EXIT.ok;
        case "version":
          terminal.write(versionLine("krakenctl"));
          return EXIT.ok;
        case "error":
          return showUsageError(terminal, parsed.problem, `krakenctl ${name}`);
        case "run": {
          const server = readServerUrl(parsed.options.server);
          if (server === undefined) {
            const problem =
              `Option '--server' is '${parsed.options.server}': expected a URL such as http://127.0.0.1:3141`;
            return showUsageError(terminal, problem, `krakenctl ${name}`);
          }
          const client = createApiClient({ ...world, server, timeout: parsed.options.timeout, signal });
          const style = createStyle(terminal.colour);
          return await run({ ...parsed, ...world, client, terminal, style, signal });
        }
        default:
          return parsed satisfies never;
      }
    },
  };
}

/** Shows a usage error and where to read more. */
export function showUsageError(terminal: Terminal, problem: string, command: string): number {
  terminal.writeError(`krakenctl: ${problem}\nSee \`${command} --help\`\n`);
  return EXIT.usage;
}

/** The origin of a server, without a slash at its end; undefined when the text is no HTTP URL of a whole server. */
function readServerUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, pathname, search, hash, origin } = new URL(text);
  const isHttp = protocol === "http:" || protocol === "https:";
  return isHttp && pathname === "/" && search === "" && hash === "" ? origin : undefined;
}
