/** Redfish (DSP0266): the driver for all platforms with such controllers. */
export * from "./driver.ts";
export type { Exchange } from "./exchange.ts";
