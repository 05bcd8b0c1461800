import { Buffer } from "node:buffer";

/** What a topic level must not have, or what other programs give a meaning: separators, wildcards, `$`, `%` and control characters. */
const UNFIT = /[/+#$%\p{Cc}\p{Surrogate}]/gu;

/**
 * A text as one level of a topic (MQTT 3.1.1, section 4.7): what can't be in one becomes `%XX` for each byte of its UTF-8. Names of
 * nodes go in as they are.
 */
export function topicLevel(text: string): string {
  if (text === "") return "%";
  return text.replaceAll(UNFIT, (unfit) => {
    const bytes = [...Buffer.from(unfit)];
    return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  });
}

/**
 * What the topics of an aggregator begin with. One below the root has a place of its own: each aggregator clears what it finds at
 * its place and does not know.
 *
 * @param name The name of an aggregator below the root; undefined for the root.
 */
export function baseTopic(prefix: string, cluster: string, name?: string): string {
  const base = `${prefix}/${topicLevel(cluster)}`;
  return name === undefined ? base : `${base}/aggregators/${topicLevel(name)}`;
}

/** The topic of a node's document. */
export function nodeTopic(base: string, name: string): string {
  return `${base}/nodes/${topicLevel(name)}`;
}

/** Why a text can't be what topics begin with, as what was expected instead; undefined where it can. */
export function whyNoPrefix(text: string): string | undefined {
  const levels = text.split("/");
  const isTopic = text.length <= 128 && levels.every((level) => level !== "" && topicLevel(level) === level);
  if (!isTopic) return "topic levels of at most 128 characters, such as kraken-state or site/kraken";
  // The links of programs are below it: nobody else may listen there.
  return levels[0] === "kraken"
    ? "another first level than 'kraken', below which programs of Kraken speak to each other"
    : undefined;
}
