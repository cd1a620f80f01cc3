import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inNetworkOfItsOwn, whyNoNamespaces } from "../src/processes/hub.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== null) console.warn(`SKIP: ${obstacle}: cuts by network namespaces are not tested`);

test.skipIf(obstacle !== null)("a way that is cut loses all, and every other way nothing", () => {
  const script = join(import.meta.dirname, "support/cut-ways.mjs");
  const [program = "", ...words] = inNetworkOfItsOwn([process.execPath, script]);
  const { stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    n1: ["ready", "back", "in the end"],
    n2: ["ready", "before", "there", "after"],
  });
});
