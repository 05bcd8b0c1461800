import * as v from "valibot";
import { foldNodeset } from "../src/nodeset/mod.ts";
import type { Answer, Failure } from "./answer.ts";
import { startDeadline } from "./deadline.ts";
import { followEvents, type StreamNews } from "./follow.ts";
import { readBody } from "./read_body.ts";
import { isLong } from "./long_nodeset.ts";
import { readAnswer, type Server, toFailure } from "./request.ts";
import * as shapes from "./shapes.ts";

/** The HTTP API of an aggregator. A nodeset that is undefined means every node. */
export interface Client {
  nodes(nodeset: string | undefined): Promise<Answer<readonly shapes.NodeSummaryShape[]>>;
  node(name: string): Promise<Answer<shapes.NodeDetailShape>>;
  /** The newest entries of the event log of a node's controller, the newest first. */
  bmcLog(name: string, count: number): Promise<Answer<shapes.BmcLogShape>>;
  plans(nodeset: string): Promise<Answer<readonly shapes.NodePlanShape[]>>;
  explain(nodeset: string): Promise<Answer<readonly shapes.ExplanationShape[]>>;
  /** What would be done if the cfg of these nodes were changed so. Nothing is changed. */
  explainWith(nodeset: string, patch: unknown): Promise<Answer<readonly shapes.ExplanationShape[]>>;
  /** The text of a graph. */
  graph(name: string, format: "json" | "dot" | "mermaid"): Promise<Answer<string>>;
  patchCfg(nodeset: string, patch: unknown, dryRun: boolean): Promise<Answer<shapes.ChangesShape>>;
  /** What a change would do if something were reported of the nodes too. */
  previewPatch(nodeset: string, patch: unknown, reported: unknown): Promise<Answer<shapes.ChangesShape>>;
  patchDsc(name: string, patch: unknown): Promise<Answer<unknown>>;
  apply(inventory: unknown, dryRun: boolean): Promise<Answer<shapes.ChangesShape>>;
  /** Forgets nodes: all of them or none. */
  remove(nodeset: string): Promise<Answer<readonly { readonly name: string }[]>>;
  /** The aggregators from the one that is asked down, each after its parent. */
  tree(): Promise<Answer<readonly shapes.TreeEntryShape[]>>;
  /** Machines that have asked to boot and that no node is known of. */
  discovered(): Promise<Answer<shapes.DiscoveredShape>>;
  /** Makes such a machine a node, or that of a node. @param body `name`, and cfg beside it. */
  adopt(mac: string, body: unknown, subnet: string | undefined): Promise<Answer<shapes.AdoptedShape>>;
  limits(): Promise<Answer<shapes.LimitsShape>>;
  release(): Promise<Answer<shapes.LimitsShape["holds"]>>;
  engine(): Promise<Answer<shapes.EngineShape>>;
  /** `nodeset` undefined freezes or thaws the whole aggregator. */
  setFrozen(frozen: boolean, nodeset: string | undefined): Promise<Answer<shapes.EngineShape>>;
  retry(name: string): Promise<Answer<unknown>>;
  /** One page of events after an id, oldest first; an empty one is the end. */
  events(after: number, nodeset: string | undefined): Promise<Answer<shapes.EventPageShape>>;
  /** Events as they happen until `signal` fires; without `after` from now on. See {@link followEvents}. */
  follow(after: number | undefined, signal: AbortSignal, nodeset?: string): AsyncIterable<StreamNews>;
}

/** An answer that may still be good: the server says so by its entity tag. */
interface Known<T> {
  etag: string;
  value: T | undefined;
}

/** What is sent. */
interface Sent {
  readonly method?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  readonly etag?: string;
}

/** What came back, whatever the status. */
interface Received {
  readonly status: number;
  readonly body: string;
  readonly etag: string | null;
}

/** Where a request has to go instead, with the same method and body (RFC 9110, section 15.4.8). */
function locationOf(response: Response): string | undefined {
  const location = response.headers.get("location") ?? "";
  return response.status === 307 && /^https?:/.test(location) && URL.canParse(location) ? location : undefined;
}

/** Whether a request changes something: explanations and dry runs don't, though they are sent with a body. */
function isChange(path: string, { method }: Sent): boolean {
  return method !== undefined && !path.includes("dryRun=true") &&
    !/^\/api\/v1\/(explain|selection\/(events|explain|nodes|plan))\b/.test(path);
}

