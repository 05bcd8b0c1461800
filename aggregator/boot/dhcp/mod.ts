/** DHCP for the machines of this cluster, or ProxyDHCP beside a site's own server. */
export { startDhcpServer } from "./server.ts";
export { loaderFor, standardBoot } from "./standard_boot.ts";
export type * from "./types.ts";
