import assert from "node:assert/strict";
import { test } from "node:test";
import { hostinfoDeclaration } from "../../modules/hostinfo/declaration.ts";
import { imageDeclaration } from "../../modules/image/declaration.ts";
import { joinDeclaration } from "../../modules/join/declaration.ts";
import { serviceDeclaration } from "../../modules/service/declaration.ts";
import { simpowerDeclaration } from "../../modules/simpower/declaration.ts";
import { compileDomain, createPlanner } from "../../src/plan/mod.ts";
import type { Value } from "../../src/state/mod.ts";

const planner = createPlanner(
  compileDomain([simpowerDeclaration, joinDeclaration, serviceDeclaration, imageDeclaration, hostinfoDeclaration]),
);

/** The keys of a plan's steps in order, with the goals that it suspends. */
function plan(view: { readonly [url: string]: Value }, cfg: { readonly [url: string]: Value }) {
  const constants: [string, Value][] = [["/platform", "sim"]];
  const answer = planner.plan({
    view: new Map([...constants, ...Object.entries(view)]),
    cfg: new Map([...constants, ...Object.entries(cfg)]),
  });
  if (!answer.ok) throw new Error(`Expected a plan, found ${JSON.stringify(answer.reason)}`);
  return {
    steps: answer.steps.map(({ key }) => key),
    suspended: answer.suspended.map(({ url }) => url).sort(),
  };
}

const goal = { "/physState": "POWER_ON", "/runState": "SYNC", "/services/job/state": "RUN" };
const running = {
  "/physState": "POWER_ON",
  "/runState": "SYNC",
  "/drained": "NO",
  "/services/job/state": "RUN",
};

test("the modules take a node from nothing known to a running service", () => {
  const { steps } = plan({}, goal);
  assert.deepEqual(steps.filter((key) => !key.startsWith("service/")), [
    "simpower/find-on",
    "simpower/boot",
    "join/level",
  ]);
  assert.deepEqual(steps.slice(3).sort(), [
    "service/find-drained",
    "service/find{name=job}",
    "service/start{name=job}",
  ]);
  assert.equal(steps.at(-1), "service/start{name=job}");
  assert.deepEqual(plan({ "/physState": "POWER_OFF" }, goal).steps.slice(0, 3), [
    "simpower/power-on",
    "simpower/boot",
    "join/level",
  ]);
});

test("the modules drain a node before they power it off, and suspend what can't be known then", () => {
  const { steps, suspended } = plan(running, { ...goal, "/physState": "POWER_OFF" });
  assert.deepEqual(steps, ["service/drain", "simpower/power-off"]);
  assert.deepEqual(suspended, ["/runState", "/services/job/state"]);
  const half = plan({ ...running, "/drained": "YES", "/services/job/state": "STOP" }, {
    ...goal,
    "/physState": "POWER_OFF",
  });
  assert.deepEqual(half.steps, ["simpower/power-off"], "a goal that stays in cfg does not start the service again");
});

test("the modules resume a node that was drained for a power-off which is not wanted any more", () => {
  const { steps } = plan({ ...running, "/drained": "YES", "/services/job/state": "STOP" }, goal);
  assert.deepEqual(steps, ["service/resume", "service/start{name=job}"]);
});

test("the modules power a node off at once when its agent is lost, and on again, to repair it", () => {
  const { steps } = plan({ "/physState": "POWER_ON", "/runState": "ERROR" }, goal);
  assert.deepEqual(steps.slice(0, 4), [
    "simpower/power-off",
    "simpower/power-on",
    "simpower/boot",
    "join/level",
  ]);
});

test("the modules leave a busy node on", () => {
  const answer = planner.plan({
    view: new Map([["/platform", "sim"], ["/busy", "BUSY"], ...Object.entries(running)]),
    cfg: new Map([["/platform", "sim"], ["/physState", "POWER_OFF"]]),
  });
  assert.ok(!answer.ok && answer.reason.kind === "unreachable");
});

test("the modules bring a service to RUN and STOP from every state in one step", () => {
  const to = (state: string, wanted: string) =>
    plan({ ...running, "/services/job/state": state }, { "/services/job/state": wanted }).steps;
  assert.deepEqual(to("STOP", "RUN"), ["service/start{name=job}"]);
  assert.deepEqual(to("INIT", "RUN"), ["service/apply{name=job}"]);
  assert.deepEqual(to("ERROR", "RUN"), ["service/restart{name=job}"]);
  assert.deepEqual(to("RUN", "STOP"), ["service/stop{name=job}"]);
  assert.deepEqual(to("INIT", "STOP"), ["service/stop-outdated{name=job}"]);
  assert.deepEqual(to("ERROR", "STOP"), ["service/clear{name=job}"]);
});

test("the modules reset a machine that hangs", () => {
  assert.deepEqual(plan({ "/physState": "PHYS_HANG" }, { "/physState": "POWER_ON" }).steps, [
    "simpower/reset-hang",
    "simpower/power-on",
  ]);
});

