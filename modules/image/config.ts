import { createHash } from "node:crypto";
import { redactUrl } from "../../src/redact.ts";
import { canonicalText, isRecord, type Value, type Values } from "../../src/state/mod.ts";

/** One squashfs file. */
export interface Layer {
  readonly name: string;
  /** SHA-256, 64 hexadecimal digits in lower case. */
  readonly digest: string;
  readonly url: string;
}

/** An image to run, with every default filled in. */
export interface ImageConfig {
  /** Lower to upper; at least one. */
  readonly layers: readonly Layer[];
  readonly mode: "container" | "root";
  readonly command: readonly string[];
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stopTimeout: number;
  /** Names what runs: where an image is fetched from does not belong to it. */
  readonly key: string;
}

const DEFAULT_COMMAND = ["/sbin/init"];
const DEFAULT_STOP_TIMEOUT = 10_000;

/**
 * The image that a node's cfg asks for; undefined where it asks for none.
 *
 * @param server Base URL of the boot server, for images without a URL of their own.
 * @throws {TypeError} When it does not fit, naming the URL, what was there and what was expected.
 */
export function imageConfig(cfg: Values, server: string | undefined): ImageConfig | undefined {
  const layers: Layer[] = [];
  const [name, digest] = [cfg.get("/image/name"), cfg.get("/image/digest")];
  if (name !== undefined || digest !== undefined) {
    layers.push(layerOf({ name, digest, url: cfg.get("/image/url") }, "/image", server));
  }
  const upper = cfg.get("/image/layers");
  if (Array.isArray(upper)) {
    for (const [index, item] of upper.entries()) layers.push(layerOf(item, `/image/layers/${index}`, server));
  }
  if (layers.length === 0) return undefined;
  const mode = cfg.get("/image/mode") === "root" ? "root" : "container";
  const command = textsOf(cfg.get("/image/command")) ?? DEFAULT_COMMAND;
  if (command[0]?.startsWith("/") !== true || command.some((word) => word.includes("\n"))) {
    throw new TypeError(
      `/image/command is ${
        JSON.stringify(command)
      }: expected a path in the image that begins with '/', and no line breaks`,
    );
  }
  const stopTimeout = cfg.get("/image/stopTimeout");
  const digests = layers.map(({ digest }) => digest);
  return {
    layers,
    mode,
    command,
    stopTimeout: typeof stopTimeout === "number" ? stopTimeout : DEFAULT_STOP_TIMEOUT,
    key: createHash("sha256").update(canonicalText({ digests, mode, command: [...command] })).digest("hex"),
  };
}

function layerOf(fields: unknown, at: string, server: string | undefined): Layer {
  const { name, digest, url } = isRecord(fields) ? fields : {};
  // No path may be written into a name: it becomes one.
  if (typeof name !== "string" || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new TypeError(
      `${at}/name is ${shown(name)}: expected letters, digits, '.', '_' and '-', beginning with a letter or digit`,
    );
  }
  if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) {
    throw new TypeError(`${at}/digest is ${shown(digest)}: expected a SHA-256, 64 hexadecimal digits in lower case`);
  }
  return { name, digest, url: urlOf(name, url, at, server) };
}

function urlOf(name: string, url: unknown, at: string, server: string | undefined): string {
  if (url !== undefined) {
    const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
    if (parsed !== undefined && (parsed.username !== "" || parsed.password !== "")) {
      throw new TypeError(
        `${at}/url has a user in it: expected an http or https URL without, as all who read the state see it`,
      );
    }
    if (typeof url === "string" && /^https?:$/.test(parsed?.protocol ?? "")) return url;
    throw new TypeError(
      `${at}/url is ${shown(typeof url === "string" ? redactUrl(url) : url)}: expected an http or https URL`,
    );
  }
  if (server === undefined) {
    throw new TypeError(`${at}/url is missing: expected one, as the node does not know the server that it booted from`);
  }
  return new URL(`/boot/v1/images/${name}`, server).href;
}

function textsOf(value: Value | undefined): string[] | undefined {
  return Array.isArray(value) ? value.filter(isText) : undefined;
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}

/** Reads an {@link ImageConfig} from a file that this module wrote; undefined for anything else. */
export function readImageConfig(value: unknown): ImageConfig | undefined {
  if (!isRecord(value)) return undefined;
  const { layers, mode, command, stopTimeout, key } = value;
  if (mode !== "container" && mode !== "root") return undefined;
  if (typeof stopTimeout !== "number" || typeof key !== "string") return undefined;
  if (!isList(layers, isLayer) || !isList(command, isText)) return undefined;
  return { layers, mode, command, stopTimeout, key };
}

function isList<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length > 0 && value.every(isItem);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isLayer(value: unknown): value is Layer {
  return isRecord(value) && isText(value["name"]) && isText(value["digest"]) && isText(value["url"]);
}
