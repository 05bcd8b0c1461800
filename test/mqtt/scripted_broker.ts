import { type AddressInfo, createServer, type Socket } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";

/** A broker that says only what it is told to, to one client at a time. */
export interface ScriptedBroker {
  readonly url: string;
  /** The packets that clients have sent: their names. */
  readonly received: readonly string[];
  close(): Promise<void>;
}

/** Answers a packet. */
export type Script = (packet: Packet, reply: (packet: Packet) => void, socket: Socket) => void;

/** Starts one on a free port of this machine. @param protocolVersion 4 is MQTT 3.1.1. */
export async function startScriptedBroker(script: Script, protocolVersion: 4 | 5 = 4): Promise<ScriptedBroker> {
  const sockets = new Set<Socket>();
  const received: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    const reader = parser({ protocolVersion });
    reader.on("packet", (packet: Packet) => {
      received.push(packet.cmd);
      script(packet, (answer) => void socket.write(generate(answer, { protocolVersion })), socket);
    });
    socket.on("data", (chunk) => reader.parse(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a TCP port
    received,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Lets a client in and grants what it subscribes to. */
export const welcoming: Script = (packet, reply) => {
  if (packet.cmd === "connect") reply({ cmd: "connack", returnCode: 0, sessionPresent: false });
  if (packet.cmd === "subscribe") {
    reply({ cmd: "suback", messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 1) });
  }
};
