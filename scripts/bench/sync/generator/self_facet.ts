import type { Value } from "../../../../src/state/mod.ts";

/** The variable that agents change to make load: what hostinfo changes most often. */
export const CHANGED = "/host/load";

/** What a usual agent has discovered: everything that hostinfo tells, and six programs that run. 25 values. */
export function selfFacet(number: number): Map<string, Value> {
  const values = new Map<string, Value>([
    ["/host/arch", "x86_64"],
    ["/host/kernel", "6.1.0-28-cloud-amd64"],
    ["/host/cpus", 128],
    ["/host/memory", 515_845],
    [CHANGED, 0],
    ["/host/uptime", 86_400 + number],
    ["/drained", "NO"],
  ]);
  for (const [place, name] of ["sshd", "chronyd", "munge", "slurmd", "exporter", "syslog"].entries()) {
    values.set(`/services/${name}/state`, "RUN");
    values.set(`/services/${name}/pid`, 1000 + number % 1000 + place);
    values.set(`/services/${name}/exitCode`, 0);
  }
  return values;
}
