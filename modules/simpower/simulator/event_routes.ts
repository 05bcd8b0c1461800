import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { REDFISH_ROOT } from "./answers.ts";
import type { Controller } from "./controller.ts";
import type { Site } from "./site.ts";

const SERVICE = `${REDFISH_ROOT}/EventService`;
const STREAM = `${SERVICE}/SSE`;

/**
 * Adds to `app` an EventService that streams changes of power as server-sent events (DSP0266, 13.2).
 *
 * @param site The machines.
 * @param signal Ends the streams.
 */
export function addEvents(app: Hono, site: Site, signal: AbortSignal): void {
  const listeners = new Set<(system: Controller) => void>();
  for (const controller of site.controllers) {
    controller.onPower(() => {
      for (const listener of listeners) listener(controller);
    });
  }
  let made = 0;

  app.get(SERVICE, (c) =>
    c.json({
      "@odata.id": SERVICE,
      "@odata.type": "#EventService.v1_10_1.EventService",
      Id: "EventService",
      Name: "Events",
      ServiceEnabled: true,
      EventFormatTypes: ["Event"],
      ServerSentEventUri: STREAM,
    }));
  app.get(STREAM, (c) =>
    streamSSE(c, async (stream) => {
      function tell(system: Controller): void {
        const id = String(++made);
        void stream.writeSSE({ id, data: JSON.stringify(eventOf(id, site.uriOf(system))) });
      }
      const ended = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
        stream.onAbort(resolve);
      });
      await stream.write(": events follow\n\n"); // so that the answer begins before the first event
      listeners.add(tell);
      await ended;
      listeners.delete(tell);
    }));
}

function eventOf(id: string, origin: string) {
  return {
    "@odata.type": "#Event.v1_10_0.Event",
    Id: id,
    Name: "Power",
    Events: [{
      EventType: "StatusChange",
      EventId: id,
      MemberId: "0",
      MessageId: "ResourceEvent.1.3.ResourceStatusChanged",
      Message: "The power of the system has changed",
      OriginOfCondition: { "@odata.id": origin },
    }],
  };
}
