import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { bootFault } from "../../aggregator/boot/boot_fault.ts";
import { createRpiBoot } from "../../aggregator/boot/rpi.ts";
import { startTftpServer } from "../../aggregator/boot/tftp/mod.ts";
import type { RpiHost } from "../../modules/rpi/module.ts";
import { type BootSight, kernelArguments } from "../../src/boot/mod.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { until } from "../support/until.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { openTftpClient, readRequest } from "./tftp_client.ts";

const PI: RpiHost = {
  ...{ id: "id", name: "pi", serial: "9ffefdef", mac: "dc:a6:32:00:00:01", method: "rpi" },
  ...{ kernel: "arm64/vmlinuz", initrd: "arm64/initrd.img", arguments: ["console=serial0,115200"], images: [] },
  lease: { address: "127.0.0.1", prefix: 8 },
};
const BOOT = { cluster: "lab", parent: "p", server: "http://127.0.0.1:8080" };

test("a Raspberry Pi fetches firmware, config.txt, cmdline.txt, kernel and initramfs over TFTP, and is followed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-rpi-"));
  const log = createLog(() => {});
  const sights: BootSight[] = [];
  const reasons: string[] = [];
  const state: { isUp: boolean; isRunning: boolean; admit: "yes" | "many" } = {
    ...{ isUp: false, isRunning: false, admit: "yes" },
  };
  const clock = createVirtualClock();
  let tokens = 0;
  for (
    const [path, content] of Object.entries({
      "rpi/bootcode.bin": "first",
      "rpi/start4.elf": "common",
      "rpi/9ffefdef/fixup4.dat": "own",
      "rpi/fixup4.dat": "common",
      "arm64/vmlinuz": "k".repeat(3000),
      "arm64/initrd.img": "i".repeat(5000),
      "ipxe.efi": "another's",
    })
  ) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const boot = createRpiBoot({
    registry: {
      host: (serial) => serial === PI.serial ? PI : undefined,
      isUp: () => state.isUp,
      isRunning: () => state.isRunning,
      saw: (_, sight) => sights.push(sight),
    },
    ...{ files: folder, holdsAddresses: true, clock, log },
    admit: () => state.admit,
    fault: (machine) => bootFault(machine, { root: folder, line: () => "" }),
    words: (host) => kernelArguments(host, { ...BOOT, token: `t${++tokens}` }),
  });
  const server = await startTftpServer({
    ...{ address: "127.0.0.1", port: 0, log, clock: systemClock },
    onEvent(event) {
      if (event.reason !== undefined) reasons.push(event.reason);
      boot.note(event);
    },
    async read(path, client) {
      const source = await boot.read(path, client);
      return source === "other" ? undefined : source;
    },
  });
  async function fetchFrom(address: string, path: string): Promise<string | undefined> {
    const client = await openTftpClient(address);
    try {
      await client.say(readRequest(path), { address: "127.0.0.1", port: server.port });
      let text = "";
      for (let block = 1;;) {
        const { packet, from } = await client.hear() ?? assert.fail("the server says nothing");
        if (packet.op === "error") return undefined;
        if (packet.op !== "data" || packet.block !== block) continue;
        text += new TextDecoder().decode(packet.data);
        await client.say({ op: "ack", block: block++ }, from);
        if (packet.data.length < 512) return text;
      }
    } finally {
      await client.close();
    }
  }
  const get = (name: string) => fetchFrom("127.0.0.1", name);
  try {
    assert.equal(await get("bootcode.bin"), "first");
    assert.equal(await get("9ffefdef/start4.elf"), "common");
    assert.equal(await get("9ffefdef/fixup4.dat"), "own");
    assert.equal(await get("9ffefdef/recovery.elf"), undefined);
    assert.match(await get("9ffefdef/config.txt") ?? "", /^kernel=kernel8.img$/m);
    const line = await get("9ffefdef/cmdline.txt");
    assert.match(line ?? "", /^rootfstype=ramfs console=serial0,115200 kraken.cluster=lab .*kraken.token=t1\n$/);
    assert.equal(await get("9ffefdef/cmdline.txt"), line, "who asks again at once gets the same");
    await clock.advance(3_600_000);
    assert.equal(await get("9ffefdef/cmdline.txt"), line, "whoever asks in its name, it has one token for this boot");
    boot.begins(PI.id);
    assert.match(await get("9ffefdef/cmdline.txt") ?? "", /kraken.token=t2\n$/, "it has asked for an address anew");
    assert.equal(await fetchFrom("127.0.0.2", "9ffefdef/cmdline.txt"), undefined, "it is another machine's");
    for (const why of ["isUp", "isRunning"] as const) {
      state[why] = true;
      for (const name of ["config.txt", "cmdline.txt", "kernel8.img", "start4.elf"]) {
        assert.equal(await get(`9ffefdef/${name}`), undefined, `${name}, while it ${why}`);
      }
      state[why] = false;
    }
    renameSync(join(folder, "arm64/initrd.img"), join(folder, "arm64/typo"));
    assert.equal(await get("9ffefdef/start4.elf"), undefined, "it has no initramfs to go on with");
    renameSync(join(folder, "arm64/typo"), join(folder, "arm64/initrd.img"));
    assert.equal(tokens, 2);
    assert.equal((await get("9ffefdef/kernel8.img"))?.length, 3000);
    assert.equal((await get("9ffefdef/initramfs.img"))?.length, 5000);
    await until(() => sights.some(({ kind }) => kind === "loaded"));
    assert.deepEqual(sights[0], { kind: "script" });
    boot.end(PI.id);
    assert.match(
      await get("9ffefdef/cmdline.txt") ?? "",
      /kraken.token=t3\n$/,
      "nothing is kept of a boot that is over",
    );
    boot.begins(PI.id);
    state.admit = "many";
    const client = await openTftpClient("127.0.0.1");
    const ask = () => client.say(readRequest("9ffefdef/cmdline.txt"), { address: "127.0.0.1", port: server.port });
    await ask();
    await until(() => reasons.includes("It is to ask again"));
    assert.equal(tokens, 3);
    state.admit = "yes";
    let heard = await client.hear(0);
    for (let attempt = 0; attempt < 50 && heard === undefined; attempt++) {
      await ask(); // dropped while the other request of this port ends
      heard = await client.hear(200);
    }
    await client.close();
    assert.equal(heard?.packet.op, "data", "while it was not its turn it was told nothing");
    assert.equal(await get("ipxe.efi"), undefined, "that is for others to answer");
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
