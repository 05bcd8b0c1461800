import type { Clock, Random } from "../src/clock.ts";
import { createEngine, type EngineHost, type Freeze, readStuck, targetOf } from "../src/engine/mod.ts";
import type { Log } from "../src/log.ts";
import { createModuleHost, type Module, type ModuleNode } from "../src/module/mod.ts";
import { compileDomain, createPlanner, type ModuleDeclaration, type Planner } from "../src/plan/mod.ts";
import {
  type Assignment,
  assignmentIn,
  emptyDocument,
  newestVersion,
  type NodeDocument,
  type Value,
  valuesOf,
  versionText,
  viewOf,
} from "../src/state/mod.ts";
import {
  createChildLink,
  createNodeScope,
  createReplica,
  type DownFrame,
  type LifeFrame,
  type LinkState,
  type UpFrame,
} from "../src/sync/mod.ts";
import { errorText } from "../src/toolkit/mod.ts";

/** What an agent depends on. */
export interface AgentParts {
  /** Its node. */
  readonly id: string;
  readonly name: string;
  /** Names this run: new at every start. */
  readonly run: string;
  readonly modules: readonly Module[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Sends a frame to the parent; lost frames are sent again. */
  send(frame: UpFrame): void;
  /** Called when another run of the same node has taken its place: it must end. */
  onDeposed(): void;
  /** Called when the root, or its parent, tells where it joins. */
  onAssignment?(assignment: Assignment): void;
  /** Called with the state of its link. */
  onLink?(state: LinkState): void;
  /** Called with the interval in which its parent wants signs of life, in seconds. */
  onKeepalive?(seconds: number): void;
}

/**
 * An agent, which brings its node to the state of its cfg. Without I/O of its own: transport and modules are
 * parameters.
 */
export interface Agent {
  start(): Promise<void>;
  connected(): void;
  disconnected(): void;
  receive(frame: DownFrame): void;
  parentLife(frame: LifeFrame): void;
  /** Ends modules and timers. */
  stop(): Promise<void>;
}

/** A node as it was read, with its sources. */
interface Read extends ModuleNode {
  readonly target: string;
  readonly frozen: Freeze;
}

/**
 * Creates an agent. It plans with its own modules and, once welcomed, with its parent's too, so that both see the same
 * plan. It runs the steps of its own context. Without its parent it continues with the cfg that it has.
 *
 * @param parts What it depends on.
 */
export function createAgent(parts: AgentParts): Agent {
  const { id, name, clock, random, log } = parts;
  const declarations = parts.modules.map(({ declaration }) => declaration);
  const replica = createReplica();
  let planner = plannerOf(declarations, clock);
  let known: Read | undefined;
  /** The assignment in the frame that is being processed, if there is one. */
  let heard: Assignment | undefined;

  function read(): Read {
    return known ??= readOwn(replica.get(id) ?? emptyDocument(id), name, planner);
  }
  function cfgVersion(): string {
    return versionText(newestVersion((replica.get(id) ?? emptyDocument(id)).facets.cfg));
  }
  function write(values: ReadonlyMap<string, Value | null>): void {
    replica.write(id, "self", values, link.term);
  }
  function changed(): void {
    known = undefined;
    engine.touch(id);
    modules.changed(id);
  }

  const modules = createModuleHost({
    ...{ modules: parts.modules, role: "self", programNode: id, clock, random, log },
    nodes: () => [read()],
    node: (other) => other === id ? read() : undefined,
    discover: (_node, url, value) => write(new Map([[url, value]])),
  });
  // Limits, invariants and their checkpoints are its parent's, and one node is not a fleet.
  const host: EngineHost = {
    role: "self",
    source: { nodes: () => [id], read: (other) => other === id ? { ...read(), planner } : undefined },
    executor: { run: modules.run, discover: (_node, url, value) => write(new Map([[url, value]])) },
    journal: {
      log: ({ kind, mutation, why }) => log.info(why, { node: name, kind, mutation }),
      hold: (_node, stuck) => write(new Map([["/stuck/self", stuck === undefined ? null : { ...stuck }]])),
      held: () => readStuck(replica.get(id)?.facets.self.get("/stuck/self")?.value),
    },
  };
  const engine = createEngine(host, { clock, random });
  const link = createChildLink({
    ...{ id, run: parts.run, replica, scope: createNodeScope(replica, id), clock, random, log, send: parts.send },
    modules: () => declarations,
    onState(state, why) {
      log.info("Link", { state, why });
      parts.onLink?.(state);
    },
    onWelcome(_term, parentModules, keepalive) {
      if (parentModules !== undefined) {
        planner = plannerWith(declarations, parentModules, clock, log) ?? planner;
        changed();
      }
      parts.onKeepalive?.(keepalive);
    },
    onMoved: (assignment) => parts.onAssignment?.(assignment),
    onDeposed: parts.onDeposed,
  });
  const unfollow = replica.onChange((_id, facet, urls) => {
    changed();
    if (facet === "cfg" && urls.includes("/assignment")) {
      heard = assignmentIn(replica.get(id)?.facets.cfg);
    }
    if (facet === "self") link.changed();
    if (facet === "cfg") write(new Map([["/seen", cfgVersion()]])); // modules have just been notified
  });

  return {
    async start() {
      await modules.start();
      engine.touch(id);
    },
    connected: () => link.connected(),
    disconnected: () => link.disconnected(),
    receive(frame) {
      link.receive(frame);
      // After the frame has been processed: joining another parent ends the link over which it arrived.
      const assignment = heard;
      heard = undefined;
      if (assignment !== undefined) parts.onAssignment?.(assignment);
    },
    parentLife: (frame) => link.parentLife(frame),
    async stop() {
      engine.stop();
      await modules.stop();
      link.stop();
      unfollow();
    },
  };
}

/** A planner that has the parent's modules too; undefined where they do not fit the agent's own. */
function plannerWith(
  own: readonly ModuleDeclaration[],
  parents: readonly ModuleDeclaration[],
  clock: Clock,
  log: Log,
): Planner | undefined {
  const names = new Set(own.map(({ name }) => name));
  try {
    return plannerOf([...own, ...parents.filter(({ name }) => !names.has(name))], clock);
  } catch (error) {
    log.warn("Plans without its parent's modules, because they do not match its own", { problem: errorText(error) });
    return undefined;
  }
}

function plannerOf(declarations: readonly ModuleDeclaration[], clock: Clock): Planner {
  return createPlanner(compileDomain(declarations), { slices: { clock }, unknownGoals: false });
}

/** Reads the agent's own node. */
function readOwn(document: NodeDocument, name: string, { domain }: Planner): Read {
  const view = viewOf(domain.schema, domain.conditions, document);
  const cfg = valuesOf(document.facets.cfg);
  return {
    ...{ id: document.id, name, view, cfg },
    target: `${targetOf(domain, cfg)}+${view.get("/retry") ?? 0}`,
    frozen: view.get("/freeze") === true ? "node" : view.get("/frozen") === true ? "everything" : "no",
  };
}
