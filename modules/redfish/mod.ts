/** Redfish (DSP0266): the driver that every platform with such controllers uses. */
export * from "./driver.ts";
export type { Exchange } from "./exchange.ts";
