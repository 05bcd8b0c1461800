/** What people can do with the virtual cluster that runs. */
export function describeWays(api: string, usual: boolean, folder: string): string[] {
  const krakenctl = "bin/krakenctl";
  const server = usual ? "" : ` --server ${api}`;
  return [
    "",
    "The cluster runs until you press Ctrl-C. In another terminal:",
    `  ${krakenctl} get nodes${server}`,
    "  npm run -s vcluster -- --console n1      the machine's serial console, with a shell; Ctrl-] leaves",
    `  ${krakenctl} set n1 /physState=POWER_OFF${server}`,
    `  pkill -9 -f 'qemu.*${folder}/machines/n1/'   pulls its plug: watch it come back`,
    `  ${krakenctl} events -f${server}`,
    "",
    `API      ${api}/api/v1/nodes`,
    `Logs     ${folder}: aggregator.log, inside.log, machines/n1/console.log`,
    "",
  ];
}
