/** The share of its boot files that one machine has loaded. */
export interface TransferProgress {
  /** Records that it has taken these bytes of a file: from `first` up to, but not including, `end`. */
  took(path: string, first: number, end: number, size: number): void;
  /** Of all files together, in percent; 100 only when it has all of them completely. */
  readonly percent: number;
}

/**
 * Counts the boot with the files `paths`. Until part of a file was taken, its size is unknown and it counts as much as
 * the others. A part beyond a gap counts when the gap has been filled.
 */
export function createTransferProgress(paths: readonly string[]): TransferProgress {
  const files = new Map(paths.map((path) => [path, { had: 0, size: -1 }]));
  return {
    took(path, first, end, size) {
      const file = files.get(path);
      if (file === undefined) return;
      if (file.size !== size) Object.assign(file, { had: 0, size }); // another version of it
      if (first <= file.had) file.had = Math.max(file.had, end);
    },
    get percent() {
      const sizes = [...files.values()].map(({ size }) => size).filter((size) => size >= 0);
      const typical = sizes.length === 0 ? 1 : sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
      let had = 0;
      let all = 0;
      for (const file of files.values()) {
        had += file.had;
        all += file.size < 0 ? typical : file.size;
      }
      const isWhole = [...files.values()].every((file) => file.size >= 0 && file.had >= file.size);
      return isWhole ? 100 : Math.min(99, Math.floor(100 * had / Math.max(1, all)));
    },
  };
}