/** What a failure means for a request that changes something: it may have been done. */
function ofChange(failure: Failure): Failure {
  switch (failure.kind) {
    case "timeout":
    case "ended":
      return { ...failure, mayBeDone: true };
    case "unreachable": {
      // Where nothing listens, nothing was sent.
      const wasSent = !/refused|resolve|ENOTFOUND|EAI_AGAIN|getaddrinfo|dns|unable to connect/i.test(failure.detail);
      return { ...failure, mayBeDone: wasSent };
    }
    default:
      return failure;
  }
}

/** Makes a client of an aggregator's HTTP API. */
export function createClient(options: Server): Client {
  /** Sends a request and reads all of the answer. */
  async function exchange(path: string, init: Sent, server = options.server): Promise<Answer<Received>> {
    const deadline = startDeadline(options.clock, options.timeout, options.signal);
    try {
      const request: RequestInit = {
        method: init.method ?? "GET",
        headers: {
          accept: init.accept ?? "application/json, application/problem+json",
          ...(init.body === undefined ? {} : { "content-type": init.type ?? "application/json" }),
          ...(init.etag === undefined ? {} : { "if-none-match": init.etag }),
        },
        ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
        redirect: "manual",
        signal: deadline.signal,
      };
      const first = await options.fetch(`${server}${path}`, request);
      const elsewhere = locationOf(first);
      // An aggregator below the root sends whoever has to ask another one there: once, and never further.
      const response = elsewhere === undefined ? first : await options.fetch(elsewhere, request);
      const body = await readBody(response);
      return { ok: true, value: { status: response.status, body, etag: response.headers.get("etag") } };
    } catch (error) {
      const failure = toFailure(error, options);
      return { ok: false, failure: isChange(path, init) ? ofChange(failure) : failure };
    } finally {
      deadline.end();
    }
  }

  async function ask<S extends v.GenericSchema>(
    shape: S,
    path: string,
    init: Omit<Sent, "etag"> & { readonly known?: Known<v.InferOutput<S>>; readonly server?: string } = {},
  ): Promise<Answer<v.InferOutput<S>>> {
    const { known, server, ...sent } = init;
    const got = await exchange(path, known?.value === undefined ? sent : { ...sent, etag: known.etag }, server);
    if (!got.ok) return got;
    const { status, body, etag } = got.value;
    if (status === 304 && known?.value !== undefined) return { ok: true, value: known.value };
    const answer = readAnswer(shape, options.server, status, body);
    if (answer.ok && etag !== null && known !== undefined) [known.etag, known.value] = [etag, answer.value];
    return answer;
  }

  const query = (params: { readonly [name: string]: string | undefined }) => {
    const given = Object.entries(params).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]);
    return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
  };
  /** Asks about a selection that is too long for a URL. */
  const select = <S extends v.GenericSchema>(shape: S, what: string, body: unknown) =>
    ask(shape, `/api/v1/selection/${what}`, { method: "POST", body });
  const mergePatch = "application/merge-patch+json";
  const node = (name: string) => `/api/v1/nodes/${encodeURIComponent(name)}`;
  const flag = (dryRun: boolean) => dryRun ? "true" : undefined;

  /**
   * Asks for explanations, and asks again those who serve the nodes: only they know what each step waits for. Where one does
   * not answer, what was said first stays.
   */
  async function explain(
    nodeset: string,
    sent: Omit<Sent, "etag">,
  ): Promise<Answer<readonly shapes.ExplanationShape[]>> {
    const at = (names: string, server?: string) => {
      const elsewhere = server !== undefined && { server };
      if (!isLong(names)) {
        return ask(shapes.explanationList, `/api/v1/explain${query({ nodeset: names })}`, { ...sent, ...elsewhere });
      }
      const body = { nodeset: names, ...(sent.body !== undefined && { patch: sent.body }) };
      return ask(shapes.explanationList, "/api/v1/selection/explain", { method: "POST", body, ...elsewhere });
    };
    const first = map(await at(nodeset), ({ explanations }) => explanations);
    if (!first.ok) return first;
    const served = new Map<string, string[]>();
    for (const { name, servedAt } of first.value) {
      if (servedAt !== undefined) served.set(servedAt, [...served.get(servedAt) ?? [], name]);
    }
    const better = new Map<string, shapes.ExplanationShape>();
    for (const [server, names] of served) {
      const answer = await at(foldNodeset(names), server.replace(/\/$/, ""));
      if (answer.ok) { for (const each of answer.value.explanations) better.set(each.name, each); }
    }
    return { ok: true, value: first.value.map((each) => better.get(each.name) ?? each) };
  }

  // What a list was when it was fetched last: who watches it asks again and again, and mostly nothing has changed.
  const lists = new Map<string | undefined, Known<v.InferOutput<typeof shapes.nodeList>>>();

  return {
    async nodes(nodeset) {
      if (nodeset !== undefined && isLong(nodeset)) {
        return map(await select(shapes.nodeList, "nodes", { nodeset }), (answer) => answer.nodes);
      }
      const known = lists.get(nodeset) ?? { etag: "", value: undefined };
      lists.set(nodeset, known);
      return map(await ask(shapes.nodeList, `/api/v1/nodes${query({ nodeset })}`, { known }), (a) => a.nodes);
    },
    node: (name) => ask(shapes.nodeDetail, node(name)),
    bmcLog: (name, count) => ask(shapes.bmcLog, `${node(name)}/bmc/log${query({ count: String(count) })}`),
    async plans(nodeset) {
      const answer = isLong(nodeset)
        ? select(shapes.planList, "plan", { nodeset })
        : ask(shapes.planList, `/api/v1/plan${query({ nodeset })}`);
      return map(await answer, ({ plans }) => plans);
    },
    explain: (nodeset) => explain(nodeset, {}),
    explainWith: (nodeset, patch) => explain(nodeset, { method: "POST", body: patch, type: mergePatch }),
    async graph(name, format) {
      const path = `${node(name)}/graph${query({ format })}`;
      const got = await exchange(path, { accept: "*/*" });
      if (!got.ok || got.value.status < 400) return map(got, ({ body }) => body);
      return readAnswer(shapes.text, options.server, got.value.status, got.value.body);
    },
    async patchCfg(nodeset, patch, dryRun) {
      if (isLong(nodeset)) {
        return await select(shapes.changeList, `patch${query({ dryRun: flag(dryRun) })}`, { nodeset, patch });
      }
      const path = `/api/v1/nodes${query({ nodeset, dryRun: flag(dryRun) })}`;
      return await ask(shapes.changeList, path, { method: "PATCH", body: patch, type: mergePatch });
    },
    previewPatch: (nodeset, patch, reported) =>
      select(shapes.changeList, "patch?dryRun=true", { nodeset, patch, reported }),
    patchDsc: (name, patch) =>
      ask(shapes.anything, `${node(name)}/dsc`, { method: "PATCH", body: patch, type: mergePatch }),
    async apply(inventory, dryRun) {
      const path = `/api/v1/apply${query({ dryRun: flag(dryRun) })}`;
      return await ask(shapes.changeList, path, { method: "POST", body: inventory });
    },
    async remove(nodeset) {
      const answer = isLong(nodeset)
        ? select(shapes.deleted, "delete", { nodeset })
        : ask(shapes.deleted, `/api/v1/nodes${query({ nodeset })}`, { method: "DELETE" });
      return map(await answer, ({ deleted }) => deleted);
    },
    tree: async () => map(await ask(shapes.treeList, "/api/v1/tree"), (answer) => answer.aggregators),
    discovered: () => ask(shapes.discovered, "/api/v1/discovered"),
    async adopt(mac, body, subnet) {
      const path = `/api/v1/discovered/${encodeURIComponent(mac)}/adopt${query({ subnet })}`;
      return await ask(shapes.adopted, path, { method: "POST", body });
    },
    limits: () => ask(shapes.limits, "/api/v1/limits"),
    release: async () =>
      map(await ask(shapes.released, "/api/v1/engine/release", { method: "POST" }), (a) => a.released),
    engine: () => ask(shapes.engine, "/api/v1/engine"),
    setFrozen: (frozen, nodeset) =>
      ask(shapes.engine, `/api/v1/engine/${frozen ? "freeze" : "thaw"}`, {
        method: "POST",
        body: nodeset === undefined ? {} : { nodeset },
      }),
    retry: (name) => ask(shapes.anything, `${node(name)}/retry`, { method: "POST" }),
    events: (after, nodeset) =>
      nodeset !== undefined && isLong(nodeset)
        ? select(shapes.eventPage, "events", { nodeset, after })
        : ask(shapes.eventPage, `/api/v1/events${query({ after: String(after), nodeset })}`),
    follow: (after, signal, nodeset) => followEvents({ ...options, signal }, after, nodeset),
  };
}

function map<T, U>(answer: Answer<T>, change: (value: T) => U): Answer<U> {
  return answer.ok ? { ok: true, value: change(answer.value) } : answer;
}
