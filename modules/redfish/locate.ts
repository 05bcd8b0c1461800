import { type ModuleNode, PermanentError } from "../../src/module/mod.ts";
import type { Ask } from "../power/mod.ts";
import type { Address } from "./access.ts";
import type { RedfishClient } from "./client.ts";
import { readMembers, readNames, readNextPage, readServiceRoot } from "./resources.ts";
import type { Access } from "./sessions.ts";

/** The most pages of a collection that are read, and the most systems that are looked into. */
const MAX_PAGES = 16;
const MAX_LOOKS = 64;

/**
 * Finds the ComputerSystem of a node: the one that its address names, otherwise the only one of the service, otherwise the
 * one whose URI ends in the node's name, otherwise the one that has its name or id in it.
 *
 * @throws {PermanentError} When there is none, or none of several is known by the node's name.
 */
export async function locateSystem(
  node: ModuleNode,
  address: Address,
  access: Access,
  client: RedfishClient,
  ask: Ask,
): Promise<URL> {
  if (address.system !== undefined) return address.system;
  const root = readServiceRoot(await client.get(access, address.root, ask));
  const members: string[] = [];
  let page: string | undefined = root.systems ?? "Systems";
  for (let pages = 0; page !== undefined && pages < MAX_PAGES; pages++) {
    const collection = await client.get(access, page, ask);
    members.push(...readMembers(collection));
    page = readNextPage(collection);
  }
  const [only] = members;
  if (only === undefined) throw new PermanentError(`${address.root.href} has no ComputerSystem`);
  const found = members.length === 1 ? only : await pick(node, members, access, client, ask);
  if (found !== undefined) return new URL(found, address.root);
  throw new PermanentError(
    `${address.root.href} has ${members.length} ComputerSystems, none of which is known as '${node.name}': ` +
      `set the node's '/bmc/address' to the URL of one, such as ${new URL(only, address.root).href}`,
  );
}

async function pick(
  node: ModuleNode,
  members: readonly string[],
  access: Access,
  client: RedfishClient,
  ask: Ask,
): Promise<string | undefined> {
  const names = [node.name.toLowerCase(), node.id.toLowerCase()];
  const byUri = members.find((uri) => names.includes(uri.split("/").filter(Boolean).at(-1)?.toLowerCase() ?? ""));
  if (byUri !== undefined) return byUri;
  for (const uri of members.slice(0, MAX_LOOKS)) {
    const known = readNames(await client.get(access, uri, ask));
    if (known.some((name) => names.includes(name))) return uri;
  }
  return undefined;
}
