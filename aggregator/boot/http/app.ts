import { Hono } from "hono";
import { createRefusalLog } from "../../../src/log.ts";
import { addRoutes, answerProblem } from "../../../src/http/mod.ts";
import { peerAddressOf } from "./address_of.ts";
import { enrolRoutes } from "./enrol.ts";
import { fileRoutes } from "./file_routes.ts";
import type { BootAppParts } from "./parts.ts";
import { scriptRoutes } from "./script_routes.ts";

/**
 * Creates the HTTP interface for machines that boot. It is separate from the API: it has only what a machine without an
 * identity needs, and what it sends is either public or valid for one boot of one machine.
 *
 * @param parts What it depends on.
 */
export function createBootApp(parts: BootAppParts): Hono {
  const app = new Hono();
  const failures = createRefusalLog(parts.log, parts.clock);
  app.use(async (c, next) => {
    await next();
    const { method, path } = c.req;
    parts.log.debug("Answered over HTTP", {
      address: peerAddressOf(c),
      method,
      path: path.slice(0, 200),
      status: c.res.status,
    });
  });
  addRoutes(app, {
    ...scriptRoutes(parts),
    ...fileRoutes(parts),
    ...enrolRoutes(parts),
    "/boot/v1/time": { GET: (c) => c.text(`${(parts.clock.wall() / 1000).toFixed(3)}\n`) },
  });
  app.notFound(() => answerProblem({ kind: "not-found", detail: "There is no such file" }));
  app.onError((error, c) => {
    failures.error("Cannot answer a machine", { path: c.req.path.slice(0, 200), problem: error.message });
    return answerProblem({ kind: "internal", detail: "The boot server failed to answer: its log says why" });
  });
  return app;
}
