import { createHash } from "node:crypto";
import { imageCommandFault, imageDigestFault, imageNameFault, imageUrlFault } from "../../src/boot/mod.ts";
import { redactUrl } from "../../src/redact.ts";
import { canonicalText, isRecord, type Value, type Values } from "../../src/state/mod.ts";

/** One squashfs file. */
export interface Layer {
  readonly name: string;
  /** SHA-256, 64 hexadecimal digits in lower case. */
  readonly digest: string;
  readonly url: string;
}

/** An image to run, with all defaults applied. */
export interface ImageConfig {
  /** Lowest first; at least one. */
  readonly layers: readonly Layer[];
  readonly mode: "container" | "root";
  readonly command: readonly string[];
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stopTimeout: number;
  /** Identifies what runs. The URL of an image is not part of it. */
  readonly key: string;
}

const DEFAULT_COMMAND = ["/sbin/init"];
const DEFAULT_STOP_TIMEOUT = 10_000;

/**
 * Reads the image that `cfg` of a node asks for; undefined if it asks for none.
 *
 * @param server Base URL of the boot server, for images without their own URL.
 * @throws {TypeError} If it is invalid. The message names the URL, the value found and what was expected.
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
  const odd = imageCommandFault(command);
  if (odd !== undefined) throw new TypeError(`/image/command is ${JSON.stringify(command)}: expected ${odd}`);
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
  const oddName = imageNameFault(name);
  if (typeof name !== "string" || oddName !== undefined) {
    throw new TypeError(`${at}/name is ${shown(name)}: expected ${oddName}`);
  }
  const oddDigest = imageDigestFault(digest);
  if (typeof digest !== "string" || oddDigest !== undefined) {
    throw new TypeError(`${at}/digest is ${shown(digest)}: expected ${oddDigest}`);
  }
  return { name, digest, url: urlOf(name, url, at, server) };
}

function urlOf(name: string, url: unknown, at: string, server: string | undefined): string {
  if (url !== undefined) {
    const odd = imageUrlFault(url);
    if (typeof url === "string" && odd === undefined) return url;
    const text = shown(typeof url === "string" ? redactUrl(url) : url);
    throw new TypeError(`${at}/url is ${text}: expected ${odd}`);
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

/**
 * Reads an {@link ImageConfig} from `value`, the content of a file that this module wrote; undefined for anything else.
 */
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
