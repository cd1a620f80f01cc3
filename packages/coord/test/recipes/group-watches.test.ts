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
