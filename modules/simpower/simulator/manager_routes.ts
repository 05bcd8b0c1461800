import type { Context, Hono } from "hono";
import { collection, missing, REDFISH_ROOT } from "./answers.ts";
import type { Controller } from "./controller.ts";
import type { Site } from "./site.ts";

const MANAGERS = `${REDFISH_ROOT}/Managers`;
/** The largest number of entries in a log, and the id of each log. */
const MAX_ENTRIES = 100;
const LOG = "SEL";

/**
 * Returns the manager (BMC) of `system`.
 *
 * @param site The machines.
 */
export function managerOf(system: Controller, site: Site): string {
  return `${MANAGERS}/${site.idOf(system)}`;
}

/** Adds to `app` a Manager for each machine of `site`, with its network interface. */
export function addManagers(app: Hono, site: Site): void {
  const { controllers, withSystem } = site;
  app.get(
    MANAGERS,
    (c) =>
      c.json(
        collection(MANAGERS, "ManagerCollection", "Simulated BMCs", controllers.map((each) => managerOf(each, site))),
      ),
  );
  app.get(
    `${MANAGERS}/:name`,
    withSystem((c, system) => {
      const id = managerOf(system, site);
      return c.json({
        "@odata.id": id,
        "@odata.type": "#Manager.v1_19_1.Manager",
        Id: site.idOf(system),
        Name: `BMC of ${system.name}`,
        ManagerType: "BMC",
        UUID: system.id,
        Model: "Simulated BMC",
        FirmwareVersion: "1.0.0",
        PowerState: "On",
        Status: { State: "Enabled", Health: "OK" },
        EthernetInterfaces: { "@odata.id": `${id}/EthernetInterfaces` },
        NetworkProtocol: { "@odata.id": `${id}/NetworkProtocol` },
        Links: { ManagerForServers: [{ "@odata.id": site.uriOf(system) }] },
        Actions: {
          "#Manager.Reset": {
            target: `${id}/Actions/Manager.Reset`,
            "ResetType@Redfish.AllowableValues": ["ForceRestart", "GracefulRestart"],
          },
        },
      });
    }),
  );
  addInterface(app, site, "Managers");
  app.get(
    `${MANAGERS}/:name/NetworkProtocol`,
    withSystem((c, system) =>
      c.json({
        "@odata.id": `${managerOf(system, site)}/NetworkProtocol`,
        "@odata.type": "#ManagerNetworkProtocol.v1_10_1.ManagerNetworkProtocol",
        Id: "NetworkProtocol",
        Name: "Protocols",
        HostName: system.name,
        HTTPS: { ProtocolEnabled: true, Port: 443 },
      })
    ),
  );
  app.post(`${MANAGERS}/:name/Actions/Manager.Reset`, withSystem((c) => c.body(null, 204)));
}

/** Adds to `app` the network interfaces and the event log of each machine of `site`. */
export function addInterfaces(app: Hono, site: Site): void {
  addInterface(app, site, "Systems");
  addLog(app, site);
}

/** Adds one network interface, of the machine or of its BMC. */
function addInterface(app: Hono, site: Site, of: "Systems" | "Managers"): void {
  const base = `${REDFISH_ROOT}/${of}/:name/EthernetInterfaces`;
  function uri(system: Controller): string {
    return `${REDFISH_ROOT}/${of}/${site.idOf(system)}/EthernetInterfaces`;
  }
  app.get(
    base,
    site.withSystem((c, system) =>
      c.json(collection(uri(system), "EthernetInterfaceCollection", "Interfaces", [`${uri(system)}/1`]))
    ),
  );
  app.get(
    `${base}/1`,
    site.withSystem((c, system) => {
      const address = macOf(system, of === "Systems" ? "02" : "06");
      return c.json({
        "@odata.id": `${uri(system)}/1`,
        "@odata.type": "#EthernetInterface.v1_12_1.EthernetInterface",
        Id: "1",
        Name: "Interface 1",
        InterfaceEnabled: true,
        LinkStatus: "LinkUp",
        MACAddress: address,
        PermanentMACAddress: address,
        SpeedMbps: of === "Systems" ? 25_000 : 1_000,
        Status: { State: "Enabled", Health: "OK" },
      });
    }),
  );
}

/** Derives a locally administered address from the machine's id. */
function macOf({ id }: Controller, first: string): string {
  return [first, ...id.replaceAll("-", "").slice(0, 10).match(/../g) ?? []].join(":").toUpperCase();
}

interface Entry {
  readonly number: number;
  readonly created: string;
}

/** Adds the event log: an entry for each change of power. */
function addLog(app: Hono, site: Site): void {
  const { controllers, withSystem } = site;
  const logs = new Map<Controller, Entry[]>(controllers.map((controller) => [controller, []]));
  let number = 0;
  for (const controller of controllers) {
    controller.onPower(() => {
      const log = logs.get(controller) ?? [];
      log.push({ number: ++number, created: new Date(site.wall()).toISOString() });
      if (log.length > MAX_ENTRIES) log.shift();
    });
  }
  const services = (system: Controller) => `${REDFISH_ROOT}/Systems/${site.idOf(system)}/LogServices`;
  function entryOf(system: Controller, { number, created }: Entry): object {
    return {
      "@odata.id": `${services(system)}/${LOG}/Entries/${number}`,
      "@odata.type": "#LogEntry.v1_16_1.LogEntry",
      Id: String(number),
      Name: `Entry ${number}`,
      EntryType: "SEL",
      Created: created,
      Severity: "OK",
      Message: "The power of the system has changed",
    };
  }
  function entries(c: Context, system: Controller): Response {
    const id = `${services(system)}/${LOG}/Entries`;
    const members = (logs.get(system) ?? []).map((entry) => entryOf(system, entry));
    const empty = collection(id, "LogEntryCollection", "Entries", []);
    return c.json({ ...empty, "Members@odata.count": members.length, Members: members });
  }
  const base = `${REDFISH_ROOT}/Systems/:name/LogServices`;
  app.get(
    base,
    withSystem((c, system) =>
      c.json(collection(services(system), "LogServiceCollection", "Logs", [`${services(system)}/${LOG}`]))
    ),
  );
  app.get(
    `${base}/${LOG}`,
    withSystem((c, system) =>
      c.json({
        "@odata.id": `${services(system)}/${LOG}`,
        "@odata.type": "#LogService.v1_6_0.LogService",
        Id: LOG,
        Name: "System event log",
        LogEntryType: "SEL",
        MaxNumberOfRecords: MAX_ENTRIES,
        OverWritePolicy: "WrapsWhenFull",
        Entries: { "@odata.id": `${services(system)}/${LOG}/Entries` },
        Actions: { "#LogService.ClearLog": { target: `${services(system)}/${LOG}/Actions/LogService.ClearLog` } },
      })
    ),
  );
  app.get(`${base}/${LOG}/Entries`, withSystem(entries));
  app.get(
    `${base}/${LOG}/Entries/:entry`,
    withSystem((c, system) => {
      const found = logs.get(system)?.find((entry) => String(entry.number) === c.req.param("entry"));
      return found === undefined ? missing(c) : c.json(entryOf(system, found));
    }),
  );
  app.post(
    `${base}/${LOG}/Actions/LogService.ClearLog`,
    withSystem((c, system) => {
      logs.set(system, []);
      return c.body(null, 204);
    }),
  );
}
