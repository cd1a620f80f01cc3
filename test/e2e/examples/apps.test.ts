import { expect, test } from "vitest";
import { runExample } from "../support/example.ts";

test.each([
  ["fastify", 1],
  ["express", 1],
  ["nestjs", 2],
])(
  "%s: a job runs once a second in three apps, though whoever runs it is killed",
  { timeout: 120_000 },
  async (name, killed) => {
    const { code, output } = await runExample(name, []);
    expect(output.match(/^kill -9 app-\d$/gm)).toHaveLength(killed);
    expect(output).toMatch(/^\d+ ticks, each once$/m);
    expect(code).toBe(0);
  },
);

test("registry: no call fails through a rolling restart and a crash", { timeout: 120_000 }, async () => {
  const { code, output, lines } = await runExample("registry-drain", []);
  expect(output).toMatch(/^answered by app-1 \d+, app-2 \d+, app-3 \d+; 0 failed$/m);
  expect(code).toBe(0);
  expect(lines).toBeLessThanOrEqual(80);
});

test("deploy lock: one at a time, and no late one counts", { timeout: 120_000 }, async () => {
  const { code, output, lines } = await runExample("deploy-lock", []);
  expect(output).toContain("44 came too late\n");
  expect(output).toContain("one at a time, and no late one counts\n");
  expect(code).toBe(0);
  expect(lines).toBeLessThanOrEqual(80);
});

test(
  "auto-healer: workers that die and those of a killed process work again",
  { timeout: 120_000 },
  async () => {
    const { code, output, lines } = await runExample("auto-healer", []);
    expect(output).toMatch(/^kill -9 app-\d, with workers [1-3 ]*3[1-3 ]*$/m);
    expect(output).toContain("all four work again\n");
    expect(code).toBe(0);
    expect(lines).toBeLessThanOrEqual(80);
  },
);

test(
  "sharded consumer: each message is taken once, though one hangs and one is killed",
  { timeout: 120_000 },
  async () => {
    const { code, output, lines } = await runExample("sharded-consumer", []);
    expect(output).toMatch(/^app-1 hangs$/m);
    expect(output).toMatch(/^kill -9 app-2$/m);
    expect(output).toContain("each message was taken once\n");
    expect(code).toBe(0);
    expect(lines).toBeLessThanOrEqual(80);
  },
);
