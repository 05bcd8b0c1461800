import { createHash } from "node:crypto";
import { type List, operations, PROBLEM_PATH, PROBLEMS } from "../../src/api/mod.ts";
import { openApi } from "../../src/api/openapi.ts";
import { apiPage, PAGE_STYLE } from "../../src/api/page.ts";
import type { Handlers } from "./handler.ts";
import { answerPage } from "./list.ts";
import type { LongOperations } from "./long_operations.ts";

const LIST: List = operations.listOperations.list;

/** Describes the API, for programs and for people, and tells how far long requests are. */
export function createDescriptionHandlers(
  version: string,
  long: LongOperations,
): Pick<Handlers, "getOpenApi" | "getApiPage" | "getProblem" | "listOperations" | "getOperation"> {
  const document = once(() => JSON.stringify(openApi(version)));
  const page = once(() => apiPage(version));
  const style = createHash("sha256").update(PAGE_STYLE).digest("base64");
  const policy =
    `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

  return {
    getOpenApi: () => ({ ok: true, text: document }),
    getApiPage: () => ({
      ok: true,
      response: new Response(page(), {
        headers: {
          ...{ "content-type": "text/html; charset=UTF-8", "content-security-policy": policy },
          ...{ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" },
        },
      }),
    }),
    getProblem({ kind }) {
      const found = Object.entries(PROBLEMS).find(([name]) => name === kind)?.[1];
      if (found === undefined) {
        const detail = `No kind of problem '${kind}': expected one of ${Object.keys(PROBLEMS).join(", ")}`;
        return { ok: false, problem: { kind: "not-found", detail } };
      }
      const text = `${PROBLEM_PATH}${kind}: ${found.status} ${found.title}\n\n${found.words}\n`;
      return { ok: true, response: new Response(text, { headers: { "content-type": "text/plain; charset=UTF-8" } }) };
    },
    listOperations: (asked) => answerPage(LIST, long.list(), asked, ({ id }) => id),
    getOperation({ operation }) {
      const found = long.find(operation);
      if (found !== undefined) return { ok: true, value: found };
      const detail = `No operation '${operation}': it ended over 10 minutes ago, or before this aggregator started`;
      return { ok: false, problem: { kind: "not-found", detail } };
    },
  };
}

/** Makes a text when it is asked for, and keeps it. */
function once(make: () => string): () => string {
  let made: string | undefined;
  return () => made ??= make();
}
