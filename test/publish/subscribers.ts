import { existsSync } from "node:fs";

/** Why programs of others can't subscribe here, if they can't. */
export const NO_SUBSCRIBERS: string | undefined =
  existsSync("/usr/bin/mosquitto_sub") && existsSync("/usr/lib/python3/dist-packages/paho")
    ? undefined
    : "mosquitto_sub or Paho is not installed: apt-get install mosquitto-clients python3-paho-mqtt";
