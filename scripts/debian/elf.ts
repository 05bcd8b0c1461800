/** A section of an ELF file. */
interface Section {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

const HEADER_SIZE = 64;
const SECTION_SIZE = 64;
const DYNAMIC_SIZE = 16;
/** Tags of the dynamic section: the string of a library that is needed, and the section's end. */
const DT_NEEDED = 1n;
const DT_NULL = 0n;

/**
 * The libraries that an executable or library is linked with, and its loader where it has one: file names, and the
 * loader's path. From the sections `.dynamic`, `.dynstr` and `.interp` (System V ABI, chapter 5).
 *
 * @throws {TypeError} When it is no 64-bit little-endian ELF file.
 */
export function neededBy(file: Uint8Array): { readonly libraries: readonly string[]; readonly loader?: string } {
  const dynamic = section(file, ".dynamic");
  const strings = section(file, ".dynstr");
  const interp = section(file, ".interp");
  const loader = interp === undefined ? {} : { loader: text(interp, 0) };
  if (dynamic === undefined || strings === undefined) return { libraries: [], ...loader };
  const view = viewOf(dynamic);
  const libraries: string[] = [];
  for (let at = 0; at + DYNAMIC_SIZE <= dynamic.length; at += DYNAMIC_SIZE) {
    const tag = view.getBigUint64(at, true);
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) libraries.push(text(strings, Number(view.getBigUint64(at + 8, true))));
  }
  return { libraries, ...loader };
}

/**
 * What a kernel module says of itself, in its section `.modinfo`: `key=value`, in order.
 *
 * @throws {TypeError} When it is no 64-bit little-endian ELF file.
 */
export function moduleInfo(file: Uint8Array): readonly (readonly [key: string, value: string])[] {
  const info = section(file, ".modinfo");
  if (info === undefined) return [];
  return new TextDecoder("latin1").decode(info).split("\0").flatMap((line) => {
    const at = line.indexOf("=");
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
}

function section(file: Uint8Array, name: string): Uint8Array | undefined {
  const found = sections(file).find((each) => each.name === name);
  return found === undefined ? undefined : file.subarray(found.offset, found.offset + found.size);
}

function sections(file: Uint8Array): Section[] {
  const view = viewOf(file);
  const isElf = file.length >= HEADER_SIZE && view.getUint32(0) === 0x7f45_4c46 && file[4] === 2 && file[5] === 1;
  if (!isElf) throw new TypeError("Expected a 64-bit little-endian ELF file");
  const [start, count, namesIndex] = [
    Number(view.getBigUint64(40, true)),
    view.getUint16(60, true),
    view.getUint16(62, true),
  ];
  const at = (index: number): Omit<Section, "name"> & { readonly nameAt: number } => {
    const header = start + index * SECTION_SIZE;
    if (index >= count || header + SECTION_SIZE > file.length) {
      throw new TypeError(`Expected ${count} section headers at ${start} in an ELF file of ${file.length} bytes`);
    }
    return {
      nameAt: view.getUint32(header, true),
      offset: Number(view.getBigUint64(header + 24, true)),
      size: Number(view.getBigUint64(header + 32, true)),
    };
  };
  if (count === 0) return [];
  const table = at(namesIndex);
  const names = file.subarray(table.offset, table.offset + table.size);
  return Array.from({ length: count }, (_, index) => {
    const { nameAt, offset, size } = at(index);
    return { name: text(names, nameAt), offset, size };
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The string that begins at a place and ends with a zero byte. */
function text(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  return new TextDecoder("latin1").decode(bytes.subarray(at, end < 0 ? undefined : end));
}
