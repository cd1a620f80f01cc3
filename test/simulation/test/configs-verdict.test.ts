import { expect, test } from "vitest";
import { judgeConfigs } from "../src/verdict/configs.ts";
import { MadeLog } from "./_support/made-log.ts";

/** A config of which these versions were made, and what those who made them were told. */
function broken(versions: readonly number[], told: readonly string[]): readonly string[] {
  const log = new MadeLog();
  for (const version of versions)
    log.write("a", { path: "/config/setting", value: { version, value: { number: 10 * version } } });
  log.ledger.plays.versions.push(...told);
  judgeConfigs(log);
  return log.broken;
}

test("each version follows the one before and is told to who made it", () => {
  expect(broken([1, 2], ["version 1 at 1 is 10", "version 2 at 2 is 20"])).toEqual([]);
});

test.each([
  ["a version that is left out", [1, 3], []],
  ["one that was made again", [1, 1], []],
  ["one that never was", [1], ["version 2 at 2 is 20"]],
  ["one that two made", [1], ["version 1 at 1 is 10", "version 1 at 1 is 10"]],
])("ConfigVersions notices %s", (_what, versions, told) => {
  expect(broken(versions, told)).toEqual(["ConfigVersions"]);
});
