import { createLog } from "../../src/log.ts";
import type { MqttConnect, MqttConnection, MqttConnectionOptions } from "../../src/mqtt/mod.ts";

/** A connection, and what it has told. */
export interface Listener {
  readonly connection: MqttConnection;
  /** `connected`, `closed`, or a topic with the length of its payload: `t 5`. */
  readonly heard: readonly string[];
  /** Lines of its log. */
  readonly logged: readonly string[];
}

/** Connects with a client, and writes down what happens. */
export function listen(
  connect: MqttConnect,
  options: Pick<MqttConnectionOptions, "url" | "topics"> & Partial<MqttConnectionOptions>,
): Listener {
  const heard: string[] = [];
  const logged: string[] = [];
  const connection = connect({
    clientId: "c",
    random: Math.random,
    log: createLog((line) => void logged.push(line), { level: "debug" }),
    onConnect: () => heard.push("connected"),
    onClose: () => heard.push("closed"),
    onMessage: (topic, payload) => heard.push(`${topic} ${payload.length}`),
    ...options,
  });
  return { connection, heard, logged };
}
