import { type Ask, cleanEntry, type LogEntry, newestFirst } from "../power/mod.ts";
import { type RedfishClient, RefusedError } from "./client.ts";
import { link, links, part, type Resource } from "./resources.ts";
import type { Access } from "./sessions.ts";

/** The most managers, logs, and pages of one log that are looked into. */
const MAX_MANAGERS = 2;
const MAX_LOGS = 8;
const MAX_PAGES = 20;
/** The most entries of one log that are looked at. */
const MAX_ENTRIES = 5_000;

/** How a BMC is asked. */
interface Asking {
  readonly access: Access;
  readonly client: RedfishClient;
  readonly ask: Ask;
}

/**
 * Reads the event logs of a machine and of its managers (LogService and LogEntry, DSP0268): the newest entries of all, the newest
 * first. A log that can't be read spoils no other.
 *
 * @returns Undefined when there is no log.
 * @throws {Error} When there are logs, and none could be read.
 */
export async function readEventLogs(
  system: Resource,
  count: number,
  asking: Asking,
): Promise<readonly LogEntry[] | undefined> {
  const services = await findServices(system, asking);
  const entries: LogEntry[] = [];
  let [isRead, failed]: [boolean, unknown] = [false, undefined];
  for (const service of services) {
    try {
      entries.push(...await readService(service, count, asking));
      isRead = true;
    } catch (error) {
      asking.ask.signal.throwIfAborted();
      failed = error;
    }
  }
  if (!isRead && failed !== undefined) throw failed;
  return isRead ? newestFirst(entries, count) : undefined;
}

/** The LogServices of a machine and its managers. */
async function findServices(system: Resource, asking: Asking): Promise<readonly string[]> {
  const owners = [system];
  for (const uri of links(part(system, "Links")["ManagedBy"]).slice(0, MAX_MANAGERS)) {
    const manager = await getIfThere(uri, asking);
    if (manager !== undefined) owners.push(manager);
  }
  const found = new Set<string>();
  for (const owner of owners) {
    const uri = link(owner["LogServices"]);
    const collection = uri === undefined ? undefined : await getIfThere(uri, asking);
    for (const service of links(collection?.["Members"])) found.add(service);
  }
  return [...found].slice(0, MAX_LOGS);
}

async function getIfThere(uri: string, { access, client, ask }: Asking): Promise<Resource | undefined> {
  try {
    return await client.get(access, uri, ask);
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

async function readService(uri: string, count: number, asking: Asking): Promise<readonly LogEntry[]> {
  const { access, client, ask } = asking;
  const service = await client.get(access, uri, ask);
  const entries = link(service["Entries"]);
  if (service["ServiceEnabled"] === false || entries === undefined) return [];
  const name = typeof service["Id"] === "string" ? service["Id"] : service["Name"];
  const members = await readMembers(entries, count, asking);
  const read: LogEntry[] = [];
  for (const member of members) {
    // Some BMCs list their entries without what is in them.
    const uri = member["Message"] === undefined && member["MessageId"] === undefined ? link(member) : undefined;
    const entry = readLogEntry(uri === undefined ? member : await client.get(access, uri, ask), name);
    if (entry !== undefined) read.push(entry);
  }
  return read;
}

/** Reads a LogEntry. @returns Undefined when it says nothing. */
export function readLogEntry(entry: Resource, log: unknown): LogEntry | undefined {
  const { Id, Created, EventTimestamp, Severity, MessageSeverity, Message, MessageId } = entry;
  return cleanEntry({
    ...{ id: Id, log, time: Created ?? EventTimestamp, severity: Severity ?? MessageSeverity },
    message: typeof Message === "string" && Message.trim() !== "" ? Message : MessageId,
  });
}

/** The members of a log that may be its newest: at most `count` of them where their order is known. */
async function readMembers(
  first: string,
  count: number,
  { access, client, ask }: Asking,
): Promise<readonly Resource[]> {
  const members: Resource[] = [];
  let uri: string | undefined = first;
  for (let pages = 0; uri !== undefined && pages < MAX_PAGES && members.length < MAX_ENTRIES; pages++) {
    const page: Resource = await client.get(access, uri, ask);
    const { Members } = page;
    const found: readonly unknown[] = Array.isArray(Members) ? Members.slice(0, MAX_ENTRIES) : [];
    for (const member of found) members.push(part({ member }, "member"));
    if (isNewestFirst(members) && members.length >= count) break;
    const next = page["Members@odata.nextLink"] ?? page["@odata.nextLink"];
    uri = typeof next === "string" ? skip(next, page["Members@odata.count"], count) : undefined;
  }
  return isNewestFirst(members) ? members.slice(0, count).reverse() : members.slice(-count);
}

/** The newest are the last: what is in between need not be read where pages are named by what they skip. */
function skip(next: string, total: unknown, count: number): string {
  if (typeof total !== "number" || !Number.isSafeInteger(total)) return next;
  return next.replace(
    /([?&]\$skip=)(\d{1,9})(?=&|$)/,
    (_all, name: string, from: string) => `${name}${Math.max(Number(from), total - count)}`,
  );
}

/** Whether a list of entries begins with the newest, by their times or, without these, the numbers that they end in. */
function isNewestFirst(members: readonly Resource[]): boolean {
  const [first, last] = [members[0], members.at(-1)];
  if (first === undefined || last === undefined) return false;
  const times = [first, last].map(({ Created }) => typeof Created === "string" ? Date.parse(Created) : NaN);
  const [begun = NaN, ended = NaN] = times.some(Number.isNaN) || times[0] === times[1]
    ? [first, last].map((member) => Number(/(\d{1,15})\/?$/.exec(link(member) ?? "")?.[1] ?? NaN))
    : times;
  return begun > ended;
}
