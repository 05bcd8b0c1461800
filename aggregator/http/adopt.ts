import { ipv4Text, parseMac, parseSubnet, recognizePi } from "../../src/boot/mod.ts";
import { type Value, type Values } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { faulty, invalid, type Outcome, type Problem, problemOf } from "../../src/http/mod.ts";
import type { BootNetwork } from "../nodes/unknown_machines.ts";
import { sendTo } from "./elsewhere.ts";
import { checkCfg, etagOf } from "./etag.ts";
import type { Handler } from "./handler.ts";
import { readPatch } from "./patch.ts";
import { presentChange } from "./present.ts";

/** The query of an adoption: what an aggregator that sends somebody to the root knows of the machine and its network. */
interface AdoptQuery {
  readonly subnet?: string;
  readonly parent?: string;
  readonly arch?: string;
  /** The aggregator's own address there, which no machine is given. */
  readonly server?: string;
  /** How it boots, where it is known to be no usual machine. */
  readonly method?: string;
  /** The serial number of a Raspberry Pi. */
  readonly serial?: string;
}

/** Makes what answers `POST /api/v1/discovered/{mac}/adopt`: a machine becomes a node, or the machine of a node that has none. */
export function createAdopter(control: Control, network: BootNetwork | undefined): Handler<"adopt"> {
  /** What is known here of a machine, completed with what is known where it was asked first. */
  function aboutMachine(mac: string, query: AdoptQuery): AdoptQuery {
    const seen = network?.unknownMachines.find(mac);
    const pi = seen === undefined || seen.asked === "script" ? undefined : recognizePi(seen);
    const arch = query.arch ?? (pi === undefined ? archOf(seen?.arch) : "aarch64");
    const method = query.method ?? (pi === undefined ? undefined : "rpi");
    const serial = query.serial ?? pi?.serial;
    const subnet = query.subnet ?? network?.subnet;
    const server = query.server ?? network?.address;
    return {
      parent: query.parent ?? control.name,
      ...(arch !== undefined && { arch }),
      ...(subnet !== undefined && { subnet }),
      ...(server !== undefined && { server }),
      ...(method !== undefined && { method }),
      ...(serial !== undefined && { serial }),
    };
  }

  return (asked, call) => {
    const mac = parseMac(asked.mac);
    if (mac === undefined) {
      const detail = `'${asked.mac.slice(0, 40)}' is no MAC address: expected one such as 52:54:00:77:00:01`;
      return { ok: false, problem: faulty("malformed", [{ detail, parameter: "mac" }]) };
    }
    const about = aboutMachine(mac, asked);
    const here = sendTo(control.elsewhere(), "changes of desired state", call, { ...about });
    if (!here.ok) return here;
    const read = readAdoption(control, asked.body);
    if (!read.ok) return read;
    const { name, node, values } = read.value;
    const stands = standsAgainst(mac, node, values);
    if (stands !== undefined) return { ok: false, problem: stands };
    const refused = node === undefined ? undefined : checkCfg(call.header("if-match"), node);
    if (refused !== undefined) return refused;
    const completed = complete(control, mac, about, node?.cfg ?? new Map(), values);
    if (!completed.ok) return completed;
    const result = node === undefined
      ? control.apply([{ name, cfg: withoutNull(completed.value) }], {})
      : control.patchCfg([{ id: node.id, values: completed.value }], {});
    if (!result.ok) return { ok: false, problem: problemOf(result) };
    const [change] = result.changes;
    if (change === undefined) throw new Error(`Expected the change of node '${name}' in the answer to its adoption`);
    const value = { mac, ...presentChange(change) };
    return { ok: true, value, status: change.created ? 201 : 200, etag: etagOf(change.version) };
  };
}

/** Who a machine is to be, and what is asked for with that. */
interface Adoption {
  readonly name: string;
  /** Where there is a node of this name. */
  readonly node: NodeDetail | undefined;
  readonly values: ReadonlyMap<string, Value | null>;
}

