import type { Control } from "../control/control.ts";
import type { Handlers } from "./handler.ts";

/** Answers whatever watches this program, and points people who open its address further. */
export function createHealthHandlers(
  control: Control,
  version: string,
): Pick<Handlers, "getHealth" | "getReady" | "getRoot"> {
  const { cluster, name } = control;
  return {
    getHealth() {
      const [troubles, warnings] = [control.troubles(), control.warnings()];
      return {
        ok: true,
        value: {
          ...{ status: "ok", cluster, name, version },
          ...(troubles.length > 0 && { troubles }),
          ...(warnings.length > 0 && { warnings }),
        },
      };
    },
    getReady() {
      const troubles = control.troubles();
      const [detail] = troubles;
      if (detail === undefined) return { ok: true, value: { status: "ready", cluster, name, version } };
      const errors = troubles.map((trouble) => ({ detail: trouble }));
      return { ok: false, problem: { kind: "unavailable", detail, errors } };
    },
    getRoot: () => ({
      ok: true,
      response: new Response(
        `Kraken ${version}, aggregator '${name}' of cluster '${cluster}': see /api for what it can be asked\n`,
        { headers: { "content-type": "text/plain; charset=UTF-8" } },
      ),
    }),
  };
}
