import type { OpenFile } from "../open_file.ts";
import type { TftpSource } from "./types.ts";

/** Returns a source that sends `bytes`. */
export function bytesSource(bytes: Uint8Array): TftpSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    close: () => Promise.resolve(),
  };
}

/**
 * Returns a source that sends the open `file`, and closes it at the end. A file that becomes shorter meanwhile ends the
 * transfer.
 */
export function fileSource(file: OpenFile): TftpSource {
  return {
    size: file.size,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      let got = 0;
      while (got < length) {
        const { bytesRead } = await file.handle.read(bytes, got, length - got, offset + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      if (got < length && offset + got < file.size) {
        throw new Error(`Cannot read "${file.path}" to its end: it had ${file.size} bytes, now ${offset + got}`);
      }
      return bytes.subarray(0, got);
    },
    close: () => file.handle.close(),
  };
}
