import { isIpv4, parseMac, parseSubnet } from "../../src/boot/mod.ts";
import { isNodeName } from "../../src/state/mod.ts";
import { type CfgSetting, parseAssignments, toMergePatch } from "../assignment.ts";
import { defineCommand, showUsageError } from "../command.ts";
import { asChange, conditionOption } from "../condition.ts";
import { describeAdopted, describeDiscovered } from "../discovered_text.ts";
import { schema } from "../known.ts";
import { reportAnswer } from "../report.ts";

/** Lists machines that nobody knows. */
export const discovered = defineCommand({
  name: "discovered",
  about: "Lists unknown machines that have asked the aggregator to boot",
  options: {},
  examples: ["krakenctl discovered", "krakenctl discovered -o json"],
}, async (run) => {
  const answer = await run.client.call("listDiscovered", {});
  return reportAnswer(run, answer, (found) => describeDiscovered(found, run.style, run.terminal.columns()));
});

/** Makes a machine that nobody knows a node. */
export const adopt = defineCommand({
  name: "adopt",
  about: "Makes an unknown machine a new node, or the machine of a node that has none",
  positionals: { usage: "MAC [/URL=VALUE ...]", min: 1 },
  options: {
    as: { kind: "string", required: true, placeholder: "NAME", help: "Name of the node" },
    address: {
      kind: "string",
      placeholder: "ADDRESS",
      help: "Address of the node; default: the first free one of its boot network",
    },
    ...conditionOption,
    subnet: { kind: "string", placeholder: "NETWORK", help: "Take the first free address of this network" },
  },
  examples: [
    "krakenctl adopt 52:54:00:77:00:07 --as n7",
    "krakenctl adopt 52:54:00:77:00:07 --as n7 --address 10.77.0.17 /platform=redfish /runState=SYNC",
    "krakenctl adopt 52:54:00:77:00:08 --as n8 --subnet 10.77.0.0/24",
  ],
}, async (run) => {
  const [text = "", ...texts] = run.args;
  const { as: name, address, subnet } = run.options;
  const usageError = (problem: string) => showUsageError(run.terminal, problem, "krakenctl adopt");
  const mac = parseMac(text);
  if (mac === undefined) return usageError(`Cannot read '${text}': expected a MAC address such as 52:54:00:77:00:07`);
  if (!isNodeName(name)) return usageError(`Option '--as' is '${name}': expected a name`);
  if (address !== undefined && !isIpv4(address)) {
    return usageError(`Option '--address' is '${address}': expected an IPv4 address`);
  }
  if (subnet !== undefined && parseSubnet(subnet) === undefined) {
    return usageError(`Option '--subnet' is '${subnet}': expected a network such as 10.77.0.0/24`);
  }
  if (address !== undefined && subnet !== undefined) {
    return usageError("Expected '--address' or '--subnet': found both");
  }
  const given: CfgSetting[] = address === undefined ? [] : [{ url: "/ipv4/address", value: address, reported: false }];
  const parsed = parseAssignments(schema, texts, given);
  if (!parsed.ok) return usageError(parsed.problem);
  const answer = await run.client.call("adopt", {
    ...{ mac, subnet },
    body: { ...toMergePatch(parsed.assignments), name },
  }, asChange(run.options));
  return reportAnswer(run, answer, describeAdopted);
});
