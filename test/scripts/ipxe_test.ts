import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { takeIpxe } from "../../scripts/build-initramfs/ipxe.ts";
import { withTree } from "./fixture.ts";

interface Packages {
  unpack(): Promise<string>;
}

/** Two releases of a package, the older without what is for ARM64. */
async function withReleases(use: (older: Packages, newer: Packages) => Promise<void>): Promise<void> {
  const programs = {
    older: ["undionly.kpxe", "ipxe.efi"],
    newer: ["undionly.kpxe", "ipxe.efi", "ipxe-arm64.efi"],
  };
  const files = Object.entries(programs).flatMap(([release, names]) =>
    names.map((name) => [`${release}/usr/lib/ipxe/${name}`, `${name} of ${release}`])
  );
  await withTree(Object.fromEntries(files), async (root) => {
    const release = (name: string): Packages => ({ unpack: () => Promise.resolve(join(root, name)) });
    await use(release("older"), release("newer"));
  });
}

test("takeIpxe() takes what the machine's own release has, and otherwise that of a newer one", async () => {
  await withReleases(async (older, newer) => {
    const own = await takeIpxe("x86_64", older, () => assert.fail("nothing of a newer release is needed"));
    assert.deepEqual(textOf(own), ["undionly.kpxe of older", "ipxe.efi of older"]);
    assert.deepEqual(textOf(await takeIpxe("aarch64", newer, () => assert.fail("nor here"))), [
      "ipxe-arm64.efi of newer",
    ]);
    assert.deepEqual(textOf(await takeIpxe("aarch64", older, () => Promise.resolve(newer))), [
      "ipxe-arm64.efi of newer",
    ]);
  });
});

test("takeIpxe() says why there is none where neither has it", async () => {
  await withReleases(async (older) => {
    const away = await takeIpxe("aarch64", older, () => Promise.reject(new Error("404 Not Found")));
    assert.deepEqual(away.programs, []);
    assert.match(
      away.problem ?? "",
      /has no ipxe-arm64\.efi here, and the one of trixie can't be downloaded: 404 Not Found/,
    );
    const neither = await takeIpxe("aarch64", older, () => Promise.resolve(older));
    assert.deepEqual([neither.programs, neither.problem], [[], "Debian's ipxe has no ipxe-arm64.efi"]);
  });
});

function textOf({ programs }: Awaited<ReturnType<typeof takeIpxe>>): string[] {
  return programs.map(({ data }) => new TextDecoder().decode(data));
}
