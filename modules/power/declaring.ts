/** The common part of the declarations of power modules: plain data, for programs that plan with them without running any. */
export * from "./bmc.ts";
export { bootDevices } from "./boot_device.ts";
export * from "./declaration.ts";
export { blinkMutations, ledMutations, leds } from "./led.ts";
export * from "./ordering.ts";
