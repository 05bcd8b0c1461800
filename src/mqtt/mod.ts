/** MQTT: the topics, the connection and the transports that links run on. */
export * from "./child_transport.ts";
export * from "./connection.ts";
export { isDownFrame, isUpFrame, type TransportCounts } from "./intake.ts";
export * from "./parent_transport.ts";
export { reconnectWait } from "./reconnect.ts";
export * from "./topics.ts";
export * from "./uplink.ts";
