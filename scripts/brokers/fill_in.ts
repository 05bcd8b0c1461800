/**
 * A broker's example file with some of its texts replaced, so that it can be run as it stands: ports, paths, names.
 *
 * All replacements are made at once: what one puts in, another one does not replace.
 *
 * @param values What to replace, everywhere in the file, by what.
 * @throws {RangeError} When the file does not have one of the texts: it was changed, and this one was not.
 */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  const keys = Object.keys(values);
  const missing = keys.filter((key) => key === "" || !text.includes(key));
  if (missing.length > 0) throw new RangeError(`Cannot fill in "${missing.join('", "')}" as the file does not have it`);
  if (keys.length === 0) return text;
  const longestFirst = keys.sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map((key) => key.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), "g");
  return text.replaceAll(pattern, (key) => values[key] ?? key);
}
