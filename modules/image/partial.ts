import { createHash, type Hash } from "node:crypto";
import { createReadStream, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open, readFile, rename } from "node:fs/promises";

/**
 * A file that is being fetched: its bytes so far, and their hash. It gets its own name only when it is complete and
 * correct.
 */
export interface PartialFile {
  /** Number of bytes present. */
  readonly size: number;
  /** The validator that the server sent with them (RFC 9110, section 8.8.3); undefined without a strong one. */
  readonly etag: string | undefined;
  append(chunk: Uint8Array): Promise<void>;
  /** Starts again, with the validator that the server sends now. */
  reset(etag: string | undefined): Promise<void>;
  /** SHA-256 of the bytes so far, in hexadecimal digits. */
  digest(): string;
  /** Gives the file its own name. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the partial file of `file`. What an earlier run has fetched is kept, and hashed again. */
export async function openPartial(file: string): Promise<PartialFile> {
  const [part, etagFile] = [`${file}.part`, `${file}.etag`];
  const handle: FileHandle = await open(part, "a");
  let etag = (await readFile(etagFile, "utf8").catch(() => "")) || undefined;
  let hash: Hash = createHash("sha256");
  let size = 0;
  try {
    for await (const chunk of createReadStream(part)) {
      hash.update(chunk);
      size += chunk.length;
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    get size() {
      return size;
    },
    get etag() {
      return etag;
    },
    async append(chunk) {
      for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
      hash.update(chunk);
      size += chunk.length;
    },
    async reset(newEtag) {
      await handle.truncate(0);
      hash = createHash("sha256");
      size = 0;
      etag = newEtag;
      writeFileSync(etagFile, newEtag ?? "");
    },
    digest: () => hash.copy().digest("hex"),
    async finish() {
      await rename(part, file);
      rmSync(etagFile, { force: true });
    },
    close: () => handle.close(),
  };
}
