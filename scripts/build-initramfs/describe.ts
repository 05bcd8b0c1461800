import { renderTable } from "../../src/cli/mod.ts";
import type { Built, Part } from "./build.ts";

/** Files that are listed by themselves, however many others there are. */
const LARGE = 1_000_000;

/** What was built, for people: the files, and what is in the initramfs. */
export function describeBuilt(built: Built, shown: (file: string) => string): string {
  const { kernel, initramfs, agent } = built;
  const files = [
    [shown(kernel.file), megabytes(kernel.size), `Linux ${kernel.release}`],
    [shown(initramfs.file), megabytes(initramfs.size), `sha256 ${initramfs.sha256}`],
    ...built.ipxe.map(({ file, size }) => [shown(file), megabytes(size), "iPXE"]),
  ];
  const parts = groupParts(built.contents).map(({ path, size }) => [path, megabytes(size)]);
  return [
    ...renderTable([{ title: "file" }, { title: "MB", align: "right" }, { title: "" }], files),
    "",
    ...(built.ipxeProblem === undefined ? [] : [`No iPXE: ${built.ipxeProblem}`, ""]),
    ...renderTable([{ title: "in the initramfs" }, { title: "MB", align: "right" }], [
      ...parts,
      ["in all, unpacked", megabytes(initramfs.unpacked)],
    ]),
    "",
    `The agent runs on ${agent.runtime}: ${megabytes(agent.size)} MB before compression`,
    "",
  ].join("\n");
}

/** Large files by themselves, the others by folder; the largest first. */
export function groupParts(parts: readonly Part[]): Part[] {
  const groups = new Map<string, { size: number; count: number }>();
  for (const { path, size } of parts) {
    const key = size >= LARGE ? path : `${/^(?:lib\/modules|[^/]+(?=\/))/.exec(path)?.[0] ?? "."}/`;
    const group = groups.get(key) ?? { size: 0, count: 0 };
    groups.set(key, { size: group.size + size, count: group.count + 1 });
  }
  return [...groups].map(([path, { size, count }]) => ({
    path: path.endsWith("/") ? `${path} (${count} files)` : path,
    size,
  }))
    .sort((a, b) => b.size - a.size);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e5 ? 3 : 1);
}
