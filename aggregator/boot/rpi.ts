import { piFile, renderCommandLine, renderConfig } from "../../modules/rpi/files.ts";
import type { RpiHost, RpiRegistry } from "../../modules/rpi/module.ts";
import type { Clock } from "../../src/clock.ts";
import { createRefusalLog, type Log } from "../../src/log.ts";
import { refusalOf } from "./admission.ts";
import type { Boots } from "./http/boots.ts";
import { openFile } from "./open_file.ts";
import { createProgress, type Progress } from "./progress.ts";
import { bytesSource, fileSource, type TftpClient, type TftpEvent, type TftpSource } from "./tftp/mod.ts";

/** What Raspberry Pis get over TFTP. */
export interface RpiBoot {
  /** What to send for a path; "other": it is none of a Raspberry Pi, and for others to answer; "later": see the TFTP server. */
  read(path: string, client: TftpClient): Promise<TftpSource | undefined | "other" | "later">;
  /** Takes what the TFTP server tells of transfers, of whatever machine. */
  note(event: TftpEvent): void;
  /** The machine of a node has taken an address to boot with: it gets a token of its own for this boot. */
  begins(id: string): void;
  /** The boot of a node is over, or the node is gone. */
  end(id: string): void;
}

/**
 * Makes what serves Raspberry Pis.
 *
 * @param parts `files` is the root of what is served; `words` the kernel arguments of a new boot, with a token in them; `admit` whether a
 * node's machine may have those now, which is counted.
 */
export function createRpiBoot(
  parts: {
    readonly registry: RpiRegistry;
    readonly files: string;
    /** Whether addresses are ours to give: then each machine must ask from its own. */
    readonly holdsAddresses: boolean;
    readonly words: (host: RpiHost) => readonly string[];
    readonly admit: Boots["admit"];
    /** Why a machine can't boot what its cfg says, in words; undefined: it can. */
    fault(host: RpiHost): Promise<string | undefined>;
    readonly clock: Clock;
    readonly log: Log;
  },
): RpiBoot {
  const { registry, files } = parts;
  const refusals = createRefusalLog(parts.log, parts.clock);
  const boots = new Map<string, Progress>(); // by node
  /**
   * By node: one for each boot. A request is a single packet, which anybody can send in the name of any address: another token
   * for it would void the one with which the machine boots at that moment.
   */
  const lines = new Map<string, string>();
  const text = (content: string) => bytesSource(new TextEncoder().encode(content));
  const lookup = (serial: string) => {
    const host = registry.host(serial);
    if (host === undefined) return undefined;
    const { lease, kernel, initrd } = host;
    return { serial, kernel, initrd, ...(parts.holdsAddresses && lease !== undefined && { address: lease.address }) };
  };
  /** Undefined: it has to wait for its turn. */
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
      // Without its command line, or half of its files, it would start and come to nothing: it gets nothing of its own then.
      const reason = host && (await parts.fault(host) ?? refusalOf(host, client.address, parts)?.reason);
      if (reason !== undefined) return refuse(path, client, reason);
      switch (file.kind) {
        case "config":
          return text(renderConfig());
        case "cmdline": {
          if (host === undefined) return undefined;
          const line = commandLine(host);
          return line === undefined ? "later" : text(line); // without a line it would start all the same
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
        boots.set(host.id, createProgress(["kernel", "initrd"]));
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
