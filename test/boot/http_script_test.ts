import assert from "node:assert/strict";
import { test } from "node:test";
import { renderIntroduction, renderScript, scriptUrl } from "../../aggregator/boot/http/script.ts";
import { type HttpWorld, MAC, withServer } from "./http_world.ts";
import { get } from "./pxe_client.ts";

const STRANGER = "52:54:00:77:00:99";
const PLACE = { server: "http://10.77.0.1:8080", mac: MAC };
const NODE = { name: "n1", mac: MAC, arguments: ["quiet"], kernel: "vmlinuz", initrd: "images/initrd.img" };
const BOOT = { cluster: "lab", parent: "12d89b6d-d05b-5506-aca9-d12795b07787", server: PLACE.server, token: "t0ken" };
const AGAIN = `chain --replace --autofree ${PLACE.server}/boot/v1/script?mac=${MAC}&uuid=\${uuid}&arch=\${buildarch}`;

/** What a machine is told by its script. */
async function ask({ url }: HttpWorld, mac = MAC, address = "127.0.0.5"): Promise<string> {
  const answer = await get(`${url}/boot/v1/script?mac=${mac}`, { address });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["cache-control"], "no-store", "it may have a token");
  assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
  return answer.body.toString();
}

test("a machine that boots fetches both files, tries again after 1, 2, 4, 8 and 16 s, and then asks for another script", () => {
  const lines = renderScript({ kind: "boot", node: NODE, boot: BOOT }, PLACE).split("\n");
  const kernel = lines.findIndex((line) => line.startsWith("kernel "));
  assert.match(
    lines[kernel] ?? "",
    /^kernel --name kernel http:\/\/10\.77\.0\.1:8080\/boot\/v1\/files\/vmlinuz\?mac=52:54:00:77:00:01 initrd=initrd\.img rootfstype=ramfs quiet kraken\..*kraken\.token=t0ken.* \|\| goto failed$/,
  );
  assert.deepEqual(lines.filter((_, at) => at !== kernel), [
    "#!ipxe",
    "set wait 1",
    ":load",
    "imgfree",
    "echo Kraken: n1 of cluster lab fetches vmlinuz and images/initrd.img",
    "initrd --name initrd.img http://10.77.0.1:8080/boot/v1/files/images/initrd.img?mac=52:54:00:77:00:01 || goto failed",
    "boot || goto failed",
    ":failed",
    "echo Kraken: that failed, tries again in ${wait} s",
    "sleep ${wait}",
    "iseq ${wait} 16 && goto anew ||",
    "iseq ${wait} 8 && set wait 16 ||",
    "iseq ${wait} 4 && set wait 8 ||",
    "iseq ${wait} 2 && set wait 4 ||",
    "iseq ${wait} 1 && set wait 2 ||",
    "goto load",
    ":anew",
    `${AGAIN} ||`,
    "sleep 10",
    "goto anew",
    "",
  ]);
});

test("a machine that has to wait says why, waits whole seconds, one at least, and asks again", () => {
  const waits = (seconds: number) =>
    renderScript({ kind: "wait", lines: ["Kraken: not now", "  later"], seconds }, PLACE).split("\n");
  assert.deepEqual(waits(5), [
    ...["#!ipxe", ":wait", "echo Kraken: not now", "echo   later", "sleep 5", `${AGAIN} ||`, "goto wait", ""],
  ]);
  assert.deepEqual([0, 0.4, 1.4, 1.6].map((seconds) => waits(seconds)[4]), [
    "sleep 1",
    "sleep 1",
    "sleep 1",
    "sleep 2",
  ]);
});

test("text in a script has nothing that means something to iPXE, and 200 characters at most", () => {
  const said = (line: string) => renderScript({ kind: "wait", lines: [line], seconds: 1 }, PLACE).split("\n")[2];
  assert.equal(said("a || b && ${c} 'd' \"e\" \\ `f` #g\n<h> é"), "echo a ?? b ?? ??c? ?d? ?e? ? ?f? ?g??h? ?");
  assert.equal(said("10.77.0.1:80/a_b-c=d+e@f%g (h); i, j"), "echo 10.77.0.1:80/a_b-c=d+e@f%g (h); i, j");
  assert.equal(said("x".repeat(300)), `echo ${"x".repeat(200)}`);
});

test("a path that is no word of a script makes no script", () => {
  for (const kernel of ["", "a b", "/vmlinuz", ".hidden", "-x", "a?b", "a&b", "a#b", "${a}", "é"]) {
    assert.throws(
      () => renderScript({ kind: "boot", node: { ...NODE, kernel }, boot: BOOT }, PLACE),
      { name: "TypeError", message: `Cannot put the path ${JSON.stringify(kernel)} into a script` },
    );
  }
  assert.throws(
    () => renderScript({ kind: "boot", node: { ...NODE, initrd: ` ${"x".repeat(200)}` }, boot: BOOT }, PLACE),
    { message: `Cannot put the path " ${"x".repeat(79)}" into a script` },
  );
  for (const initrd of ["a", "A9_", "a.b-c+d/e_f", "9", "_a"]) {
    assert.ok(
      renderScript({ kind: "boot", node: { ...NODE, initrd }, boot: BOOT }, PLACE).includes(`/files/${initrd}?`),
    );
  }
});

test("who has said no MAC address is asked for that of the interface it came over", () =>
  withServer(async ({ url, unknownMachines }) => {
    const { body } = await get(`${url}/boot/v1/script`);
    assert.equal(body.toString(), renderIntroduction(url));
    assert.equal(body.toString(), `#!ipxe\nchain --replace --autofree ${scriptUrl(url, "${netX/mac}")}\n`);
    assert.deepEqual(unknownMachines.list(), []);
  }));

