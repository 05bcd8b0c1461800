// A client as a process of its own, for tests that kill it. Arguments: its name in clients.ts, URL, topic of its will, topic.
// It prints a line of JSON each time that it is connected, and one for each message.
import process from "node:process";
import { createLog } from "../../src/log.ts";
import { CLIENTS } from "./clients.ts";

const [name = "", url = "", will = "", topic = ""] = process.argv.slice(2);
const connect = Object.entries(CLIENTS).find(([known]) => known === name)?.[1];
if (connect === undefined) throw new TypeError(`No client '${name}'`);
const tell = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
connect({
  ...{ url, clientId: "killed", topics: [topic], random: Math.random },
  will: { topic: will, payload: new TextEncoder().encode("gone") },
  log: createLog((line) => void process.stderr.write(line)),
  onConnect: () => tell({ ready: true }),
  onClose: () => {},
  onMessage: (from, payload) => tell({ from, bytes: payload.length }),
});
