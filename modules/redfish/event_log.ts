import { type Ask, cleanEntry, type LogEntry, newestFirst } from "../power/mod.ts";
import { TooLargeError } from "./answer.ts";
import { type RedfishClient, RefusedError } from "./client.ts";
import { link, links, part, type Resource } from "./resources.ts";
import type { Access } from "./sessions.ts";

/** The largest number of managers, logs, and pages of one log to read. */
const MAX_MANAGERS = 2;
const MAX_LOGS = 8;
const MAX_PAGES = 20;
/** No further page of a log is read after this many entries. */
const MAX_ENTRIES = 5_000;
/** The largest number of entries to request at a time if a page of the BMC's own size is too large. */
const PIECE = 50;

/** How requests are sent to a BMC. */
interface Asking {
  readonly access: Access;
  readonly client: RedfishClient;
  readonly ask: Ask;
}

/**
 * Reads the event logs of a machine and of its managers (LogService and LogEntry, DSP0268), newest entries first. A log
 * that cannot be read does not affect the others.
 *
 * @param system The ComputerSystem.
 * @param count Number of entries.
 * @param asking How requests are sent.
 * @returns The entries; undefined if there is no log.
 * @throws {Error} If there are logs and none could be read.
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

/** Lists the LogServices of a machine and its managers. */
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
    // Some BMCs list their entries without the content.
    const uri = member["Message"] === undefined && member["MessageId"] === undefined ? link(member) : undefined;
    const entry = readLogEntry(uri === undefined ? member : await client.get(access, uri, ask), name);
    if (entry !== undefined) read.push(entry);
  }
  return read;
}

/** Reads the LogEntry `entry` of `log`. @returns Undefined if it has no content. */
export function readLogEntry(entry: Resource, log: unknown): LogEntry | undefined {
  const { Id, Created, EventTimestamp, Severity, MessageSeverity, Message, MessageId } = entry;
  return cleanEntry({
    ...{ id: Id, log, time: Created ?? EventTimestamp, severity: Severity ?? MessageSeverity },
    message: typeof Message === "string" && Message.trim() !== "" ? Message : MessageId,
  });
}

/** Reads the members of a log that may be its newest: at most `count` if their order is known. */
async function readMembers(log: string, count: number, asking: Asking): Promise<readonly Resource[]> {
  try {
    return await readPages(log, count, asking);
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error;
    return await readPieces(log, count, asking, error);
  }
}

/** Reads a log page by page. @throws {TooLargeError} If a page is too large. */
async function readPages(
  first: string,
  count: number,
  { access, client, ask }: Asking,
): Promise<readonly Resource[]> {
  const members: Resource[] = [];
  let uri: string | undefined = first;
  for (let pages = 0; uri !== undefined && pages < MAX_PAGES && members.length < MAX_ENTRIES; pages++) {
    const page: Resource = await client.get(access, uri, ask);
    members.push(...membersOf(page));
    if (isNewestFirst(members) && members.length >= count) break;
    const next = page["Members@odata.nextLink"] ?? page["@odata.nextLink"];
    uri = typeof next === "string" ? skip(next, page["Members@odata.count"], count) : undefined;
  }
  return isNewestFirst(members) ? members.slice(0, count).reverse() : members.slice(-count);
}

/**
 * Reads the newest entries of a log a few at a time (`$skip` and `$top`, DSP0266, 7.3), fewer if even these are too
 * large.
 *
 * @throws {TooLargeError} The given error, if the BMC returns no part of the log.
 */
async function readPieces(
  log: string,
  count: number,
  asking: Asking,
  tooLarge: TooLargeError,
): Promise<readonly Resource[]> {
  const begin = await readPiece(log, 0, 1, asking);
  const total = begin["Members@odata.count"];
  if (typeof total !== "number" || !Number.isSafeInteger(total)) throw tooLarge;
  const end = await readPiece(log, total - 1, 1, asking);
  const ends = [membersOf(begin).slice(0, 1), membersOf(end).slice(-1)].flat();
  const isReversed = isNewestFirst(ends);
  if (total > 1 && new Set(ends.map((each) => each["@odata.id"])).size < 2) throw tooLarge; // it ignores $skip
  const found: Resource[] = []; // newest first
  const wanted = Math.min(count, total);
  let size = PIECE;
  for (let pieces = 0; found.length < wanted && pieces < MAX_PAGES; pieces++) {
    const most = Math.min(size, wanted - found.length);
    try {
      const from = isReversed ? found.length : total - found.length - most;
      const members = membersOf(await readPiece(log, from, most, asking)).slice(0, most);
      if (members.length === 0) break;
      found.push(...(isReversed ? members : members.reverse()));
    } catch (error) {
      if (!(error instanceof TooLargeError) || most === 1) throw error;
      size = Math.ceil(most / 4);
    }
  }
  return found.reverse();
}

function readPiece(log: string, from: number, most: number, { access, client, ask }: Asking): Promise<Resource> {
  const url = client.resolve(access, log);
  url.search = `?$skip=${from}&$top=${most}`;
  return client.get(access, url, ask);
}

function membersOf(page: Resource): Resource[] {
  const { Members } = page;
  const found: readonly unknown[] = Array.isArray(Members) ? Members : [];
  return found.map((member) => part({ member }, "member"));
}

/** The newest entries come last: pages between are skipped if their names contain what they skip. */
function skip(next: string, total: unknown, count: number): string {
  if (typeof total !== "number" || !Number.isSafeInteger(total)) return next;
  return next.replace(
    /([?&]\$skip=)(\d{1,9})(?=&|$)/,
    (_all, name: string, from: string) => `${name}${Math.max(Number(from), total - count)}`,
  );
}

/** Tells whether a list of entries begins with the newest, by their times or else by the numbers at their ends. */
function isNewestFirst(members: readonly Resource[]): boolean {
  const [first, last] = [members[0], members.at(-1)];
  if (first === undefined || last === undefined) return false;
  const times = [first, last].map(({ Created }) => typeof Created === "string" ? Date.parse(Created) : NaN);
  const [begun = NaN, ended = NaN] = times.some(Number.isNaN) || times[0] === times[1]
    ? [first, last].map((member) => Number(/(\d{1,15})\/?$/.exec(link(member) ?? "")?.[1] ?? NaN))
    : times;
  return begun > ended;
}
