import { execFileSync } from "node:child_process";
import * as v from "valibot";

/** A value of a field: an integer is a bigint here, to tell it from a float. */
export type FieldValue = string | boolean | number | bigint;

/** A metric as Telegraf makes it of a message. */
export interface Metric {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

const entry = v.strictObject({
  path: v.string(),
  rename: v.optional(v.string()),
  type: v.optional(v.picklist(["string", "bool", "int"])),
});
const input = v.strictObject({
  servers: v.array(v.pipe(v.string(), v.regex(/^(?:tcp|ssl|ws):\/\/[^:]+:\d+$/))),
  topics: v.array(v.string()),
  qos: v.picklist([0, 1, 2]),
  topic_tag: v.literal(""),
  name_override: v.optional(v.string()),
  data_format: v.picklist(["json_v2", "value"]),
  data_type: v.optional(v.literal("integer")),
  json_v2: v.optional(v.array(v.strictObject({ tag: v.optional(v.array(entry)), field: v.array(entry) }))),
  topic_parsing: v.optional(
    v.array(v.strictObject({ topic: v.string(), measurement: v.optional(v.string()), tags: v.optional(v.string()) })),
  ),
});
const config = v.object({ inputs: v.object({ mqtt_consumer: v.array(input) }) });

/** One `[[inputs.mqtt_consumer]]`. */
export type Consumer = v.InferOutput<typeof input>;

/** Reads the consumers of a Telegraf config file. @throws {Error} When it has an option that is not known here. */
export function readConsumers(file: string): Consumer[] {
  const program = "import json,sys,tomllib; print(json.dumps(tomllib.load(open(sys.argv[1],'rb'))))";
  const text = execFileSync("/usr/bin/python3", ["-c", program, file], { encoding: "utf8" });
  return v.parse(config, JSON.parse(text)).inputs.mqtt_consumer;
}

/** Whether a consumer subscribes to a topic. */
export function subscribes({ topics }: Consumer, topic: string): boolean {
  return topics.some((filter) => matches(filter, topic));
}

/**
 * What Telegraf makes of a message, by the rules that its `mqtt_consumer`, `json_v2` and `value` document: a path that finds nothing
 * is an error, as is a value that is not of the type.
 *
 * @throws {Error} Where it would log one.
 */
export function parseMessage(consumer: Consumer, topic: string, payload: string): Metric {
  const metric = consumer.data_format === "value" ? parseValue(payload) : parseJson(consumer, payload);
  return (consumer.topic_parsing ?? []).reduce(
    (made, rules) => parseTopic(made, rules, topic),
    { ...metric, name: consumer.name_override ?? "mqtt_consumer" },
  );
}

function parseValue(payload: string): Omit<Metric, "name"> {
  if (!/^-?\d+$/.test(payload.trim())) throw new Error(`'${payload}' is no integer`);
  return { tags: {}, fields: { value: BigInt(payload.trim()) } };
}

function parseJson({ json_v2 = [] }: Consumer, payload: string): Omit<Metric, "name"> {
  const document: Record<string, unknown> = JSON.parse(payload);
  const tags: Record<string, string> = {};
  const fields: Record<string, FieldValue> = {};
  for (const { tag = [], field } of json_v2) {
    for (const { path, rename = path } of tag) tags[rename] = String(find(document, path));
    for (const { path, rename = path, type } of field) fields[rename] = convert(find(document, path), type);
  }
  return { tags, fields };
}

function find(document: Record<string, unknown>, path: string): unknown {
  const value = document[path];
  if (value === undefined || value === null) throw new Error(`The path '${path}' finds nothing`);
  return value;
}

function convert(value: unknown, type: "string" | "bool" | "int" | undefined): FieldValue {
  if (type === "bool" && typeof value === "boolean") return value;
  if (type === "int" && Number.isInteger(value)) return BigInt(Number(value));
  if (type === "string" && typeof value === "string") return value;
  throw new Error(`${JSON.stringify(value)} is no ${type}`);
}

function parseTopic(
  metric: Metric,
  { topic: filter, measurement = "", tags = "" }: NonNullable<Consumer["topic_parsing"]>[number],
  topic: string,
): Metric {
  const levels = topic.split("/");
  for (const template of [measurement, tags]) {
    if (template !== "" && template.split("/").length !== filter.split("/").length) {
      throw new Error(`'${template}' has another length than '${filter}'`);
    }
  }
  if (!matches(filter, topic)) return metric;
  const named = tags.split("/").flatMap((tag, place) => tag === "_" || tag === "" ? [] : [[tag, levels[place] ?? ""]]);
  const place = measurement.split("/").findIndex((level) => level !== "_" && level !== "");
  return {
    ...metric,
    name: place < 0 ? metric.name : levels[place] ?? "",
    tags: { ...metric.tags, ...Object.fromEntries(named) },
  };
}

function matches(filter: string, topic: string): boolean {
  const levels = topic.split("/");
  const wanted = filter.split("/");
  return wanted.length === levels.length && wanted.every((level, place) => level === "+" || level === levels[place]);
}
