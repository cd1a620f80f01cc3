import { expect, test } from "vitest";
import { World } from "./world.ts";

test("a membership goes on while there is no room for a watch of its node, and hears of its end as soon as there is", async () => {
  const world = await World.start();
  const [a, operator] = await world.three();
  await world.until(operator.session.setBudget("/group", { watches: { hard: 0 } }));
  const members = [];
  for (const id of ["stays", "left", "taken"])
    members.push(await world.until(a.coord.group("g").join({}, { id })));
  const [stays, left, taken] = members;
  await world.pass(5_000);
  expect(members.map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
  expect((await world.until(operator.coord.group("g").members())).map(({ id }) => id)).toEqual([
    "left",
    "stays",
    "taken",
  ]);
  await world.until(stays?.update({ a: "1" }) ?? Promise.reject(new Error("nobody")));
  await world.until(left?.leave() ?? Promise.reject(new Error("nobody")));
  await world.until(operator.session.delete("/group/g/taken", { force: true }));
  await world.pass(5_000);
  expect(members.map(({ signal }) => signal.aborted)).toEqual([false, true, false]);
  await world.until(operator.session.setBudget("/group", null));
  await world.pass(1_000);
  expect(members.map(({ signal }) => signal.aborted)).toEqual([false, true, true]);
  expect(taken?.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  await world.until(operator.session.delete("/group/g/stays", { force: true }));
  await world.pass(100);
  expect(stays?.signal.aborted).toBe(true);
});

test("whoever was taken out while nothing told of it, and is in the history no more, hears of it", async () => {
  const world = await World.start(1, "1", { historyEvents: 10 });
  const [a, operator] = await world.three();
  await world.until(operator.session.setBudget("/group", { watches: { hard: 0 } }));
  const membership = await world.until(a.coord.group("g").join({}, { id: "x" }));
  await world.pass(1_000);
  await world.until(operator.session.delete("/group/g/x", { force: true }));
  for (let k = 0; k < 50; k += 1) await world.until(operator.session.put("/n", String(k)));
  expect(membership.signal.aborted).toBe(false);
  await world.until(operator.session.setBudget("/group", null));
  await world.pass(1_000);
  expect(membership.signal.aborted).toBe(true);
});

test("members beyond 500 of one session leave room for other watches, and hear of their end in their turn", async () => {
  const world = await World.start();
  const [a, operator] = await world.three({ sessionTtlMs: 60_000 });
  const { session } = operator;
  await world.until(session.setBudget("/group", { watches: { soft: 1 } }));
  const watches = async (): Promise<number | undefined> =>
    (await world.until(session.getBudget("/group")))?.used.watches;
  const group = a.coord.group("g");
  const members = [];
  for (let id = 0; id < 503; id += 1) members.push(await world.until(group.join({}, { id: String(id) })));
  await world.pass(1_000);
  expect(await watches()).toBe(500);
  const [first, second] = members;
  const last = members.at(-1);
  await world.until(session.delete("/group/g/502", { force: true }));
  await world.pass(1_000);
  expect(last?.signal.aborted).toBe(false);
  await world.until(Promise.all([first?.leave(), second?.leave()]));
  await world.pass(1_000);
  expect([await watches(), last?.signal.aborted]).toEqual([500, false]);
  await world.until(members[2]?.leave() ?? Promise.resolve());
  await world.pass(1_000);
  expect([await watches(), last?.signal.aborted]).toEqual([499, true]);
});

test("members that there is no room to watch take no registration's place", async () => {
  const world = await World.start();
  const [a, { session }] = await world.three({ sessionTtlMs: 60_000 });
  await world.until(session.setBudget("/group", { watches: { hard: 0 } }));
  const group = a.coord.group("g");
  for (let id = 0; id < 500; id += 1) await world.until(group.join({}, { id: String(id) }));
  await world.pass(100);
  const registration = await world.until(a.coord.registry.register({ name: "web", id: "a", address: "a" }));
  await world.pass(100);
  await world.until(session.delete("/registry/web/a", { force: true }));
  await world.pass(1_000);
  expect(registration.signal.aborted).toBe(true);
});
