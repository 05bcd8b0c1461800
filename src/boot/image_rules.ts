import { isRecord, type Value } from "../state/mod.ts";

/** The values of the image extension that {@link validateImage} checks. */
type ImageUrl = "/image/name" | "/image/digest" | "/image/url" | "/image/command" | "/image/layers";

/**
 * Checks `value`, the name of an image, which becomes part of a path. @returns What was expected; undefined if it is
 * valid.
 */
export function imageNameFault(value: unknown): string | undefined {
  if (typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value)) return undefined;
  return "letters, digits, '.', '_' and '-', beginning with a letter or digit";
}

/** Checks `value`, the digest of an image. @returns What was expected; undefined if it is valid. */
export function imageDigestFault(value: unknown): string | undefined {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return undefined;
  return "a SHA-256, 64 hexadecimal digits in lower case";
}

/** Checks `value`, the URL of an image. @returns What was expected; undefined if it is valid. */
export function imageUrlFault(value: unknown): string | undefined {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== "")) {
    return "an http or https URL without a user, as all who read the state see it";
  }
  return url !== undefined && /^https?:$/.test(url.protocol) ? undefined : "an http or https URL";
}

/** Checks `value`, the command of an image. @returns What was expected; undefined if it is valid. */
export function imageCommandFault(value: unknown): string | undefined {
  const words: readonly unknown[] = Array.isArray(value) ? value : [];
  const [path] = words;
  const isPath = typeof path === "string" && path.startsWith("/");
  if (isPath && !words.some((word) => String(word).includes("\n"))) return undefined;
  return "a path in the image that begins with '/', and no line breaks";
}

/** Converts the digests in `value`, a value of `url`, to lower case: see {@link canonicalBoot}. */
export function canonicalImage(url: "/image/digest" | "/image/layers", value: Value): Value {
  if (url === "/image/digest") return typeof value === "string" ? value.toLowerCase() : value;
  if (!Array.isArray(value)) return value;
  return value.map((layer) =>
    isRecord(layer) && typeof layer["digest"] === "string" ? { ...layer, digest: layer["digest"].toLowerCase() } : layer
  );
}

/** Checks `value`, a value of `url` with the right type: see {@link validateBoot}. */
export function validateImage(url: ImageUrl, value: unknown): string | undefined {
  switch (url) {
    case "/image/name":
      return issueOf(url, value, imageNameFault(value));
    case "/image/digest":
      return issueOf(url, value, imageDigestFault(value));
    case "/image/url":
      return issueOf(url, undefined, imageUrlFault(value));
    case "/image/command":
      return issueOf(url, value, imageCommandFault(value));
    case "/image/layers":
      return validateLayers(url, value);
    default:
      return url satisfies never;
  }
}

function validateLayers(at: string, value: unknown): string | undefined {
  for (const [index, layer] of Array.isArray(value) ? value.entries() : []) {
    const { name, digest, url } = isRecord(layer) ? layer : {};
    const found = issueOf(`${at}/${index}/name`, name, imageNameFault(name)) ??
      issueOf(`${at}/${index}/digest`, digest, imageDigestFault(digest)) ??
      (url === undefined ? undefined : issueOf(`${at}/${index}/url`, undefined, imageUrlFault(url)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Describes an issue; undefined if there is none. @param value Undefined if it must not be shown, because it may contain a password. */
function issueOf(at: string, value: unknown, expected: string | undefined): string | undefined {
  if (expected === undefined) return undefined;
  const found = value === undefined ? "does not fit" : `is ${JSON.stringify(value)}`;
  return `${at} ${found}: expected ${expected}`;
}
