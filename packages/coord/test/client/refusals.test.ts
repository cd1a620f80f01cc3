import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { rejection, World } from "../recipes/world.ts";

const isBelow = "the node above it is not there";

test.each<[what: string, call: (session: Session) => Promise<unknown>, why: string]>([
  ["create /no/such", (session) => session.create("/no/such"), `${isBelow}: make that first`],
  ["put /no/such", (session) => session.put("/no/such", ""), isBelow],
  ["add /no/such", (session) => session.add("/no/such", 1), isBelow],
  ["set /no", (session) => session.set("/no", ""), "There is no such node."],
  ["doom", (session) => session.doom("0".repeat(32)), "there is no such session or lease"],
  ["setBudget /", (session) => session.setBudget("/", null), "it has no budget of its own"],
])("%s says what is not there", async (what, call, why) => {
  const world = await World.start();
  const { session } = await world.client();
  const error = await world.until(rejection(call(session)));
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_NOT_FOUND" });
  expect(String(error)).toContain(`${what}: ${why}`);
});
