import type { Metric } from "../../src/http/mod.ts";
import type { MutationKey } from "../../src/plan/mod.ts";
import type { Outcome } from "../../src/engine/mod.ts";
import { createDistributionSet } from "./distribution.ts";
import { createGoalTimes, type GoalTimes } from "./goal_times.ts";

/** Upper bounds of the buckets, in seconds: from a start of a service to a boot over a slow network. */
const BOUNDS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800];

/** What an aggregator measures as it works. */
export interface Telemetry {
  readonly goalTimes: GoalTimes;
  /**
   * Takes in that an execution has ended.
   *
   * @param duration In milliseconds.
   */
  timed(mutation: MutationKey, duration: number, outcome: Outcome): void;
  metrics(): Metric[];
}

/** Creates the {@link Telemetry} of an aggregator. */
export function createTelemetry(): Telemetry {
  const goalTimes = createGoalTimes();
  const mutations = createDistributionSet(["mutation", "outcome"], BOUNDS);
  return {
    goalTimes,
    timed: (mutation, duration, outcome) => mutations.observe([withoutBindings(mutation), outcome], duration / 1000),
    metrics: () => [
      {
        ...{ name: "mutation_duration_seconds", type: "histogram", unit: "seconds" },
        help: "Time from the start of a mutation, or from when it was left to an agent, to its end",
        samples: mutations.read(),
      },
      {
        ...{ name: "time_to_goal_seconds", type: "histogram", unit: "seconds" },
        help: "Time of a node from a change of what its cfg asks for, or from leaving its goal, to its goal",
        samples: [goalTimes.read()],
      },
    ],
  };
}

/** The mutation without its variables: `service/start` for `service/start{name=sshd}`, so that the series are few. */
function withoutBindings(mutation: MutationKey): string {
  const brace = mutation.indexOf("{");
  return brace < 0 ? mutation : mutation.slice(0, brace);
}
