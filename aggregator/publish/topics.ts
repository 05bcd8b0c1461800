import { Buffer } from "node:buffer";

/** Characters that a topic level must not contain or that have a meaning: separators, wildcards, `$`, `%`, control characters. */
const UNFIT = /[/+#$%\p{Cc}\p{Surrogate}]/gu;

/**
 * Encodes a text as one topic level (MQTT 3.1.1, section 4.7): each byte of an unfit character becomes `%XX`. Node names stay as
 * they are.
 */
export function topicLevel(text: string): string {
  if (text === "") return "%";
  return text.replaceAll(UNFIT, (unfit) => {
    const bytes = [...Buffer.from(unfit)];
    return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  });
}

/**
 * Returns the prefix of all topics of an aggregator. Aggregators below the root have separate prefixes, because each aggregator
 * clears unknown topics below its own.
 *
 * @param name The name of an aggregator below the root; undefined for the root.
 */
export function baseTopic(prefix: string, cluster: string, name?: string): string {
  const base = `${prefix}/${topicLevel(cluster)}`;
  return name === undefined ? base : `${base}/aggregators/${topicLevel(name)}`;
}

/** Returns the topic of a node's document. */
export function nodeTopic(base: string, name: string): string {
  return `${base}/nodes/${topicLevel(name)}`;
}

/** Checks a topic prefix. @returns What was expected instead; undefined if it is valid. */
export function whyNoPrefix(text: string): string | undefined {
  const levels = text.split("/");
  const isTopic = text.length <= 128 && levels.every((level) => level !== "" && topicLevel(level) === level);
  if (!isTopic) return "topic levels of at most 128 characters, such as kraken-state or site/kraken";
  // Kraken's own protocol uses topics below it.
  return levels[0] === "kraken"
    ? "another first level than 'kraken', below which programs of Kraken speak to each other"
    : undefined;
}
