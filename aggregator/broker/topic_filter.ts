/** A topic filter, taken apart (MQTT 3.1.1, section 4.7). */
export type TopicFilter = readonly string[];

/** Takes a filter apart. */
export function parseFilter(filter: string): TopicFilter {
  return filter.split("/");
}

/** Whether a topic, taken apart at its slashes, matches a filter. Both are below a first level that is no wildcard. */
export function matchesFilter(filter: TopicFilter, topic: readonly string[]): boolean {
  for (const [place, level] of filter.entries()) {
    if (level === "#") return true;
    if (place >= topic.length || (level !== "+" && level !== topic[place])) return false;
  }
  return filter.length === topic.length;
}
