import assert from "node:assert/strict";
import { test } from "node:test";
import { type HttpWorld, MAC, withServer } from "./http_world.ts";

function post({ url }: HttpWorld, body: unknown, type = "application/json"): Promise<Response> {
  return fetch(`${url}/boot/v1/enrol`, {
    method: "POST",
    headers: { "content-type": type },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

test("an identity is answered once, to be kept by no cache, and the node is told of", () =>
  withServer(async (world) => {
    const id = world.idOf("n1");
    const token = world.enrolment.issue(id, MAC);
    const answer = await post(world, { token, mac: MAC.toUpperCase().replaceAll(":", "-") });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const { password, ...rest } = await answer.json();
    assert.deepEqual(rest, {
      ...{ id, name: "n1", cluster: "virtual", parent: world.aggregator.id },
      ...{ broker: "mqtt://127.0.0.1:1", username: id },
    });
    assert.ok(world.enrolment.isIdentity(id, password));
    await world.clock.advance(1);
    assert.equal(world.seen("n1", "/pxe/state"), "INIT");
    const again = await post(world, { token, mac: MAC });
    assert.equal(again.status, 403);
    assert.equal((await again.json()).detail, "The token has already been used");
    const logged = world.logged.join("");
    assert.ok(!logged.includes(token) && !logged.includes(password), "a secret is logged");
    assert.match(
      logged,
      /"Answered over HTTP","address":"127\.0\.0\.1","method":"POST","path":"\/boot\/v1\/enrol","status":403/,
    );
  }));

test("each reason why a token is refused is told in words", () =>
  withServer(async (world) => {
    const detailOf = async (token: string, mac = MAC) => (await (await post(world, { token, mac })).json()).detail;
    assert.match(await detailOf("x".repeat(43)), /^The token was never issued/);
    const token = world.enrolment.issue(world.idOf("n1"), MAC);
    assert.equal(await detailOf(token, "52:54:00:77:00:99"), "The token was given to another machine");
    await world.clock.advance(600_000);
    assert.equal(await detailOf(token), "The token has expired");
  }));

test("a request that is no enrolment is refused without a word of what it had", () =>
  withServer(async (world) => {
    const token = "secret".repeat(8);
    const bodies: [unknown, number][] = [
      [{ token }, 422],
      [{ token, mac: "52:54" }, 422],
      [{ token, mac: MAC, more: 1 }, 422],
      [{ token: "x".repeat(257), mac: MAC }, 422],
      [{ token, mac: `${MAC}0` }, 422],
      [{ token: 7, mac: MAC }, 422],
      [null, 422],
      [[token, MAC], 422],
      [`"${token}"`, 422],
      [`{"token":"${token}"`, 400],
      [{ token: token + "x".repeat(3_000), mac: MAC }, 413],
    ];
    for (const [body, status] of bodies) {
      const answer = await post(world, body);
      const text = await answer.text();
      assert.equal(answer.status, status, text);
      assert.ok(!text.includes("secret"), text);
    }
    assert.equal((await post(world, { token, mac: MAC }, "text/plain")).status, 415);
  }));

test("a body of 2048 bytes is read, and a longer one is not", () =>
  withServer(async (world) => {
    const token = world.enrolment.issue(world.idOf("n1"), MAC);
    const body = JSON.stringify({ token, mac: MAC });
    assert.equal((await post(world, body.padEnd(2_049))).status, 413);
    assert.equal((await post(world, body.padEnd(2_048))).status, 200);
  }));

test("a node that is not booted from here any more has the identity of its token under its id", () =>
  withServer(async (world) => {
    const id = world.idOf("n1");
    const token = world.enrolment.issue(id, MAC);
    world.apply({ n1: { "/ipv4/mac": "52:54:00:77:00:02", "/boot/method": "pxe" } });
    const answer = await post(world, { token, mac: MAC });
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).name, id);
  }));

test("an identity that can't be stored is not given out, and the token stays good", () =>
  withServer(async (world) => {
    const token = world.enrolment.issue(world.idOf("n1"), MAC);
    const { exchange } = world.enrolment;
    world.enrolment.exchange = () => {
      throw new Error("disk is full");
    };
    const answer = await post(world, { token, mac: MAC });
    assert.equal(answer.status, 503);
    assert.equal((await answer.json()).detail, "The identity could not be stored: try again");
    assert.match(world.logged.join(""), /"error","message":"Cannot write to the store","problem":"disk is full"/);
    world.enrolment.exchange = exchange;
    assert.equal((await post(world, { token, mac: MAC })).status, 200);
  }));
