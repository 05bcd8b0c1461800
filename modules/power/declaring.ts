/** What declarations of power modules share: plain data, for those who plan with them and run none. */
export * from "./bmc.ts";
export { bootDevices } from "./boot_device.ts";
export * from "./declaration.ts";
export { blinkMutations, ledMutations, leds } from "./led.ts";
export * from "./ordering.ts";
