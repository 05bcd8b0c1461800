import { spawnSync } from "node:child_process";

/** Sets up a network namespace that ends with its program, and has nothing but a loopback interface, which hears 10.77.0.0/24. */
const SET_UP = ["ip link set lo up", "ip addr add 10.77.0.2/24 dev lo"];

/** The words that run a program in a network namespace of its own. */
export function apartWords(...words: string[]): string[] {
  return ["unshare", "--net", "sh", "-c", `${SET_UP.join(" && ")} && exec "$@"`, "sh", ...words];
}

/** Whether this user may not make network namespaces; a reason to skip, then. */
export function noNetworkApart(): string | false {
  const [command = "", ...words] = apartWords("true");
  return spawnSync(command, words).status !== 0 &&
    "network namespaces can't be made here: that takes root and util-linux";
}
