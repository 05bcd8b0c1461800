import { createPowermanModule } from "../../modules/powerman/module.ts";
import type { Value } from "../../src/state/mod.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";

/** A node that a powermand has power over. */
export function powermanNode(name: string, cfg: { readonly [url: string]: Value } = {}): TestNode {
  const node = testNode(name, { "/platform": "powerman", ...cfg });
  node.view.set("/platform", "powerman");
  return node;
}

/** The module with these nodes. */
export async function hostPowerman(
  nodes: readonly TestNode[],
  config: { readonly [name: string]: Value },
): Promise<HostedForTest> {
  const own = testNode("root", { "/services/powerman/config": { poll: 3_600_000, ...config } });
  return await hostForTest(createPowermanModule(), nodes, { role: "parent", own });
}
