import { VERSION } from "../../src/version.ts";
import { nodeTopic } from "./topics.ts";

/** How nodes are announced to Home Assistant. */
export interface Announcing {
  /** The discovery prefix in the settings of Home Assistant, usually `homeassistant`. */
  readonly prefix: string;
  readonly cluster: string;
  /** The UUID of the aggregator. Its announcements have a topic level of their own, so that later runs find them. */
  readonly aggregator: string;
  readonly board: { readonly base: string; readonly online: string };
}

/** Returns filters that match all announcements of an aggregator. */
export function announcementFilters({ prefix, aggregator }: Pick<Announcing, "prefix" | "aggregator">): string[] {
  return [`${prefix}/device/kraken-${aggregator}/+/config`];
}

/**
 * Announces a node as a device with three entities: power, run state and phase. This uses Home Assistant's device discovery over
 * MQTT (2024.11 or newer).
 *
 * @returns The topic and its JSON payload.
 */
export function announce(
  { prefix, cluster, aggregator, board }: Announcing,
  node: { readonly id: string; readonly name: string },
): [topic: string, payload: string] {
  const topic = nodeTopic(board.base, node.name);
  const idOf = (entity: string): string => `kraken_${node.id}_${entity}`;
  const payload = {
    dev: { ids: [`kraken_${node.id}`], name: `${cluster} ${node.name}`, mf: "Kraken", mdl: "Node" },
    o: { name: "kraken-aggregator", sw: VERSION },
    availability_topic: board.online,
    payload_available: "true",
    payload_not_available: "false",
    state_topic: topic,
    cmps: {
      power: {
        ...{ p: "binary_sensor", unique_id: idOf("power"), name: "Power", device_class: "power" },
        // Home Assistant shows None as unknown.
        value_template: "{{ {'POWER_ON': 'ON', 'POWER_OFF': 'OFF'}.get(value_json.physState, 'None') }}",
      },
      state: { p: "sensor", unique_id: idOf("state"), name: "State", value_template: "{{ value_json.runState }}" },
      phase: {
        ...{ p: "sensor", unique_id: idOf("phase"), name: "Phase", value_template: "{{ value_json.phase }}" },
        json_attributes_topic: topic,
      },
    },
  };
  return [`${prefix}/device/kraken-${aggregator}/${node.id}/config`, JSON.stringify(payload)];
}
