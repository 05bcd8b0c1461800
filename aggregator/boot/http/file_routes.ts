import type { Context } from "hono";
import type { PxeHost } from "../../../modules/pxe/registry.ts";
import { parseMac } from "../../../src/boot/mod.ts";
import { answerProblem, type Routes } from "../../../src/http/mod.ts";
import type { BootAppParts } from "./parts.ts";
import { createRefusalLog } from "../../../src/log.ts";
import { isAutoexec, renderAutoexec } from "../autoexec.ts";
import { NOT_THERE } from "../open_file.ts";
import { peerAddressOf, socketOf } from "./address_of.ts";
import { answerFile, type FileService } from "./files.ts";
import { createHashes } from "./hashes.ts";
import type { SendEnd } from "./send_part.ts";

const FILES = "/boot/v1/files/";
const IMAGES = "/boot/v1/images/";
/** The longest path to log, in characters: as long as one in cfg. */
const MAX_LOGGED = 256;

/** The client of a file, as far as it is known. */
interface Asker {
  readonly address: string;
  readonly mac: string | undefined;
  /** The machine of a node: by the MAC address in the request, or by the client's address. */
  readonly host: PxeHost | undefined;
}

/**
 * Returns the routes `/boot/v1/files` and `/boot/v1/images`, from which machines load.
 *
 * @param parts What they depend on.
 */
export function fileRoutes(parts: BootAppParts): Routes {
  const { clock, registry, log } = parts;
  const service: FileService = {
    root: parts.files,
    hashes: createHashes({ clock, signal: parts.signal }),
    sending: { now: 0 },
    clock,
  };
  const missing = createRefusalLog(log, clock);

  function askerOf(c: Context): Asker {
    const address = peerAddressOf(c);
    const mac = parseMac(c.req.query("mac") ?? "");
    const host = (mac === undefined ? undefined : registry.host(mac)) ?? registry.hostAt(address);
    return { address, mac, host };
  }

  async function send(c: Context, path: string | undefined): Promise<Response> {
    const asker = askerOf(c);
    const shown = String(path).slice(0, MAX_LOGGED);
    const answer = path === undefined ? undefined : await answerFile(
      path,
      {
        isHead: c.req.method === "HEAD",
        range: c.req.header("range"),
        ifRange: c.req.header("if-range"),
        ifMatch: c.req.header("if-match"),
        ifNoneMatch: c.req.header("if-none-match"),
      },
      service,
      {
        signal: c.req.raw.signal,
        cut: () => socketOf(c)?.destroy() !== undefined,
        sent(first, end, size) {
          if (asker.mac !== undefined) parts.boots.took(asker.mac, asker.address, path, first, end, size);
        },
        end: (end) => ended(asker, shown, end),
      },
    );
    if (answer !== undefined) return answer;
    if (path !== undefined && isAutoexec(path)) return c.text(renderAutoexec(parts.server()));
    parts.transfers.ended("refused");
    if (asker.host !== undefined) {
      const { id, name } = asker.host;
      missing.warn(NOT_THERE, { node: name, path: shown });
      parts.events.tell(name, `It asked for ${shown}, which is not below the boot files`);
      parts.recheck(id);
    }
    return answerProblem({ kind: "not-found", detail: "There is no such file" });
  }

  function ended({ address, host }: Asker, path: string, { why, taken, length }: SendEnd): void {
    parts.transfers.ended(why === undefined ? "done" : "failed");
    log.debug(why === undefined ? "Sent a file over HTTP" : "A download over HTTP was interrupted", {
      ...{ address, node: host?.name, path, taken, length, why },
    });
    if (host === undefined) return;
    if (why === undefined) return parts.fetched(host, path);
    const share = `${Math.floor((100 * taken) / Math.max(1, length))} % of ${length} bytes`;
    parts.events.tell(host.name, `Its download of ${path} to ${address} broke off at ${share}: ${why}`);
  }

  return {
    [`${FILES}*`]: { GET: (c) => send(c, pathBelow(c, FILES)) },
    [`${IMAGES}*`]: {
      GET(c) {
        const path = pathBelow(c, IMAGES);
        return send(c, path === undefined ? undefined : `images/${path}`);
      },
    },
  };
}

/** Returns the path after a prefix, decoded once; undefined if it is malformed or goes up. */
function pathBelow(c: Context, prefix: string): string | undefined {
  try {
    const path = decodeURIComponent(new URL(c.req.url).pathname.slice(prefix.length));
    return path.split("/").includes("..") ? undefined : path;
  } catch {
    return undefined;
  }
}
