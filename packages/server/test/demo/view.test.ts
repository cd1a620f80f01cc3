import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ViewState } from "../../src/demo/view.ts";
import { render } from "../../src/demo/view.ts";

const state: ViewState = {
  elapsedMs: 12_345,
  documents: 300,
  members: [
    {
      id: "n1",
      pid: 4_711,
      state: "up",
      voter: { role: "leader", term: 3, applied: 90, lag: 0 },
      hostsVoter: true,
      job: "works",
    },
    { id: "n2", pid: null, state: "down", voter: null, hostsVoter: true, job: "-" },
    { id: "n4", pid: 4_712, state: "up", voter: null, hostsVoter: false, job: "leads" },
  ],
  leader: { id: "n4", epoch: 17, forMs: 2_000 },
  workers: ["n1"],
  answered: 1_000,
  wrong: 0,
  retried: 3,
  staleRefused: 4,
  writes: 5_000,
  busy: "kill-worker",
  events: Array.from(
    { length: 60 },
    (_, i) => `${i}.00s  event ${i} recovered from something that takes many words to tell`,
  ),
};

function screen(columns: number, rows: number): string[] {
  return stripVTControlCharacters(render(state, { columns, rows })).split("\n");
}

test("shows who leads since when with which epoch, the members, the counts and the last events", () => {
  const text = screen(120, 40).join("\n");
  expect(text).toContain("n4 leads with epoch 17 for 2.0 s");
  expect(text).toMatch(/^n1\s+4711\s+up\s+leader\s+3\s+90\s+0\s+works$/m);
  expect(text).toMatch(/^n2\s+-\s+down\s+-/m);
  expect(text).toMatch(/^n4\s+4712\s+up\s+client/m);
  expect(text).toContain("1000 answered   0 wrong   3 retried");
  expect(text).toContain("recovering from kill-worker");
  expect(text).toContain("event 59");
  expect(text).not.toContain("event 1 ");
});

test("is never wider or higher than the terminal", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 2, max: 80 }), (columns, rows) => {
      const lines = screen(columns, rows);
      expect(lines.length).toBeLessThan(rows);
      for (const line of lines) expect(line.length).toBeLessThan(columns);
    }),
  );
});

test("a long event goes on in the next line, none of its words lost", () => {
  const text = screen(50, 60).join(" ").replaceAll(/\s+/g, " ");
  expect(text).toContain("event 59 recovered from something that takes many words to tell");
});