test("what is no MAC address is refused, with 40 characters of it", () =>
  withServer(async ({ url, unknownMachines }) => {
    const answer = await get(`${url}/boot/v1/script?mac=${"x".repeat(60)}`);
    const { detail } = JSON.parse(answer.body.toString());
    assert.deepEqual([answer.status, detail], [
      400,
      `Parameter 'mac' is '${"x".repeat(40)}': expected a MAC address such as 52:54:00:77:00:01`,
    ]);
    assert.equal((await get(`${url}/boot/v1/script?mac=${MAC}&other=1`)).status, 400);
    assert.deepEqual(unknownMachines.list(), []);
  }));

test("nothing happens for who only looks", () =>
  withServer(async ({ url, unknownMachines, enrolment, seen }) => {
    for (const query of ["", `?mac=${MAC}`, `?mac=${STRANGER}`]) {
      const answer = await get(`${url}/boot/v1/script${query}`, { method: "HEAD", address: "127.0.0.5" });
      assert.equal(answer.status, 200);
    }
    assert.deepEqual([unknownMachines.list(), enrolment.counts.issued, seen("n1", "/pxe/state")], [[], 0, undefined]);
  }));

test("a stranger is told how to make it a node, and only what it has said of itself is remembered", () =>
  withServer(async (world) => {
    const lines = (await ask(world, STRANGER)).split("\n");
    assert.deepEqual(lines.slice(0, 5), [
      "#!ipxe",
      ":wait",
      `echo Kraken: no node that is booted from here has the MAC address ${STRANGER}. To make it one of cluster virtual:`,
      `echo   krakenctl adopt ${STRANGER} --as NAME`,
      "sleep 15",
    ]);
    const [stranger] = world.unknownMachines.list();
    assert.equal(stranger?.mac, STRANGER);
    assert.deepEqual([stranger.uuid, stranger.arch, stranger.asked], [undefined, undefined, "script"]);
    await get(`${world.url}/boot/v1/script?mac=${STRANGER}&arch=arm64`);
    assert.deepEqual(world.unknownMachines.list().map(({ uuid, arch }) => [uuid, arch]), [[undefined, "arm64"]]);
  }));

test("a machine has one script with a token, which begins its boot, and waits a second for the next", () =>
  withServer(async (world) => {
    assert.match(await ask(world), / kraken\.token=/);
    assert.equal(world.enrolment.counts.issued, 1);
    assert.equal(world.seen("n1", "/pxe/state"), "LOADING");
    assert.match(
      world.logged.join(""),
      /"info","message":"A machine has fetched its boot script","node":"n1","address":"127\.0\.0\.5"/,
    );
    assert.match(await ask(world), /echo Kraken: n1 has asked just now\. Waits\nsleep 1\n/);
    await world.clock.advance(1_000);
    assert.match(await ask(world), / kraken\.token=/);
  }));

test("a machine whose agent is heard waits 5 s, without a line in the log", () =>
  withServer(async (world) => {
    world.state.isRunning = true;
    assert.match(
      await ask(world),
      /echo Kraken: n1 has not asked for its address since it was in use\. Waits\nsleep 5\n/,
    );
    assert.ok(!world.logged.join("").includes("Refused a boot script"));
    assert.equal(world.enrolment.counts.issued, 0);
  }, { holdsAddresses: true }));

test("a machine that asks from elsewhere waits 15 s, and the log says so", () =>
  withServer(async (world) => {
    const reason = "n1 must ask from 127.0.0.5, this is 127.0.0.6";
    assert.ok((await ask(world, MAC, "127.0.0.6")).includes(`echo Kraken: ${reason}\nsleep 15\n`));
    const line = world.logged.find((each) => each.includes("Refused a boot script")) ??
      assert.fail("nothing is logged");
    const { level, node, reason: logged } = JSON.parse(line);
    assert.deepEqual([level, node, logged], ["warn", "n1", reason]);
    assert.deepEqual(world.noted, [], "its boot files are not to blame");
    assert.equal(world.enrolment.counts.issued, 0);
  }, { holdsAddresses: true }));

test("a machine whose token can't be stored waits 5 s and has no boot, and the log says why", () =>
  withServer(async (world) => {
    const { issue } = world.enrolment;
    world.enrolment.issue = () => {
      throw new Error("disk is full");
    };
    assert.match(await ask(world), /echo Kraken: n1 can.t be served now\. Waits\nsleep 5\n/);
    assert.match(world.logged.join(""), /"error","message":"Cannot write to the store","problem":"disk is full"/);
    assert.equal(world.seen("n1", "/pxe/state"), undefined);
    world.enrolment.issue = issue;
    await world.clock.advance(1_000);
    assert.match(await ask(world), / kraken\.token=/);
  }));

test("a machine that has to wait for its turn among many waits 5 s", () =>
  withServer(async (world) => {
    world.boots.admit = () => "many";
    assert.match(await ask(world), /echo Kraken: n1 waits for its turn, as many machines boot\nsleep 5\n/);
    assert.equal(world.enrolment.counts.issued, 0);
  }));

test("a machine of another way to boot waits 15 s", () =>
  withServer(async (world) => {
    world.apply({ n1: { "/ipv4/mac": MAC, "/boot/method": "other" } });
    await world.clock.advance(1);
    assert.match(
      await ask(world),
      /echo Kraken: this is n1, which does not boot this way: its \/boot\/method is other\nsleep 15\n/,
    );
  }));
