/** A program with its arguments. Both Debian's util-linux and busybox have those that are named here. */
export interface MountCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** The folders of one root file system. */
export interface RootFolders {
  /** Names it: the source of its overlay in a list of mounts. */
  readonly id: string;
  /** The parent folder of everything else. */
  readonly folder: string;
  /** The mount point of the whole file system. */
  readonly root: string;
}

/**
 * Returns the folder of the tmpfs for written files, with the folders in it that the overlay needs: see `mount -t
 * overlay`.
 */
export function writableFolders(
  { folder }: RootFolders,
): { readonly rw: string; readonly upper: string; readonly work: string } {
  const rw = `${folder}/rw`;
  return { rw, upper: `${rw}/upper`, work: `${rw}/work` };
}

/** Returns the folder of layer `index`, counted from the lowest. */
export function layerFolder({ folder }: RootFolders, index: number): string {
  return `${folder}/layers/${index}`;
}

/**
 * Returns the commands that mount the layers, read-only, and the tmpfs of `root`.
 *
 * @param files The squashfs files, lowest first.
 */
export function partCommands(root: RootFolders, files: readonly string[]): MountCommand[] {
  const layers = files.map((file, index) => mount("squashfs", ["loop", "ro", "nodev"], file, layerFolder(root, index)));
  return [...layers, mount("tmpfs", ["mode=0755", "size=50%"], "kraken", writableFolders(root).rw)];
}

/**
 * Returns the command that overlays the layers of `root` with the tmpfs on top. The topmost layer comes first (kernel,
 * overlayfs.rst).
 *
 * @param layers Number of layers.
 */
export function overlayCommand(root: RootFolders, layers: number): MountCommand {
  const lower = Array.from({ length: layers }, (_, index) => layerFolder(root, layers - 1 - index)).join(":");
  const { upper, work } = writableFolders(root);
  return mount("overlay", [`lowerdir=${lower}`, `upperdir=${upper}`, `workdir=${work}`], root.id, root.root);
}

/**
 * Returns the command that detaches the mount at path `at` at once; the kernel unmounts it when nothing uses it any
 * more.
 */
export function unmountCommand(at: string): MountCommand {
  return { program: "umount", args: ["-l", at] };
}

function mount(type: string, options: readonly string[], source: string, at: string): MountCommand {
  return { program: "mount", args: ["-t", type, "-o", options.join(","), source, at] };
}

/** Marks the processes of containers in the list of processes. */
export const CONTAINER_MARK = "kraken-container";

/**
 * Waits for the container and ends with its result. It is the parent of the container's first process, and in the
 * container's process group, so it must survive a SIGTERM to that group. Unlike an ignored signal, a trap is not
 * inherited.
 */
const LEADER = 'trap : TERM; "$@"; exit $?';

/**
 * The container's first process, until it becomes the image's own. The root is moved over `/`, not pivoted, because an
 * initramfs cannot be pivoted away from (pivot_root(2)). Other mounts of images are left behind; otherwise they would
 * stay as long as the container runs. An image without name servers gets the machine's. A link there is left alone,
 * because it may lead out of the root.
 */
const SETUP = `set -e
root=$1; name=$2; others=$3; shift 3
while [ "$others" -gt 0 ]; do umount -l "$1"; shift; others=$((others - 1)); done
hostname "$name"
cd "$root"
mkdir -p proc sys dev
if [ -s /etc/resolv.conf ] && [ ! -L etc ] && [ ! -L etc/resolv.conf ] && [ ! -s etc/resolv.conf ]; then
  mkdir -p etc
  cat /etc/resolv.conf >etc/resolv.conf
fi
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs dev
mkdir -p dev/pts dev/shm
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
mount -t tmpfs -o nosuid,nodev,mode=1777 shm dev/shm
mount --move . /
exec chroot . "$@"`;

/**
 * Returns the command that starts a program in a root file system, with its own mounts, process ids, host name and IPC,
 * and the machine's network.
 *
 * @param parts The root, the program, and as `others` the mounts of other images and parts of this one that it need not
 *   see.
 */
export function containerCommand(
  parts: {
    readonly root: string;
    readonly hostname: string;
    readonly others: readonly string[];
    readonly command: readonly string[];
  },
): MountCommand {
  const { root, hostname, others, command } = parts;
  const setup = ["sh", "-c", SETUP, CONTAINER_MARK, root, hostname, String(others.length), ...others, ...command];
  return { program: "unshare", args: ["-m", "-u", "-i", "-p", "sh", "-c", LEADER, CONTAINER_MARK, ...setup] };
}
