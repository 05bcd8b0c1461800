import * as v from "valibot";
import { isNodeName, isUuid } from "../../../src/state/mod.ts";
import { FAULTS } from "./faults.ts";
import { FORMS } from "./forms.ts";

/** The longest delay: a day, in milliseconds. */
const MAX_DELAY = 86_400_000;

const delay = v.pipe(
  v.strictObject({
    min: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_DELAY)),
    mode: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_DELAY)),
    max: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_DELAY)),
  }),
  v.check(({ min, mode, max }) => min <= mode && mode <= max, "Expected min <= mode <= max"),
);
const text = v.pipe(v.string(), v.nonEmpty());
const probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const nodeName = v.pipe(v.string(), v.check(isNodeName, "Expected 1 to 64 letters, digits, '_', '.', '-'"));
const uuid = v.pipe(v.string(), v.check(isUuid, "Expected a UUID in lower case"));

const NONE = { min: 0, mode: 0, max: 0 };

/** The behaviour of controllers, independent of their machines. */
const controller = {
  /** From a reset request to the change of power. */
  resetDelay: delay,
  /** Probability that a reset is answered with an error. */
  failProbability: v.optional(probability, 0),
  /** Duration of each answer. */
  answerDelay: v.optional(delay, NONE),
  /** Probability that a request is answered with 503 and Retry-After. */
  busyProbability: v.optional(probability, 0),
  /** How long after a change of power a controller still reports the old state. */
  staleDelay: v.optional(delay, NONE),
  /** The dialect of Redfish: the standard's, or that of one vendor's BMCs (`forms.ts`). */
  form: v.optional(v.picklist(Object.keys(FORMS)), "standard"),
  /** Faults by name (`faults.ts`), in addition to random ones. */
  faults: v.optional(v.array(v.picklist(Object.keys(FAULTS))), []),
  /** The kind of sensors: ThermalSubsystem and EnvironmentMetrics, Thermal and Power, or none. */
  sensors: v.optional(v.picklist(["new", "old", "none"]), "new"),
  /** Whether power changes are streamed as events. */
  events: v.optional(v.boolean(), true),
  /** The only user that controllers accept, by session or basic authentication. Absent: everyone. */
  user: v.exactOptional(v.strictObject({ username: text, password: text })),
};

const schema = v.strictObject({
  cluster: nodeName,
  systems: v.pipe(
    v.array(v.strictObject({
      name: nodeName,
      id: uuid,
      // Where it boots from until its controller is told otherwise: by default as all machines.
      broker: v.exactOptional(text),
      parent: v.exactOptional(uuid),
    })),
    v.minLength(1),
    v.maxLength(10_000),
    v.check((systems) => new Set(systems.map(({ name }) => name)).size === systems.length, "Expected unique names"),
  ),
  agent: v.strictObject({
    command: v.pipe(v.array(text), v.minLength(1)),
    env: v.optional(v.record(v.string(), v.string()), {}),
  }),
  broker: text,
  parent: uuid,
  runDir: text,
  seed: v.pipe(v.number(), v.integer(), v.minValue(0)),
  bootDelay: delay,
  ...controller,
  hangProbability: v.optional(probability, 0),
  /** Paths of the certificate and its key (PEM): controllers then use TLS. */
  tls: v.exactOptional(v.strictObject({ certificate: text, key: text })),
  agentArgs: v.optional(v.array(v.string()), []),
});

/** The config of the simulator. */
export type SimulatorConfig = v.InferOutput<typeof schema>;
const controllerSchema = v.object(controller);
/** The behaviour of controllers, independent of their machines. */
export type ControllerConfig = v.InferOutput<typeof controllerSchema>;
/**
 * Parses `value`, the behaviour of controllers: `resetDelay` is required, everything else is without faults by default.
 *
 * @throws {TypeError} If it is invalid. The message names every wrong field.
 */
export function parseControllerConfig(value: unknown): ControllerConfig {
  return parse(controllerSchema, value);
}
/** A triangular distribution of milliseconds. */
export type Delay = v.InferOutput<typeof delay>;

/**
 * Parses `value`, a config.
 *
 * @throws {TypeError} If it is invalid. The message names every wrong field.
 */
export function parseSimulatorConfig(value: unknown): SimulatorConfig {
  return parse(schema, value);
}

function parse<T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? "config"}: ${issue.message}`);
  throw new TypeError(`The simulator's config does not fit: ${problems.join("; ")}`);
}
