import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

const conditions = ["@flotilla/source"];
const packages = ["runtime", "raft", "kv", "coord", "testing", "server"];
// Their tests touch nothing global, so files may share what a worker has loaded: half the time of small files is loading.
const shared = ["raft", "kv", "coord", "testing", "history", "fuzz"];
const setup = (path: string) => join(import.meta.dirname, "test", path);

/** What property tests draw from: the committed sources, so that each commit tries others, and the same ones everywhere. */
function seedOfSources(): string {
  try {
    const ids = execFileSync("git", ["rev-parse", "HEAD:packages", "HEAD:test"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const seeds = ids
      .toString()
      .trim()
      .split("\n")
      .map((id) => Number.parseInt(id.slice(0, 8), 16));
    return String(seeds.reduce((all, one) => all ^ one, 0));
  } catch {
    // No checkout, as of an archive of the sources.
    return "1";
  }
}

const isolate = (name: string) => !shared.includes(name);

/** They take longest, on one core each: what begins late would be left to run alone in the end. */
const longest = ["worlds", "sweep", "log-worlds"].map((name) => setup(`simulation/test/${name}.test.ts`));

const rank = ({ moduleId }: TestSpecification) => longest.indexOf(moduleId) + 1 || longest.length + 1;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // eslint-disable-next-line unicorn/no-array-sort -- not an array's
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    setupFiles: [setup("support/property-seed.ts")],
    env: { FLOTILLA_SEED: process.env["FLOTILLA_SEED"] ?? seedOfSources() },
    projects: [
      ...packages.map((name) => ({
        extends: true as const,
        test: { name, root: `packages/${name}`, include: ["test/**/*.test.ts"], isolate: isolate(name) },
      })),
      ...["history", "simulation", "exhaustive", "mutants", "fuzz", "jepsen"].map((name) => ({
        extends: true as const,
        test: { name, root: `test/${name}`, include: ["**/*.test.ts"], isolate: isolate(name) },
      })),
      {
        extends: true as const,
        test: {
          name: "e2e",
          root: "test/e2e",
          include: ["**/*.test.ts"],
          setupFiles: [setup("e2e/support/setup.ts")],
        },
      },
      {
        extends: true as const,
        test: { name: "bench", root: "bench", include: ["test/**/*.test.ts"] },
      },
    ],
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Ends what hangs. Not a judgement of speed: machines are shared.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: { provider: "v8", include: ["packages/*/src/**"] },
  },
});
