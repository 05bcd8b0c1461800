import { simpowerDeclaration } from "../../modules/simpower/declaration.ts";
import { defineModule, type Module, type ModuleContext } from "../../src/module/mod.ts";
import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, services } from "../../src/state/mod.ts";

/** What programs of a test world write: two values for each writer. */
const trial = defineExtension("trial", {
  "/trial/{name}/cfg": { type: { kind: "integer" }, writer: "cfg", about: "What people set" },
  "/trial/{name}/parent": { type: { kind: "integer" }, writer: "parent", about: "By the aggregator", knownWhile: {} },
  "/trial/{name}/self": { type: { kind: "integer" }, writer: "self", about: "By the agent", knownWhile: {} },
});

/** The declarations of an agent that discovers what a test says. */
export const watchDeclaration = declareModule({
  name: "watch",
  about: "Discovers what a test says of a node, as its agent",
  extensions: [core, services, trial],
  discovers: ["/trial/{name}/self"],
  mutations: {},
});

/** The same of an aggregator. */
export const overseeDeclaration = declareModule({
  name: "oversee",
  about: "Discovers what a test says of a node, as its aggregator",
  extensions: [core, services, trial],
  discovers: ["/trial/{name}/parent"],
  mutations: {},
});

/** A module that hands its context over. */
export function createWatch(started: (context: ModuleContext) => void): Module {
  return defineModule(watchDeclaration, (context) => {
    started(context);
    return {};
  });
}

/** A module that hands its context over. */
export function createOversee(started: (context: ModuleContext) => void): Module {
  return defineModule(overseeDeclaration, (context) => {
    started(context);
    return {};
  });
}

/** A machine's controller. */
export interface Controller {
  readonly power: "on" | "off";
  switch(to: "on" | "off"): void;
}

/** Stands in for the power module: the same declarations, machines in memory instead of controllers over HTTP. */
export function createPower(controllers: ReadonlyMap<string, Controller>): Module {
  return defineModule(simpowerDeclaration, (context) => {
    function look(id: string): void {
      const controller = controllers.get(id);
      if (controller === undefined || context.signal.aborted) return;
      const hangs = context.node(id)?.view.get("/physState") === "PHYS_HANG";
      if (controller.power === "off") context.discover(id, "/physState", "POWER_OFF");
      else if (!hangs) context.discover(id, "/physState", "POWER_ON");
    }
    function order(id: string, to: "on" | "off"): void {
      const controller = controllers.get(id);
      if (controller === undefined) return;
      controller.switch(to);
      context.clock.after(100, () => {
        if (!context.signal.aborted) context.discover(id, "/physState", to === "on" ? "POWER_ON" : "POWER_OFF");
      });
    }
    return {
      mutations: {
        "find-off": ({ node }) => look(node.id),
        "find-on": ({ node }) => look(node.id),
        "power-on": ({ node }) => order(node.id, "on"),
        "power-off": ({ node }) => order(node.id, "off"),
        "reset-hang": ({ node }) => order(node.id, "off"),
      },
    };
  });
}
