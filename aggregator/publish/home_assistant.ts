import { VERSION } from "../../src/version.ts";
import { nodeTopic } from "./topics.ts";

/** What announcing nodes to Home Assistant needs. */
export interface Announcing {
  /** What topics of discovery begin with, in Home Assistant's settings: usually `homeassistant`. */
  readonly prefix: string;
  readonly cluster: string;
  /** The UUID of the aggregator: its announcements have a level of their own, by which it finds them again. */
  readonly aggregator: string;
  readonly board: { readonly base: string; readonly online: string };
}

/** Filters that find every announcement of an aggregator. */
export function announcementFilters({ prefix, aggregator }: Pick<Announcing, "prefix" | "aggregator">): string[] {
  return [`${prefix}/device/kraken-${aggregator}/+/config`];
}

/**
 * Announces a node as a device of three entities (Home Assistant's MQTT discovery of devices, from its release 2024.11 on): power,
 * run state, and what the engine does about it.
 *
 * @returns The topic, and the payload for it: JSON.
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
        // None: the state is not known.
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
