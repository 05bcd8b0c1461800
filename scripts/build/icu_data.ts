/** Where an ICU data package is in a file. */
export interface IcuData {
  /** The table of contents: a count, and then two numbers for each item, which count from here. */
  readonly table: number;
  /** In the order of their names, which is that of their contents too. */
  readonly items: readonly IcuItem[];
}

/** A file within an ICU data package. */
export interface IcuItem {
  /** Without the package's own: `coll/de.res`. */
  readonly name: string;
  /** Where its name and its contents are, from the table of contents. */
  readonly nameAt: number;
  readonly at: number;
  /** Bytes; undefined for the last one, of which nothing says where it ends. */
  readonly size: number | undefined;
}

/** Packages and the items in them are aligned to as many bytes. */
const ALIGNMENT = 16;
/** A header's least size, up to its text. */
const HEADER_SIZE = 24;
const COMMON_DATA = 0x436d_6e44; // "CmnD"
/** More than any package has: Node's has 4,305. */
const MAX_ITEMS = 20_000;
const MAX_NAME = 100;

/**
 * Finds the ICU data package in an executable (ICU's udata.h and ucmndata.h: a header `UDataInfo` with the format `CmnD`
 * 1, a table of contents, names, and items that have a header each). Everything is checked that {@link withoutItems}
 * relies on.
 *
 * @returns undefined when there is none, as in executables that are linked with a library of it.
 * @throws {TypeError} When there is one that is not as expected, or more than one.
 */
export function findIcuData(file: Uint8Array): IcuData | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let found: number | undefined;
  for (let at = 0; at + HEADER_SIZE <= file.length; at += ALIGNMENT) {
    if (!isHeader(view, at) || view.getUint32(at + 12) !== COMMON_DATA) continue;
    if (found !== undefined) throw new TypeError(`Expected one ICU data package, not one at ${found} and one at ${at}`);
    found = at;
  }
  return found === undefined ? undefined : readPackage(file, view, found);
}

/** The header of a package or an item: its size, two magic bytes, the size of what describes it, little-endian, in ASCII. */
function isHeader(view: DataView, at: number): boolean {
  if (at + HEADER_SIZE > view.byteLength || view.getUint16(at + 2) !== 0xda27) return false;
  const size = view.getUint16(at, true);
  return size >= HEADER_SIZE && at + size <= view.byteLength && view.getUint16(at + 4, true) >= 20 &&
    view.getUint8(at + 8) === 0 && view.getUint8(at + 9) === 0;
}

function readPackage(file: Uint8Array, view: DataView, start: number): IcuData {
  const version = view.getUint8(start + 16);
  if (version !== 1) throw new TypeError(`Expected an ICU data package of format 1, not ${version}`);
  const table = start + view.getUint16(start, true);
  const count = table + 4 <= file.length ? view.getUint32(table, true) : 0;
  const names = 4 + count * 8;
  if (count === 0 || count > MAX_ITEMS || table + names > file.length) {
    throw new TypeError(`Expected an ICU data package of 1 to ${MAX_ITEMS} items, not of ${count}`);
  }
  const entries = Array.from({ length: count }, (_, index) => {
    const nameAt = view.getUint32(table + 4 + index * 8, true);
    return { nameAt, at: view.getUint32(table + 8 + index * 8, true), path: nameOf(file, table, nameAt) };
  });
  const folder = /^icudt\d+l\//.exec(entries[0]?.path ?? "")?.[0] ?? "icudt";
  let [lastPath, lastAt] = ["", names];
  for (const { path, at, nameAt } of entries) {
    const fits = nameAt >= names && path > lastPath && path.startsWith(folder) && at > lastAt && at % ALIGNMENT === 0 &&
      isHeader(view, table + at);
    if (!fits) {
      throw new TypeError(`Expected an item after "${lastPath}" in an ICU data package, not "${path}" at ${at}`);
    }
    [lastPath, lastAt] = [path, at];
  }
  const items = entries.map(({ nameAt, at, path }, index) => {
    const next = entries[index + 1];
    return { name: path.slice(folder.length), nameAt, at, size: next === undefined ? undefined : next.at - at };
  });
  return { table, items };
}

function nameOf(file: Uint8Array, table: number, nameAt: number): string {
  const bytes = file.subarray(table + nameAt, table + nameAt + MAX_NAME);
  const end = bytes.indexOf(0);
  const name = String.fromCharCode(...bytes.subarray(0, Math.max(end, 0)));
  if (!/^[\w/.-]+$/.test(name)) throw new TypeError(`Expected the name of an item at ${nameAt} in an ICU data package`);
  return name;
}

/**
 * A file whose ICU data package lacks some items: they are not in its table of contents, and zeros are where they were.
 * Nothing else moves. ICU goes on without what is not there, as for any language that it does not have.
 *
 * @returns undefined when the file has no such package.
 * @throws {TypeError} As {@link findIcuData}.
 */
export function withoutItems(file: Uint8Array, isNeeded: (name: string) => boolean): Uint8Array | undefined {
  const data = findIcuData(file);
  if (data === undefined) return undefined;
  const { table, items } = data;
  const result = new Uint8Array(file);
  for (const { name, at, size } of items) {
    if (size !== undefined && !isNeeded(name)) result.fill(0, table + at, table + at + size);
  }
  const kept = items.filter(({ name }) => isNeeded(name));
  const view = new DataView(result.buffer);
  result.fill(0, table, table + 4 + items.length * 8);
  view.setUint32(table, kept.length, true);
  kept.forEach(({ nameAt, at }, index) => {
    view.setUint32(table + 4 + index * 8, nameAt, true);
    view.setUint32(table + 8 + index * 8, at, true);
  });
  return result;
}

/** Languages and regions: `de.res`, `zh_Hant_HK.res`, `coll/de__PHONEBOOK.res`; `res_index.res` is none. */
const LOCALE = /^(?:[a-z]+\/)?(?!res_index\.)([a-z]{2,3})(?:_\w*)?\.res$/;
/** Converters between encodings, dictionaries of languages without spaces, and other tables that only some programs use. */
const SPECIAL = /\.(?:cnv|dict|spp|cfu)$|^translit\/|^unames\.icu$|^brkitr\/\w*graphclust\w*\.res$/;

/**
 * Whether an agent needs an item of ICU's data: it has English, and what works for every language. Others are treated as
 * English, and `TextDecoder` refuses what is neither UTF nor Latin.
 */
export function isNeededByAgents(name: string): boolean {
  const language = LOCALE.exec(name)?.[1];
  return (language === undefined || language === "en") && !SPECIAL.test(name);
}
