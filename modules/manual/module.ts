import { defineModule, type Module, type MutationHandler } from "../../src/module/mod.ts";
import { manualDeclaration } from "./declaration.ts";

/** `/physState` by what a person reports. */
const PHYS_STATES: ReadonlyMap<unknown, string> = new Map([["ON", "POWER_ON"], ["OFF", "POWER_OFF"]]);

/**
 * Makes the module for nodes with `/platform=manual`. It belongs into an aggregator. Each request is an event of the node and what
 * `krakenctl explain` says; a report of `/manual/power` is its answer. An agent that is heard proves that its machine is on.
 */
export function createManualModule(): Module {
  return defineModule(manualDeclaration, (context) => {
    /** The last report of each node: only another one is news, as an agent that is heard since says more. */
    const reported = new Map<string, string>();
    function follow(id: string): void {
      const node = context.node(id);
      if (node === undefined || node.cfg.get("/platform") !== "manual") return void reported.delete(id);
      const physState = PHYS_STATES.get(node.view.get("/manual/power"));
      if (physState === reported.get(id)) return;
      if (physState === undefined) reported.delete(id);
      else reported.set(id, physState);
      context.discover(id, "/physState", physState ?? null);
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