test("the modules bring an image up from nothing known, and update and repair it in one step", () => {
  const wanted = { "/physState": "POWER_ON", "/runState": "SYNC", "/image/state": "ACTIVE" };
  const { steps } = plan({}, wanted);
  assert.deepEqual(steps.filter((key) => key.startsWith("image/")), ["image/find", "image/fetch", "image/activate"]);
  const to = (state: string, goal: string) =>
    plan({ ...running, "/image/state": state }, { "/image/state": goal }).steps;
  assert.deepEqual(to("IDLE", "ACTIVE"), ["image/fetch", "image/activate"]);
  assert.deepEqual(to("FETCHING", "ACTIVE"), ["image/activate"]);
  assert.deepEqual(to("UPDATE", "ACTIVE"), ["image/update"]);
  assert.deepEqual(to("ERROR", "ACTIVE"), ["image/retry"]);
  assert.deepEqual(to("ACTIVE", "IDLE"), ["image/stop"]);
  assert.deepEqual(to("UPDATE", "IDLE"), ["image/stop-outdated"]);
  assert.deepEqual(to("FETCHING", "IDLE"), ["image/cancel"]);
  assert.deepEqual(to("ERROR", "IDLE"), ["image/clear"]);
});

test("the modules drain a node with an image before they power it off, and suspend the image", () => {
  const view = { ...running, "/image/state": "ACTIVE" };
  const { steps, suspended } = plan(view, { ...goal, "/physState": "POWER_OFF", "/image/state": "ACTIVE" });
  assert.deepEqual(steps, ["service/drain", "simpower/power-off"]);
  assert.deepEqual(suspended, ["/image/state", "/runState", "/services/job/state"]);
});

test("the modules neither stop nor swap the image of a busy node, and repair one that has failed", () => {
  const answer = (state: string, goal: string) =>
    planner.plan({
      view: new Map(Object.entries({ ...running, "/platform": "sim", "/busy": "BUSY", "/image/state": state })),
      cfg: new Map(Object.entries({ "/platform": "sim", "/image/state": goal })),
    });
  for (const [state, goal] of [["UPDATE", "ACTIVE"], ["ACTIVE", "IDLE"], ["UPDATE", "IDLE"]] as const) {
    assert.equal(answer(state, goal).ok, false, `${state} to ${goal}`);
  }
  assert.equal(answer("ERROR", "ACTIVE").ok, true);
});

test("the modules power-cycle a machine once by way of its goal: drained, off, on again and up", () => {
  const wanted = { ...goal, "/power/order": "DONE" };
  const { steps } = plan({ ...running, "/power/order": "CYCLE" }, wanted);
  assert.deepEqual(steps.filter((key) => !key.startsWith("service/")), [
    "simpower/power-off",
    "simpower/cycle-off",
    "simpower/power-on",
    "simpower/boot",
    "join/level",
  ]);
  assert.equal(steps[0], "service/drain");
  assert.deepEqual(plan({ ...running, "/power/order": "DONE" }, wanted).steps, [], "once");
});

test("the modules restart a machine once without a loss of power, after it was drained", () => {
  const { steps } = plan({ ...running, "/power/order": "RESET" }, { ...goal, "/power/order": "DONE" });
  assert.deepEqual(steps.slice(0, 4), ["service/drain", "simpower/reset", "simpower/reset-over", "simpower/boot"]);
});

test("the modules interrupt a machine once, and nothing else", () => {
  const { steps } = plan({ ...running, "/power/order": "NMI" }, { ...goal, "/power/order": "DONE" });
  assert.deepEqual(steps, ["simpower/interrupt"]);
});

test("the modules neither restart nor interrupt nor power-cycle a busy node", () => {
  for (const order of ["CYCLE", "RESET", "NMI"]) {
    assert.throws(
      () => plan({ ...running, "/busy": "BUSY", "/power/order": order }, { ...goal, "/power/order": "DONE" }),
      /Expected a plan/,
      order,
    );
  }
});

test("the modules turn the identify LED of a machine that is busy or off, and disturb nothing by it", () => {
  const busy = plan({ ...running, "/busy": "BUSY" }, { ...goal, "/bmc/led": "ON" });
  assert.deepEqual(busy.steps, ["simpower/led-first-on"]);
  const lit = { ...running, "/bmc/led": "ON" };
  assert.deepEqual(plan(lit, { ...goal, "/bmc/led": "ON" }).steps, []);
  assert.deepEqual(plan(lit, { ...goal, "/bmc/led": "BLINKING" }).steps, ["simpower/led-on-blink"]);
  assert.deepEqual(plan(lit, { ...goal, "/bmc/led": "OFF" }).steps, ["simpower/led-off"]);
});

test("a machine that is off, or is to be, is not powered on for a restart or an interrupt that was ordered before", () => {
  const steps = (order: string, physState: string, wanted: string) =>
    plan(
      physState === "POWER_OFF"
        ? { "/physState": physState, "/power/order": order }
        : { ...running, "/power/order": order },
      { "/physState": wanted, "/power/order": "DONE" },
    ).steps;
  for (const [order, over] of [["RESET", "no-reset"], ["NMI", "no-interrupt"]] as const) {
    assert.deepEqual(steps(order, "POWER_OFF", "POWER_OFF"), [`simpower/${over}`]);
    assert.deepEqual(steps(order, "POWER_ON", "POWER_OFF"), [
      ...["service/drain", "simpower/power-off", `simpower/${over}`],
    ]);
    assert.deepEqual(steps(order, "POWER_OFF", "POWER_ON").sort(), [`simpower/${over}`, "simpower/power-on"]);
  }
  assert.deepEqual(steps("RESET", "POWER_ON", "POWER_ON").slice(0, 3), [
    ...["service/drain", "simpower/reset", "simpower/reset-over"],
  ]);
  assert.deepEqual(steps("NMI", "POWER_ON", "POWER_ON"), ["simpower/interrupt"]);
});
