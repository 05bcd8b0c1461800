import { MistakeError, type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import type { Ask } from "../power/mod.ts";
import type { Address } from "./access.ts";
import type { RedfishClient } from "./client.ts";
import {
  canReset,
  readMemberCount,
  readMembers,
  readNames,
  readNextPage,
  readServiceRoot,
  type Resource,
} from "./resources.ts";
import type { Access } from "./sessions.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The largest number of pages of a collection, and of systems, to read. */
const MAX_PAGES = 16;
const MAX_LOOKS = 64;

/** The place of a node's ComputerSystem or Chassis. */
export interface Located {
  readonly system: URL;
  /**
   * The collection of which it is the only member, if that is the only reason to choose it: a starting BMC may list one
   * of its systems before the others.
   */
  readonly onlyOf?: string;
}

/**
 * Finds the ComputerSystem of a node: the one named in its address, otherwise the only one of the service, otherwise
 * the one whose URI ends in the node's name, otherwise the one that contains its name or id, otherwise the only one
 * that can be reset. A service without ComputerSystems may have the node as a Chassis. A Chassis is never guessed,
 * because Reset of an enclosure affects all of its machines.
 *
 * @param node The node.
 * @param address The address of its controller.
 * @param access How to authenticate.
 * @param client Sends the requests.
 * @param ask Limits of the requests.
 * @throws {MistakeError} If there are several and none is known by the node's name.
 * @throws {UnavailableError} If there is none at present, not all are listed, or one that cannot be read might be the
 *   node.
 */
export async function locateSystem(
  node: ModuleNode,
  address: Address,
  access: Access,
  client: RedfishClient,
  ask: Ask,
): Promise<Located> {
  if (address.system !== undefined) return { system: address.system };
  const root = readServiceRoot(await client.get(access, address.root, ask));
  const look: Look = { node, access, client, ask };
  if (root.systems === undefined && root.chassis !== undefined) {
    return { system: client.resolve(access, await pickChassis(look, await membersOf(look, root.chassis))) };
  }
  const collection = root.systems ?? "Systems";
  const members = await membersOf(look, collection);
  const system = client.resolve(access, await pickSystem(look, members));
  const isGuess = members.length === 1 && findByUri(node, members) === undefined;
  return { system, ...(isGuess && { onlyOf: collection }) };
}

/**
 * Tells whether a system that was chosen as the only one of its BMC still is.
 *
 * @param look How to read it.
 */
export async function isStillOnly(
  { system, onlyOf }: Located,
  look: Pick<Look, "access" | "client" | "ask">,
): Promise<boolean> {
  if (onlyOf === undefined) return true;
  const [only, ...others] = await membersOf(look, onlyOf);
  return only !== undefined && others.length === 0 && look.client.resolve(look.access, only).href === system.href;
}

interface Look {
  readonly node: ModuleNode;
  readonly access: Access;
  readonly client: RedfishClient;
  readonly ask: Ask;
}

/** @throws {UnavailableError} If only one of several members is listed. */
async function membersOf(
  { access, client, ask }: Pick<Look, "access" | "client" | "ask">,
  collection: string,
): Promise<readonly string[]> {
  const members: string[] = [];
  let page: string | undefined = collection;
  let total = 0;
  for (let pages = 0; page !== undefined && pages < MAX_PAGES; pages++) {
    const found = await client.get(access, page, ask);
    members.push(...readMembers(found));
    total = Math.max(total, readMemberCount(found));
    page = readNextPage(found);
  }
  if (members.length !== 1 || total <= 1) return members;
  throw new UnavailableError(
    `${access.root.href} lists 1 of the ${total} members of '${collection}' at this moment: where that lasts, set the node's ` +
      "'/bmc/address' to the URL of its own",
  );
}

async function pickSystem(look: Look, members: readonly string[]): Promise<string> {
  const { href } = look.access.root;
  const [only] = members;
  if (only === undefined) throw new UnavailableError(`${href} has no ComputerSystem at this moment`);
  const byUri = members.length === 1 ? only : findByUri(look.node, members);
  if (byUri !== undefined) return byUri;
  const { read, silent } = await readAll(look, members);
  const named = findByName(look.node, read);
  if (named !== undefined) return named;
  // A board of GPUs may be a system of its own that does not answer while the machine is off.
  const [host, ...others] = [...read].filter(([, system]) => canReset(system) && system["SystemType"] !== "DPU");
  const doubtful = silent.find(([uri]) => !/\/HGX_[^/]*\/?$/.test(uri));
  if (host !== undefined && others.length === 0) {
    if (doubtful === undefined) return host[0];
    throw new UnavailableError(`${href} may have '${look.node.name}' as '${doubtful[0]}': ${doubtful[1]}`);
  }
  throw noneOf(look, members, "ComputerSystems");
}

async function pickChassis(look: Look, members: readonly string[]): Promise<string> {
  const found = findByUri(look.node, members) ?? findByName(look.node, (await readAll(look, members)).read);
  if (found !== undefined) return found;
  throw noneOf(look, members, "Chassis and no ComputerSystems");
}

function noneOf({ node, access }: Look, members: readonly string[], what: string): MistakeError {
  const example = members[0] === undefined ? "" : `, such as ${new URL(members[0], access.root).href}`;
  return new MistakeError(
    `${access.root.href} has ${members.length} ${what}, none of which is known as '${node.name}': ` +
      `set the node's '/bmc/address' to the URL of one${example}`,
  );
}

function namesOf(node: ModuleNode): readonly string[] {
  return [node.name.toLowerCase(), node.id.toLowerCase()];
}

function findByUri(node: ModuleNode, members: readonly string[]): string | undefined {
  return members.find((uri) => namesOf(node).includes(uri.split("/").filter(Boolean).at(-1)?.toLowerCase() ?? ""));
}

function findByName(node: ModuleNode, systems: ReadonlyMap<string, Resource>): string | undefined {
  const names = namesOf(node);
  return [...systems].find(([, system]) => readNames(system).some((name) => names.includes(name)))?.[0];
}

/** Reads members, and collects those that cannot be read, with the reason. */
async function readAll({ access, client, ask }: Look, members: readonly string[]) {
  const read = new Map<string, Resource>();
  const silent: (readonly [string, string])[] = [];
  for (const uri of members.slice(0, MAX_LOOKS)) {
    try {
      read.set(uri, await client.get(access, uri, ask));
    } catch (error) {
      ask.signal.throwIfAborted();
      silent.push([uri, errorText(error)]);
    }
  }
  return { read, silent };
}
