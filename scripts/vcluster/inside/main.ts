// What runs inside the namespaces of a virtual cluster, as their first process: the network, the machines with their
// controllers, and the aggregator. It prints one line of JSON when all of it is ready. Everything ends with it.
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { defineProgram, EXIT, runProgram, untilAborted } from "../../../src/cli/mod.ts";
import { createLog } from "../../../src/log.ts";
import { machineAddressesOf, parseLabConfig } from "../lab_config.ts";
import { startRelay } from "../relay.ts";
import { superviseAggregator } from "./aggregator.ts";
import { makeCertificate } from "./certificate.ts";
import { startControllers } from "./controllers.ts";
import { startIpmi } from "./ipmi.ts";
import { createNetwork } from "./network.ts";
import { startSite } from "./site.ts";

const program = defineProgram({
  name: "vcluster-inside",
  about: "The inside of a virtual cluster.",
  options: { config: { kind: "string", required: true, placeholder: "FILE", help: "What there is to be, as JSON" } },
});

await runProgram(program, async ({ options, terminal, signal }) => {
  const config = parseLabConfig(JSON.parse(readFileSync(options.config, "utf8")));
  const { folder } = config;
  const log = createLog((line) => void process.stderr.write(line));
  const addresses = config.machines.map(({ number }) => machineAddressesOf(number));
  createNetwork(addresses);
  startSite(config.dhcp === "proxy" ? addresses : undefined, join(folder, "site.log"));
  const tls = makeCertificate(folder, addresses.map(({ controller }) => controller));
  // IPMI takes no more than 16 characters.
  const user = { username: "kraken", password: randomBytes(8).toString("hex") };
  const credentials = join(folder, "bmc-credentials.json");
  writeFileSync(credentials, JSON.stringify(user), { mode: 0o600 });
  const controllers = await startControllers(config, { tls, user, log });
  await startIpmi(config, user);
  const aggregator = await superviseAggregator(config, log, signal);
  const api = join(folder, "api.sock");
  await startRelay({ path: api }, { host: "127.0.0.1", port: aggregator.port });
  terminal.write(`${JSON.stringify({ ready: true, api, credentials, authority: tls.authority })}\n`);
  await untilAborted(signal);
  await aggregator.stop();
  await Promise.all(controllers.map((controller) => controller.close()));
  return EXIT.ok;
});
