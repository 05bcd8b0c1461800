// Holds many agents for the sync bench. It is asked what to do over HTTP on loopback: POST /COMMAND with its question.
import process from "node:process";
import { createLog } from "../../../../src/log.ts";
import { servePeer } from "../peer_server.ts";
import { createLoad } from "./load.ts";

const log = createLog((line) => void process.stderr.write(line), { level: "warn" });
await servePeer(createLoad(log));