function readAdoption(
  control: Control,
  { name, ...patch }: { readonly name: string; readonly [key: string]: unknown },
): Outcome<Adoption> {
  const node = control.find(name);
  const read = readPatch(control.schema, node?.cfg ?? new Map(), patch);
  return read.ok
    ? { ok: true, value: { name, node, values: read.values } }
    : { ok: false, problem: invalid(read.problems) };
}

/** Why a node does not become this machine's. */
function standsAgainst(
  mac: string,
  node: NodeDetail | undefined,
  values: ReadonlyMap<string, Value | null>,
): Problem | undefined {
  const given = values.get("/ipv4/mac");
  if (given !== undefined && parseMac(String(given)) !== mac) {
    return invalid([`/ipv4/mac is ${JSON.stringify(given)}: expected "${mac}", as the path has it, or nothing`]);
  }
  const has = node?.cfg.get("/ipv4/mac");
  if (node === undefined || has === undefined || has === mac) return undefined;
  const detail =
    `Node '${node.name}' has the machine ${has} already: set its /ipv4/mac to exchange that for another one`;
  return { kind: "conflict", detail };
}

/** Adds what nobody has said: MAC address, method, parent, architecture, and a free address. */
function complete(
  control: Control,
  mac: string,
  about: AdoptQuery,
  cfg: Values,
  asked: ReadonlyMap<string, Value | null>,
): Outcome<Map<string, Value | null>> {
  const values = new Map(asked);
  const offer = (url: string, value: Value | undefined): void => {
    if (value !== undefined && !cfg.has(url) && !values.has(url)) values.set(url, value);
  };
  values.set("/ipv4/mac", mac);
  offer("/boot/method", about.method ?? "pxe");
  if ((values.get("/boot/method") ?? cfg.get("/boot/method")) === "rpi") offer("/rpi/serial", about.serial);
  offer("/parent", about.parent);
  offer("/arch", about.arch);
  if (about.subnet === undefined || cfg.has("/ipv4/address") || values.has("/ipv4/address")) {
    return { ok: true, value: values };
  }
  const subnet = parseSubnet(about.subnet);
  if (subnet === undefined) {
    const detail = `Parameter 'subnet' is '${about.subnet.slice(0, 40)}': expected a network such as 10.77.0.0/24`;
    return { ok: false, problem: faulty("malformed", [{ detail, parameter: "subnet" }]) };
  }
  const taken = takenAddresses(control, about, new Map([...cfg, ...withoutNull(values)]));
  for (let at = subnet.first + 1; at < subnet.last; at++) {
    const address = ipv4Text(at);
    if (taken.has(address)) continue;
    values.set("/ipv4/address", address);
    offer("/ipv4/prefix", subnet.prefix);
    return { ok: true, value: values };
  }
  return { ok: false, problem: { kind: "conflict", detail: `There is no free address in ${about.subnet}` } };
}

/** Addresses that no new machine is given: those of machines, routers, name servers, and the aggregator's own. */
function takenAddresses(control: Control, { server }: AdoptQuery, cfg: Values): ReadonlySet<unknown> {
  const parent = cfg.get("/parent");
  const taken = new Set<unknown>([server, ...control.takenFor(typeof parent === "string" ? parent : undefined).keys()]);
  for (const url of ["/ipv4/address", "/ipv4/gateway", "/ipv4/dns"]) {
    for (const value of [...control.cfgValues(url), cfg.get(url)]) {
      for (const each of Array.isArray(value) ? value : [value]) taken.add(each);
    }
  }
  return taken;
}

function withoutNull(values: ReadonlyMap<string, Value | null>): Map<string, Value> {
  return new Map([...values].flatMap(([url, value]): [string, Value][] => value === null ? [] : [[url, value]]));
}

/** What machines call their architecture, as `/arch` has it. */
function archOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/aarch64|arm64/.test(text)) return "aarch64";
  return /x86_64|x86-64|bios|i386|pcbios/.test(text) ? "x86_64" : undefined;
}
