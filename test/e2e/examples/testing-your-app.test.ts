import { expect, test } from "vitest";
import { runExample } from "../support/example.ts";

test("an app's fail-over is tested with the kit, in sixty lines", { timeout: 120_000 }, async () => {
  const { code, output, lines } = await runExample("testing-your-app", ["7"]);
  expect(output).toContain("reports by 3 leaders, each once");
  expect(output).toContain("# pass 1");
  expect(code).toBe(0);
  expect(lines).toBeLessThanOrEqual(60);
});
