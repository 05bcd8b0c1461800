import type { Hono } from "hono";
import { REDFISH_ROOT } from "./answers.ts";

const SCHEMAS = "http://redfish.dmtf.org/schemas/v1";
/** The schema files of what is served. */
const NAMES = [
  ...["ServiceRoot", "ComputerSystemCollection", "ComputerSystem", "ChassisCollection", "Chassis", "ManagerCollection"],
  ...[
    "Manager",
    "SessionService",
    "Session",
    "EventService",
    "EthernetInterface",
    "LogService",
    "LogEntry",
    "ActionInfo",
  ],
];

/**
 * Adds to `app` the OData service document and the metadata document (DSP0266, 8.4).
 *
 * @param root The service root.
 */
export function addMetadata(app: Hono, root: { readonly [name: string]: unknown }): void {
  app.get(`${REDFISH_ROOT}/odata`, (c) => {
    const services = Object.entries(root).map(([name, value]) => ({ name, url: linkOf(value) }))
      .filter(({ url }) => url !== undefined);
    return c.json({
      "@odata.context": `${REDFISH_ROOT}/$metadata`,
      value: [
        { name: "Service", kind: "Singleton", url: REDFISH_ROOT },
        ...services.map((each) => ({ ...each, kind: "Singleton" })),
      ],
    });
  });
  // A dollar sign would end a pattern.
  app.get(`${REDFISH_ROOT}/:document{[$]metadata}`, (c) => {
    c.header("content-type", "application/xml");
    return c.body(METADATA);
  });
}

function linkOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "@odata.id" in value ? value["@odata.id"] : undefined;
}

const REFERENCES = NAMES.map((name) =>
  `  <edmx:Reference Uri="${SCHEMAS}/${name}_v1.xml">\n    <edmx:Include Namespace="${name}"/>\n  </edmx:Reference>\n`
);
const METADATA = `<?xml version="1.0" encoding="UTF-8"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">
${REFERENCES.join("")}  <edmx:DataServices>
    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Service">
      <EntityContainer Name="Service" Extends="ServiceRoot.v1_16_0.ServiceContainer"/>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
`;
