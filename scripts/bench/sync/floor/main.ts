// A process of the floor of the sync bench: a bare broker, a bare subscriber, or bare publishers, as it is asked to be.
import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { Aedes } from "aedes";
import type { MqttClient } from "mqtt";
import { handle } from "../peer_command.ts";
import { servePeer } from "../peer_server.ts";
import { createArrivals } from "./arrivals.ts";
import { connectClient, connectPublishers, publishAll } from "./clients.ts";
import { FLOOR } from "./commands.ts";

const arrivals = createArrivals();
let publishers: { readonly client: MqttClient; readonly topic: string }[] = [];

await servePeer([
  handle(FLOOR.listen, async () => {
    const broker = await Aedes.createBroker();
    broker.on("publish", (_packet, client) => {
      if (client !== null) arrivals.arrived();
    });
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      broker.handle(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const { port } = server.address() as AddressInfo; // it listens on a TCP port
    return { port };
  }),
  handle(FLOOR.subscribe, async ({ url, filter }) => {
    const client = await connectClient(url, "floor-subscriber");
    client.on("message", () => arrivals.arrived());
    await client.subscribeAsync(filter, { qos: 1 });
    return {};
  }),
  handle(FLOOR.connect, async ({ url, topics, first, count }) => {
    const clients = await connectPublishers(url, first, count);
    publishers = clients.map((client, place) => ({ client, topic: topics.replace("+", String(first + place)) }));
    return {};
  }),
  handle(FLOOR.publish, async ({ messages, bytes }) => {
    const payload = randomBytes(bytes);
    const all = publishers.map(({ client, topic }, place) => {
      const share = Math.floor(messages / publishers.length) + (place < messages % publishers.length ? 1 : 0);
      return publishAll(client, topic, share, payload);
    });
    await Promise.all(all);
    return {};
  }),
  handle(FLOOR.reset, () => {
    arrivals.reset();
    return {};
  }),
  handle(FLOOR.received, async ({ messages, limit }) => ({ ms: await arrivals.wait(messages, limit) })),
]);
