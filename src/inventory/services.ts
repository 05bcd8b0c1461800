import { isRecord, type Value } from "../state/mod.ts";
import type { Path } from "./document.ts";
import type { Report } from "./report.ts";
import { readVariables, type Settable } from "./variables.ts";

/**
 * Reads the services of a node: by name their config, with the desired state among it as `state`. A program that is
 * listed without a state should RUN. The config of one of Kraken's own modules sets no state.
 *
 * @param settable The variables that may be set.
 * @param report Takes the problems.
 * @param values Takes the values, by URL.
 * @param part The services, from outside.
 * @param path Their place in the file.
 */
export function readServices(
  settable: Settable,
  report: Report,
  values: Map<string, Value>,
  part: unknown,
  path: Path,
): void {
  if (!isRecord(part)) return report.expected(path, part, "services by name");
  for (const [name, service] of Object.entries(part)) {
    const place = [...path, name];
    if (!isRecord(service)) {
      report.expected(place, service, 'the service\'s config, such as { command: sleep, args: ["60"] }');
      continue;
    }
    const { state, ...config } = service;
    const configUrl = `/services/${name}/config`;
    // Only a state takes up or stops a service that an earlier entry has configured.
    if (state === undefined || Object.keys(config).length > 0) {
      readVariables(settable, report, values, configUrl, config, place);
    }
    const isOwnModule = settable.schema.find(configUrl)?.pattern === configUrl;
    if (state === undefined && isOwnModule) continue;
    readVariables(settable, report, values, `/services/${name}/state`, state ?? "RUN", [...place, "state"]);
  }
}
