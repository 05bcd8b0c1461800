import type { Answer, ApiClient } from "../src/api/client/mod.ts";
import type { ExplanationInfo } from "../src/api/mod.ts";
import { foldNodeset } from "../src/nodeset/mod.ts";

/**
 * Asks for explanations, and asks again those who serve the nodes: only they know what each step waits for. Where one does not
 * answer, what was said first stays.
 *
 * @param patch The cfg that is only asked about; undefined: as it is.
 */
export async function explainEverywhere(
  client: ApiClient,
  nodeset: string,
  patch: { readonly [key: string]: unknown } | undefined,
): Promise<Answer<readonly ExplanationInfo[]>> {
  const at = (names: string, server?: string) => {
    const elsewhere = server === undefined ? {} : { server };
    return patch === undefined
      ? client.call("listExplanations", { nodeset: names }, elsewhere)
      : client.call("explainChanges", { nodeset: names, body: patch }, elsewhere);
  };
  const first = await at(nodeset);
  if (!first.ok) return first;
  const { explanations } = first.value;
  const served = new Map<string, string[]>();
  for (const { name, servedAt } of explanations) {
    if (servedAt !== undefined) served.set(servedAt, [...served.get(servedAt) ?? [], name]);
  }
  const better = new Map<string, ExplanationInfo>();
  for (const [server, names] of served) {
    const answer = await at(foldNodeset(names), server.replace(/\/$/, ""));
    if (answer.ok) { for (const each of answer.value.explanations) better.set(each.name, each); }
  }
  return { ok: true, value: explanations.map((each) => better.get(each.name) ?? each) };
}
