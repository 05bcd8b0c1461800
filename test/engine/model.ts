import assert from "node:assert/strict";
import type { Lab, Run } from "./lab.ts";

/** The nodes of a model. */
export const IDS = ["a", "b"] as const;
export type Id = typeof IDS[number];

export const LAMPS = ["UNKNOWN", "DARK", "LIT"] as const;
export type Lamp = typeof LAMPS[number];

/** What a lamp's handler does when it is told to. */
export type Work = "light it" | "fail" | "return only" | "never return";

/** One node, as simple as an engine can be told: one lamp, one handler, no plan. */
export interface ModelNode {
  wanted: Lamp | undefined;
  lamp: Lamp;
  frozen: boolean;
  there: boolean;
}

/** The whole reference model. Times are those of the lab's clock. */
export interface Model {
  readonly nodes: { readonly [id in Id]: ModelNode };
  /** How often a mutation was started on a node since anything but that may have let the engine begin anew. */
  readonly tries: Map<string, number>;
}

export function createModel(): Model {
  const node = (): ModelNode => ({ wanted: undefined, lamp: "UNKNOWN", frozen: false, there: false });
  return { nodes: { a: node(), b: node() }, tries: new Map() };
}

/** A person or the world did something to a node: failures before that need not count. */
export function beginAnew(model: Model, id: Id): void {
  for (const key of [...model.tries.keys()]) if (key.startsWith(`${id} `)) model.tries.delete(key);
}

/** The mutation that a lamp needs, if one does it. */
export function neededBy(node: ModelNode): string | undefined {
  if (!node.there || node.wanted === undefined || node.wanted === node.lamp) return undefined;
  if (node.wanted === "LIT" && node.lamp === "DARK") return "rack/light";
  if (node.wanted === "DARK" && node.lamp === "LIT") return "rack/dim";
  return undefined;
}

/** The real thing, with what the model needs to watch it. */
export interface Real {
  readonly lab: Lab;
  work: Work;
  /** Runs whose handler has not returned yet, this program's and those that a crash left behind. */
  readonly open: Set<Run>;
  readonly crashedAt: Map<Run, number>;
  /** What was found to be wrong while a handler ran, where a throw would be taken for its failure. */
  broken: string | undefined;
}

const FAIL_AFTER = 700;

/** Ties handlers to the model: a lamp that is lit is lit in both. */
export function connect(lab: Lab, model: Model, grace: number, maxAttempts: number): Real {
  const real: Real = { lab, work: "light it", open: new Set(), crashedAt: new Map(), broken: undefined };
  const ended = new Map<Run, number>();
  lab.onEvent = (event, id) => {
    const node = model.nodes[id === "a" ? "a" : "b"];
    // Both mutations fail to a dark lamp. What did not last, or was cut short, has not failed by itself.
    const byItself = event.kind === "failed" && !/^(Did not last|Was cut short)/.test(event.why);
    if (byItself && node.there) node.lamp = "DARK";
  };
  lab.onRun = (run) => {
    const node = model.nodes[run.id === "a" ? "a" : "b"];
    run.signal.addEventListener("abort", () => ended.set(run, lab.clock.now()), { once: true });
    if (node.frozen) real.broken ??= `${run.key} was started on ${run.id}, which is frozen`;
    if (neededBy(node) !== run.key) real.broken ??= `${run.key} was started on ${run.id}, which does not need it`;
    const tries = (model.tries.get(`${run.id} ${run.key}`) ?? 0) + 1;
    model.tries.set(`${run.id} ${run.key}`, tries);
    if (tries > maxAttempts) real.broken ??= `${run.key} was tried ${tries} times on ${run.id}`;
    for (const other of real.open) {
      const overdue = lab.clock.now() - (ended.get(other) ?? lab.clock.now()) >= grace;
      const same = other.id === run.id && other.key === run.key;
      if (same && !overdue && !real.crashedAt.has(other)) real.broken ??= `${run.key} runs twice on ${run.id}`;
    }
    real.open.add(run);
    const close = () => real.open.delete(run);
    switch (real.work) {
      case "light it":
        lab.clock.after(FAIL_AFTER, () => {
          close();
          run.finish();
          if (run.signal.aborted || !node.there) return;
          beginAnew(model, run.id === "a" ? "a" : "b");
          node.lamp = run.key === "rack/light" ? "LIT" : "DARK";
          lab.see({ "/lamp": node.lamp }, run.id);
        });
        break;
      case "fail":
        close();
        run.reject(new Error("No light"));
        break;
      case "return only":
        close();
        run.finish();
        break;
      case "never return":
        break;
    }
  };
  return real;
}

/** What must hold after every command, whatever came before. */
export function checkModel(model: Model, real: Real): void {
  const { lab } = real;
  assert.equal(real.broken, undefined);
  for (const id of IDS) {
    const node = model.nodes[id];
    if (!node.there) continue;
    const status = lab.engine.status(id);
    const needed = neededBy(node);
    if (node.frozen) {
      assert.equal(status.phase, "frozen");
    } else if (needed === undefined) {
      const isThere = node.wanted === undefined || node.wanted === node.lamp;
      assert.equal(status.phase, isThere ? "converged" : "blocked", `${id} wants ${node.wanted}, is ${node.lamp}`);
      assert.deepEqual(status.running, []);
    } else {
      assert.ok(["working", "waiting", "backoff", "stuck"].includes(status.phase), `${id} is ${status.phase}`);
      assert.deepEqual(status.running.filter(({ key }) => key !== needed), []);
      const explained = lab.engine.explain(id);
      assert.deepEqual(explained?.steps.map(({ step }) => step.key), [needed]);
    }
    if (needed !== undefined && !node.frozen) assert.equal(lab.holds.has(id), status.phase === "stuck");
  }
}
