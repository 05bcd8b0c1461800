import { request as requestHttp } from "node:http";
import { createRequire } from "node:module";

/** What a server answered. */
export interface Answer {
  readonly status: number;
  /** The body as UTF-8. */
  readonly text: string;
}

/**
 * Sends JSON to a server with POST, follows no redirect, and reads the whole answer. Node's `fetch` would do the same, with
 * 11 MB more of memory and as much time as all else that an agent does until it has joined.
 *
 * @param url `http:` or `https:`.
 * @param options `maxLength`: of the answer, in characters. `signal` ends it at any time.
 * @throws {Error} When there is no whole answer, or it is too long; with the signal's reason when that fires.
 */
export async function postJson(
  url: string,
  body: unknown,
  { maxLength, signal }: { readonly maxLength: number; readonly signal: AbortSignal },
): Promise<Answer> {
  signal.throwIfAborted();
  // A connection of its own, which ends with the answer.
  const headers = { "content-type": "application/json" };
  const request = requestOf(url)(url, { method: "POST", agent: false, headers });
  return await new Promise<Answer>((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason);
      request.destroy();
    };
    signal.addEventListener("abort", stop, { once: true });
    const settle = (end: () => void): void => {
      signal.removeEventListener("abort", stop);
      end();
    };
    request.on("error", (error) => settle(() => reject(error)));
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length <= maxLength) return;
        settle(() => reject(new Error(`The answer has more than ${maxLength} characters`)));
        request.destroy();
      });
      response.on("end", () => settle(() => resolve({ status: response.statusCode ?? 0, text })));
      response.on("error", (error) => settle(() => reject(error)));
      response.on(
        "close",
        () => settle(() => reject(new Error("The connection was closed in the middle of the answer"))),
      );
    });
    request.end(JSON.stringify(body));
  });
}

/** Loading TLS takes time: only who needs it does. */
function requestOf(url: string): typeof requestHttp {
  if (new URL(url).protocol !== "https:") return requestHttp;
  const { request }: typeof import("node:https") = createRequire(import.meta.url)("node:https");
  return request;
}
