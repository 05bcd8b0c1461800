import type { ModuleContext, ModuleNode } from "../../src/module/mod.ts";
import type { Look } from "./guard.ts";

/** Number of readings in a row without an answer after which a warning is logged. */
const SILENT_LOOKS = 3;
/** The longest reason in `/bmc/error`. */
const MAX_ERROR = 512;

/** Reports what is known of the controller of one node, other than the power: `/bmc/...`. */
export interface ControllerReport {
  /** Tells whether it did not answer for some readings in a row. */
  isSilent(): boolean;
  /** Reports an answer, to polling or to a mutation. */
  answered(look: Look): void;
  /**
   * Reports that it did not answer, which says nothing about the machine: the known power stays. @param lasts Whether
   * asking again cannot help.
   */
  silent(said: string, lasts: boolean): void;
  /** Withdraws all values, because another module manages the node now. */
  withdraw(): void;
}

/**
 * Creates the report on the controller of a node.
 *
 * @param nodeId The node's UUID.
 * @param context The module's context.
 */
export function createControllerReport(nodeId: string, context: ModuleContext): ControllerReport {
  let failures = 0;

  function state(node: ModuleNode, url: string, value: string | null): void {
    if ((node.view.get(url) ?? null) !== value) context.discover(nodeId, url, value);
  }
  return {
    isSilent: () => failures >= SILENT_LOOKS,
    answered(look) {
      const node = context.node(nodeId);
      if (node === undefined || look.silent) return;
      if (failures >= SILENT_LOOKS) context.log.info("A controller answers again", { node: node.name });
      failures = 0;
      state(node, "/bmc/error", null);
      state(node, "/bmc/power", look.power === "on" || look.power === "off" ? null : look.said);
      if (look.machine === undefined) return;
      const { health = null, firmware = null, led } = look.machine;
      if (led !== undefined) state(node, "/bmc/led", led);
      state(node, "/bmc/health", health);
      state(node, "/bmc/firmware", firmware);
    },
    silent(said, lasts) {
      failures++;
      const why = said.slice(0, MAX_ERROR);
      if (failures === SILENT_LOOKS) context.log.warn("A controller does not answer", { node: nodeId, why });
      const node = context.node(nodeId);
      if (node !== undefined && (lasts || failures >= SILENT_LOOKS)) state(node, "/bmc/error", why);
    },
    withdraw() {
      const node = context.node(nodeId);
      if (node === undefined) return;
      for (const url of ["/bmc/error", "/bmc/power", "/bmc/health", "/bmc/firmware", "/bmc/led"]) {
        state(node, url, null);
      }
    },
  };
}
