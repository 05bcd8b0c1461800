/** What power modules share: looking after controllers, and what a driver for one kind of them has to do. */
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
