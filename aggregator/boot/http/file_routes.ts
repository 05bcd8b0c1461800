import type { Context } from "hono";
import { parseMac } from "../../../src/boot/mod.ts";
import { answerProblem } from "../../http/problem.ts";
import type { Routes } from "../../http/routes.ts";
import type { BootAppParts } from "./parts.ts";
import { createRefusalLog } from "../../../src/refusal_log.ts";
import { NOT_THERE } from "../missing_file.ts";
import { addressOf } from "./address_of.ts";
import { answerFile, type Sending } from "./files.ts";
import { createHashes } from "./hashes.ts";

const FILES = "/boot/v1/files/";
const IMAGES = "/boot/v1/images/";
/** The longest path that is logged, in characters: as long as one of a cfg. */
const MAX_LOGGED = 256;

/** `/boot/v1/files` and `/boot/v1/images`: what machines load. */
export function fileRoutes(parts: BootAppParts): Routes {
  const hashes = createHashes();
  const missing = createRefusalLog(parts.log, parts.clock);
  const sending: Sending = { now: 0 };

  async function send(c: Context, path: string | undefined): Promise<Response> {
    const address = addressOf(c);
    const mac = parseMac(c.req.query("mac") ?? "");
    const answer = path === undefined ? undefined : await answerFile(
      parts.files,
      path,
      {
        isHead: c.req.method === "HEAD",
        range: c.req.header("range"),
        ifRange: c.req.header("if-range"),
        ifNoneMatch: c.req.header("if-none-match"),
        signal: c.req.raw.signal,
      },
      hashes,
      sending,
      {
        ...(mac !== undefined && path !== undefined && {
          sent: (first: number, end: number, size: number) => parts.boots.took(mac, address, path, first, end, size),
        }),
        end: (isTaken) => parts.transfers.ended(isTaken ? "done" : "failed"),
      },
    );
    if (answer === undefined) {
      parts.transfers.ended("refused");
      const node = mac === undefined ? undefined : parts.desk.host(mac)?.name;
      if (node !== undefined) missing.warn(NOT_THERE, { node, path: String(path).slice(0, MAX_LOGGED) });
    }
    return answer ?? answerProblem({ status: 404, detail: "There is no such file" });
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

/** What follows a prefix of a request's path, decoded once; undefined where it can't be, or where it goes up. */
function pathBelow(c: Context, prefix: string): string | undefined {
  try {
    const path = decodeURIComponent(new URL(c.req.url).pathname.slice(prefix.length));
    return path.split("/").includes("..") ? undefined : path;
  } catch {
    return undefined;
  }
}
