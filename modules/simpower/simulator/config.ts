import * as v from "valibot";
import { isNodeName, isUuid } from "../../../src/state/mod.ts";
import { FAULTS } from "./faults.ts";
import { FORMS } from "./forms.ts";

/** The longest delay that can be asked for: a day, in milliseconds. */
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

/** How controllers behave, whatever their machines are. */
const controller = {
  /** From a reset request to the change of power. */
  resetDelay: delay,
  /** How often a reset is answered with an error. */
  failProbability: v.optional(probability, 0),
  /** How long each answer takes. */
  answerDelay: v.optional(delay, NONE),
  /** How often a request is answered with 503 and Retry-After. */
  busyProbability: v.optional(probability, 0),
  /** How long after a change of power a controller goes on saying what was before. */
  staleDelay: v.optional(delay, NONE),
  /** How Redfish is spoken: as the standard has it, or as one vendor's BMCs do (`forms.ts`). */
  form: v.optional(v.picklist(Object.keys(FORMS)), "standard"),
  /** Faults by name (`faults.ts`), beside those by chance. */
  faults: v.optional(v.array(v.picklist(Object.keys(FAULTS))), []),
  /** Where the sensors are: ThermalSubsystem and EnvironmentMetrics, Thermal and Power, or nowhere. */
  sensors: v.optional(v.picklist(["new", "old", "none"]), "new"),
  /** Whether power changes are streamed as events. */
  events: v.optional(v.boolean(), true),
  /** The user whom controllers answer only, by session or basic authentication. Absent: everybody. */
  user: v.exactOptional(v.strictObject({ username: text, password: text })),
};

const schema = v.strictObject({
  cluster: nodeName,
  systems: v.pipe(
    v.array(v.strictObject({
      name: nodeName,
      id: uuid,
      // Where it boots from until its controller is told otherwise: by default as all of them.
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
  /** Paths of the certificate and its key (PEM): controllers then speak TLS. */
  tls: v.exactOptional(v.strictObject({ certificate: text, key: text })),
  agentArgs: v.optional(v.array(v.string()), []),
});

/** What the simulator simulates. */
export type SimulatorConfig = v.InferOutput<typeof schema>;
const controllerSchema = v.object(controller);
/** How controllers behave, whatever their machines are. */
export type ControllerConfig = v.InferOutput<typeof controllerSchema>;
/**
 * Takes in how controllers behave: `resetDelay` has to be said, the rest is without fault by default.
 *
 * @throws {TypeError} When the config does not fit, naming every field that is wrong.
 */
export function parseControllerConfig(value: unknown): ControllerConfig {
  return parse(controllerSchema, value);
}
/** A triangular distribution of milliseconds. */
export type Delay = v.InferOutput<typeof delay>;

/**
 * Takes a config in.
 *
 * @throws {TypeError} When it does not fit, naming every field that is wrong.
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
