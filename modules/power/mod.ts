/** The common part of power modules: the management of controllers, and the interface of a driver for one kind of them. */
export { type BootDevice, bootDeviceOf, type BootTarget } from "./boot_device.ts";
export * from "./credentials.ts";
export * from "./driver.ts";
export * from "./guard.ts";
export type { Led } from "./led.ts";
export * from "./limit.ts";
export * from "./log_entry.ts";
export { type BmcLogs, createBmcLogs } from "./bmc_logs.ts";
export * from "./module.ts";
export * from "./refusals.ts";
