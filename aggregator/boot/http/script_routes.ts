import type { Context } from "hono";
import type { PxeHost } from "../../../modules/pxe/registry.ts";
import { parseMac } from "../../../src/boot/mod.ts";
import { answerProblem, type Routes, withQuery } from "../../../src/http/mod.ts";
import type { BootAppParts } from "./parts.ts";
import { refusalOf } from "../admission.ts";
import { createRefusalLog } from "../../../src/log.ts";
import { peerAddressOf } from "./address_of.ts";
import { renderIntroduction, renderScript, type ScriptSubject } from "./script.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

/** Seconds after which a waiting machine asks again. */
const RETRY_WAIT = 15;
const BUSY_WAIT = 5;

/**
 * Returns the route `/boot/v1/script`, which tells a machine as an iPXE script what to do.
 *
 * @param parts What it depends on.
 */
export function scriptRoutes(parts: BootAppParts): Routes {
  const { cluster, registry, boots, enrolment, unknownMachines, clock, log } = parts;
  const refusals = createRefusalLog(log, clock);

  function wait(seconds: number, ...lines: string[]): ScriptSubject {
    return { kind: "wait", lines: [`Kraken: ${lines[0]}`, ...lines.slice(1)], seconds };
  }

  function otherwise({ name, method }: PxeHost): ScriptSubject {
    return wait(RETRY_WAIT, `this is ${name}, which does not boot this way: its /boot/method is ${method}`);
  }

  async function decide(host: PxeHost, address: string): Promise<ScriptSubject> {
    if (host.method !== "pxe") return otherwise(host);
    const fault = await parts.fault(host);
    const refusal = refusalOf(host, address, parts);
    if (refusal?.kind === "in-use") return wait(BUSY_WAIT, `${refusal.reason}. Waits`);
    if (refusal !== undefined) {
      refusals.warn("Refused a boot script", { node: host.name, reason: refusal.reason });
      return wait(RETRY_WAIT, refusal.reason);
    }
    if (fault !== undefined) {
      parts.recheck(host.id);
      refusals.warn("Refused a boot script", { node: host.name, reason: fault });
      return wait(RETRY_WAIT, `${host.name} can't boot:`, `  ${fault}`);
    }
    const admitted = boots.admit(host.id);
    switch (admitted) {
      case "just-now":
        return wait(1, `${host.name} has asked just now. Waits`);
      case "many":
        return wait(BUSY_WAIT, `${host.name} waits for its turn, as many machines boot`);
      case "yes":
        break;
      default:
        admitted satisfies never;
    }
    let token: string;
    try {
      token = enrolment.issue(host.id, host.mac);
    } catch (error) {
      log.error("Cannot write to the store", { problem: errorText(error) });
      return wait(BUSY_WAIT, `${host.name} can't be served now. Waits`);
    }
    boots.begin(host, address);
    log.info("A machine has fetched its boot script", { node: host.name, address });
    return { kind: "boot", node: host, boot: { cluster, parent: parts.parent, server: parts.server(), token } };
  }

  async function script(
    c: Context,
    query: { readonly mac?: string; readonly uuid?: string; readonly arch?: string },
  ): Promise<Response> {
    if (c.req.method === "HEAD") return answerText(""); // only looking has no effect
    if (query.mac === undefined) return answerText(renderIntroduction(parts.server()));
    const mac = parseMac(query.mac);
    if (mac === undefined) {
      const detail = `Parameter 'mac' is '${query.mac.slice(0, 40)}': expected a MAC address such as 52:54:00:77:00:01`;
      return answerProblem({ kind: "malformed", detail });
    }
    const host = registry.host(mac) ?? registry.bystander(mac);
    if (host === undefined) {
      const { uuid, arch } = query;
      unknownMachines.saw({
        mac,
        asked: "script",
        ...(uuid !== undefined && { uuid }),
        ...(arch !== undefined && { arch }),
      });
    }
    const subject = host === undefined
      ? wait(
        RETRY_WAIT,
        `no node that is booted from here has the MAC address ${mac}. To make it one of cluster ${cluster}:`,
        `  krakenctl adopt ${mac} --as NAME`,
      )
      : await decide(host, peerAddressOf(c));
    return answerText(renderScript(subject, { server: parts.server(), mac }));
  }

  return { "/boot/v1/script": { GET: withQuery(["mac", "uuid", "arch"], script) } };
}

/** Returns a text that must not be cached: it contains a token. */
function answerText(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" } });
}
