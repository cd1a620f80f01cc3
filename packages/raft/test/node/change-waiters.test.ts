import { expect, test } from "vitest";
import type { Configuration } from "../../src/index.ts";
import { ChangeWaiters } from "../../src/node/change-waiters.ts";
import type { Standing } from "../../src/node/change-waiters.ts";

function configuration(index: number): Configuration {
  const voters = [{ id: "a", address: "a:1", incarnation: "1".repeat(32) }];
  return { index, historyId: "9".repeat(32), voters, outgoing: [], learners: [], leaseReads: false };
}

/** What is committed is the configuration at `index`; `terms`: of the entries that are not compacted away. */
function follower(term: number, index: number, terms: Readonly<Record<number, number>>): Standing {
  const committedConfiguration = configuration(index);
  return { role: "follower", term, committedConfiguration, termAt: (at) => terms[at] ?? null };
}

/** What becomes of a change at entry 7 that was asked for in term 2, once the node stands so. */
async function outcome(standing: Standing, applied = 100): Promise<string> {
  const waiters = new ChangeWaiters(() => {});
  const answer = waiters.begin([], null).then(
    ({ index }) => `configuration ${index}`,
    (error: unknown) => String(Object(error).code),
  );
  waiters.answered({ id: 1, index: 7, term: 2, refusal: null });
  waiters.settle(standing, applied);
  waiters.close();
  return answer;
}

const unknown = "ERR_FLOTILLA_UNKNOWN_OUTCOME";

test.each([
  ["its entry is committed under the next leader", follower(3, 7, { 7: 2 }), "configuration 7"],
  ["its entry is committed, and another change after it", follower(3, 9, { 7: 2, 9: 3 }), "configuration 9"],
  ["it had been made in an earlier term", follower(3, 7, { 7: 1 }), "configuration 7"],
  ["another leader's change is committed in its place", follower(3, 7, { 7: 3 }), unknown],
  ["another leader's change is committed behind its place", follower(3, 9, { 7: 3, 9: 3 }), unknown],
  ["its place is compacted away", follower(3, 9, { 9: 3 }), unknown],
  ["nothing is committed there", follower(3, 6, { 7: 2 }), unknown],
])("a leader that lost the lead says of a change what is certain: %s", async (_, standing, expected) => {
  expect(await outcome(standing)).toBe(expected);
});

test.each([6, 7])(
  "a change is told once the state machine has applied entry 7: applied is %i",
  async (applied) => {
    expect(await outcome(follower(3, 7, { 7: 2 }), applied)).toBe(
      applied === 7 ? "configuration 7" : unknown,
    );
  },
);
