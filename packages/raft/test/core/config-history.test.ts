import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigHistory } from "../../src/core/config/config-history.ts";
import type { Configuration } from "../../src/core/config/configuration.ts";
import { founded } from "./member.ts";

function at(index: number): Configuration {
  return { ...founded(["a"]), index };
}

test("history answers like a plain list, through appends, rollbacks of any depth and compaction", () => {
  const action = fc.record({
    type: fc.constantFrom("append", "truncate", "compact"),
    by: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const history = new ConfigHistory([at(0)]);
      let list = [0];
      for (const { type, by } of actions) {
        const newest = list.at(-1) ?? 0;
        const floor = list[0] ?? 0;
        if (type === "append") {
          history.append(at(newest + by));
          list.push(newest + by);
        } else if (type === "truncate") {
          const index = Math.max(floor + 1, newest - by);
          history.truncateFrom(index);
          list = list.filter((item) => item < index);
        } else {
          history.compactTo(floor + by);
          const keep = Math.max(...list.filter((item) => item <= floor + by));
          list = list.filter((item) => item >= keep);
        }
        expect(history.current.index).toBe(list.at(-1));
        for (const index of [floor, newest, newest + 1]) {
          const known = list.filter((item) => item <= index);
          expect(history.at(index).index).toBe(known.at(-1) ?? list[0]);
        }
      }
    }),
  );
});

test("the committed configuration is never rolled back", () => {
  const history = new ConfigHistory([at(4), at(7)]);
  history.truncateFrom(5);
  expect(history.current.index).toBe(4);
  expect(() => history.truncateFrom(4)).toThrow("CommittedConfigurationKept");
});

test("a configuration out of order is refused", () => {
  expect(() => new ConfigHistory([at(4), at(4)])).toThrow("ConfigurationsAscend");
  expect(() => new ConfigHistory([at(4)]).append(at(3))).toThrow("ConfigurationsAscend");
  expect(() => new ConfigHistory([])).toThrow("ConfigurationKnown");
});

test("a snapshot's configuration replaces all", () => {
  const history = new ConfigHistory([at(1), at(9)]);
  history.reset(at(5));
  expect(history.current.index).toBe(5);
  expect(history.at(20).index).toBe(5);
});
