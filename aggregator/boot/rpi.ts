import { piFile, renderCommandLine, renderConfig } from "../../modules/rpi/files.ts";
import type { RpiHost, RpiRegistry } from "../../modules/rpi/module.ts";
import type { Clock } from "../../src/clock.ts";
import { createRefusalLog, type Log } from "../../src/log.ts";
import { refusalOf } from "./admission.ts";
import type { Boots } from "./http/boots.ts";
import { openFile } from "./open_file.ts";
import { createTransferProgress, type TransferProgress } from "./progress.ts";
import { bytesSource, fileSource, type TftpClient, type TftpEvent, type TftpSource } from "./tftp/mod.ts";

/** Serves files to Raspberry Pis over TFTP. */
export interface RpiBoot {
  /** Returns what to send for a path; "other": not a path of a Raspberry Pi; "later": see the TFTP server. */
  read(path: string, client: TftpClient): Promise<TftpSource | undefined | "other" | "later">;
  /** Handles events of the TFTP server, for any machine. */
  note(event: TftpEvent): void;
  /** Reports that the machine of a node has taken an address to boot with: it gets a new token. */
  begins(id: string): void;
  /** Reports that the boot of a node has ended, or that the node no longer exists. */
  end(id: string): void;
}

/**
 * Creates the service for Raspberry Pis.
 *
 * @param parts `files` is the folder that is served; `words` returns the kernel arguments of a new boot, including a
 *   token; `admit` tells whether a node's machine may have those now, and counts that.
 */
export function createRpiBoot(
  parts: {
    readonly registry: RpiRegistry;
    readonly files: string;
    /** Whether this program assigns addresses: then each machine must ask from its own. */
    readonly holdsAddresses: boolean;
    readonly words: (host: RpiHost) => readonly string[];
    readonly admit: Boots["admit"];
    /** Returns why a machine cannot boot what its cfg says, in words; undefined if it can. */
    fault(host: RpiHost): Promise<string | undefined>;
    readonly clock: Clock;
    readonly log: Log;
  },
): RpiBoot {
  const { registry, files } = parts;
  const refusals = createRefusalLog(parts.log, parts.clock);
  const boots = new Map<string, TransferProgress>(); // by node
  /**
   * By node: one for each boot. A request is a single packet, which anyone can send with any source address. Another
   * token would invalidate the one with which the machine is booting.
   */
  const lines = new Map<string, string>();
  const text = (content: string) => bytesSource(new TextEncoder().encode(content));
  const lookup = (serial: string) => {
    const host = registry.host(serial);
    if (host === undefined) return undefined;
    const { lease, kernel, initrd } = host;
    return { serial, kernel, initrd, ...(parts.holdsAddresses && lease !== undefined && { address: lease.address }) };
  };
  /** Undefined: it must wait for its turn. */
  function commandLine(host: RpiHost): string | undefined {
    const before = lines.get(host.id);
    if (before !== undefined) return before;
    if (parts.admit(host.id) !== "yes") return undefined;
    const line = renderCommandLine(parts.words(host));
    lines.set(host.id, line);
    return line;
  }
  async function firstOf(paths: readonly string[]): Promise<TftpSource | undefined> {
    for (const path of paths) {
      const file = await openFile(files, path);
      if (file !== undefined) return fileSource(file);
    }
    return undefined;
  }

  function refuse(path: string, { address }: TftpClient, reason: string): undefined {
    refusals.warn("Refused a file to a Raspberry Pi", { path, address, reason });
  }

  return {
    async read(path, client) {
      const file = piFile(path, client, lookup);
      if (file === undefined) return "other";
      if (file.kind === "refused") return refuse(path, client, file.reason);
      const host = registry.host(path.split("/")[0] ?? "");
      // Without its command line, or with some of its files, it would start in vain, so it gets none of its own files.
      const reason = host && (await parts.fault(host) ?? refusalOf(host, client.address, parts)?.reason);
      if (reason !== undefined) return refuse(path, client, reason);
      switch (file.kind) {
        case "config":
          return text(renderConfig());
        case "cmdline": {
          if (host === undefined) return undefined;
          const line = commandLine(host);
          return line === undefined ? "later" : text(line); // without a line it would start nevertheless
        }
        case "kernel":
        case "initrd":
          return await firstOf([file.path]);
        case "firmware":
          return path.includes("/") ? await firstOf(file.paths) : await firstOf(file.paths) ?? "other";
        default:
          return file satisfies never;
      }
    },
    note({ path, client, kind, sent, size }) {
      const file = piFile(path, client, lookup);
      const host = registry.host(path.split("/")[0] ?? "");
      if (file === undefined || host === undefined) return;
      if (file.kind === "config" && kind === "done") {
        boots.set(host.id, createTransferProgress(["kernel", "initrd"]));
        registry.saw(host.id, { kind: "script" });
      }
      const progress = boots.get(host.id);
      if ((file.kind !== "kernel" && file.kind !== "initrd") || progress === undefined) return;
      if (kind !== "progress" && kind !== "done") return;
      progress.took(file.kind, 0, sent, size);
      const { percent } = progress;
      registry.saw(host.id, percent === 100 ? { kind: "loaded" } : { kind: "progress", percent });
      if (percent === 100) boots.delete(host.id);
    },
    begins: (id) => void lines.delete(id),
    end(id) {
      boots.delete(id);
      lines.delete(id);
    },
  };
}
