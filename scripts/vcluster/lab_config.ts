import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());
const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{1,64}$/));
const schema = v.strictObject({
  cluster: name,
  /** Where data, logs and sockets go. */
  folder: text,
  /** What the aggregator serves to machines that boot. */
  bootFiles: text,
  /** Who gives machines their addresses: the aggregator, or a server of the site's own beside it. */
  dhcp: v.picklist(["server", "proxy"]),
  /** How long a lost link may take to come back, such as `5s`. */
  grace: text,
  machines: v.pipe(
    v.array(v.strictObject({
      name,
      number: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(250)),
      memory: v.pipe(v.number(), v.integer(), v.minValue(64)),
      arch: v.picklist(["x86_64", "aarch64"]),
      firmware: v.picklist(["bios", "uefi", "uefi-http"]),
      power: v.picklist(["redfish", "ipmi"]),
    })),
    v.minLength(1),
  ),
});

/** What runs inside the namespace of a virtual cluster. */
export type LabConfig = v.InferOutput<typeof schema>;
/** One of its machines. */
export type LabMachine = LabConfig["machines"][number];

/** Takes in what {@link startLab} has written. @throws {Error} When it does not fit. */
export function parseLabConfig(value: unknown): LabConfig {
  return v.parse(schema, value);
}
