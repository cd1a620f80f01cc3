import { expect, test } from "vitest";
import { freePorts, isFree } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { runExample } from "../support/example.ts";

/** The first of three neighbouring ports on which nobody listens. */
async function threePorts(): Promise<number> {
  for (;;) {
    const [port = 0] = await freePorts(1);
    if ((await isFree(port + 1)) && (await isFree(port + 2))) return port;
  }
}

test("three processes count together, in thirty lines", { timeout: 120_000 }, async () => {
  await using folder = await TemporaryFolder.create("raft-counter");
  const { code, output, lines } = await runExample("raft-counter", [folder.path, String(await threePorts())]);
  expect(output.trimEnd().split("\n").toSorted()).toEqual(["a sees 30", "b sees 30", "c sees 30"]);
  expect(code).toBe(0);
  expect(lines).toBeLessThanOrEqual(30);
});
