import { defineModule, type Module, type ModuleNode, type MutationHandler } from "../../src/module/mod.ts";
import { manualDeclaration } from "./declaration.ts";

/** How long a report of OFF may wait for the silence of an agent that is heard, in milliseconds. */
const DOUBT_MS = 600_000;

/** `/physState` by what a person reports. */
const PHYS_STATES: ReadonlyMap<unknown, string> = new Map([["ON", "POWER_ON"], ["OFF", "POWER_OFF"]]);

/**
 * Makes the module for nodes with `/platform=manual`. It belongs into an aggregator. Each request is an event of the node and what
 * `krakenctl explain` says; a report of `/manual/power` is its answer. An agent that is heard proves that its machine is on.
 */
export function createManualModule(): Module {
  return defineModule(manualDeclaration, (context) => {
    /** Since when a report of OFF contradicts an agent that is heard, in clock milliseconds. */
    const doubted = new Map<string, number>();
    function follow(id: string): void {
      const node = context.node(id);
      const report = node?.view.get("/manual/power");
      const physState = PHYS_STATES.get(report);
      if (node === undefined || physState === undefined) return void doubted.delete(id);
      if (node.cfg.get("/platform") === "manual") {
        if (physState === "POWER_OFF" && isHeard(node) && !isOld(id)) return;
        if (!isOld(id)) context.discover(id, "/physState", physState);
      }
      // A report is a message: said again later, it is news again. One of another platform's node means nothing.
      doubted.delete(id);
      context.discover(id, "/manual/power", null);
    }
    /** Tells whether a report of OFF has waited in vain for the silence of the agent: it was about another node. */
    function isOld(id: string): boolean {
      const since = doubted.get(id);
      return since !== undefined && context.clock.now() - since > DOUBT_MS;
    }
    function isHeard(node: ModuleNode): boolean {
      if (node.view.get("/link") !== "UP") return false;
      if (!doubted.has(node.id)) {
        doubted.set(node.id, context.clock.now());
        context.log.warn("Its agent is heard although a person reports that it is off: waits for its silence", {
          node: node.name,
        });
      }
      return true;
    }
    for (const { id } of context.nodes()) follow(id);
    context.onChange(follow);
    return {
      mutations: {
        "find-off": ask((name) => `say whether '${name}' is on: krakenctl set ${name} /manual/power=ON (or OFF)`),
        "find-on": ask((name) => `say whether '${name}' is on: krakenctl set ${name} /manual/power=ON (or OFF)`),
        "power-on": ask((name) => `switch '${name}' on, then: krakenctl set ${name} /manual/power=ON`),
        "power-off": ask((name) => `switch '${name}' off, then: krakenctl set ${name} /manual/power=OFF`),
      },
    };
  });
}

/** Asks a person, and leaves it to them. Nobody who takes longer has failed. */
function ask(words: (name: string) => string): MutationHandler {
  return (run) => {
    const asked = `A person is asked: ${words(run.node.name)}`;
    run.note(asked);
    run.saw({ words: asked, ifLate: "unavailable" });
  };
}
