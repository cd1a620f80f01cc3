import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Finding } from "./finding.ts";
import type { Suite } from "./suite-list.ts";

export interface SuiteOutcome {
  readonly finding: Finding | null;
  readonly cpuMs: number;
}

interface TestReport {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages: readonly string[];
}

const longest = 600_000;
// Vitest gives the error of a test that ran out of time the stack of its place, which begins otherwise.
const timeouts = /Error: (?:Test timed out|STACK_TRACE_ERROR)/;
/** Of one test that sets none, ms: machines are shared. */
const testTimeoutMs = 300_000;
// What the language or the process throws, not whoever judges.
const crashes = /\b(?:Type|Reference|Syntax)Error: |Worker (?:exited|terminated)|out of memory/;

// The same inputs each time, and no search for the smallest that shows it.
const setup = 'import fc from "fast-check";\nfc.configureGlobal({ seed: 1, endOnFailure: true });\n';

/** How much is tried. */
export interface SuiteTerms {
  /** How many of the schedules that are random by a seed. */
  readonly schedules: number;
  /** How many commands the state machine and its golden model are compared by. Default 200,000. */
  readonly commands?: number;
  /** Whoever takes longer does not end. Default ten minutes. */
  readonly longestMs?: number;
  /** Nor does whoever takes more CPU time, which is the same on a busy machine. Default: no bound. */
  readonly mostCpuMs?: number;
}

/** Runs suites on the code in a folder, one file after another, up to the first failure. */
export async function runSuites(
  folder: string,
  suites: readonly Suite[],
  { schedules, commands = 200_000, longestMs = longest, mostCpuMs = Infinity }: SuiteTerms,
): Promise<SuiteOutcome> {
  if (suites.length === 0) return { finding: null, cpuMs: 0 };
  const own = await mkdtemp(join(folder, "suites-"));
  try {
    const config = join(folder, "suites.config.mjs");
    const report = join(own, "report.json");
    const setupFile = join(folder, "suites-setup.mjs");
    await writeFile(setupFile, setup);
    await writeFile(config, configuration(folder, setupFile));
    const env = {
      FLOTILLA_SUITES: chosen(suites),
      FLOTILLA_CPU_FOLDER: own,
      FLOTILLA_CPU_MOST_MS: String(mostCpuMs),
      FLOTILLA_SCHEDULES: String(schedules),
      FLOTILLA_COMMANDS: String(commands),
      FLOTILLA_SEED: "1",
    };
    await run(folder, env, longestMs, [
      "run",
      "--config",
      config,
      "--reporter",
      "json",
      "--outputFile",
      report,
    ]);
    return { finding: await readFinding(report), cpuMs: await readCpuMs(own) };
  } finally {
    await rm(own, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What a run is told of the suites. */
function chosen(suites: readonly Suite[]): string {
  const include = suites.map((suite) => `${suite.folder}/${suite.file}`);
  return JSON.stringify({ include, testNamePattern: patternOf(suites.flatMap(({ tests }) => tests)) });
}

/** The same for all suites of a folder: modules are read from the cache only as long as it is. */
function configuration(folder: string, setupFile: string): string {
  const test = {
    root: folder,
    setupFiles: [setupFile],
    testTimeout: testTimeoutMs,
    pool: "threads",
    maxWorkers: 1,
    isolate: false,
    bail: 1,
    // By what is in a file: a mutant finds all others as they were.
    experimental: { fsModuleCache: true, fsModuleCachePath: join(folder, "suites-cache") },
  };
  const config = { ssr: { resolve: { conditions: ["@flotilla/source"] } } };
  return `const suites = JSON.parse(process.env["FLOTILLA_SUITES"]);
export default { ...${JSON.stringify(config)}, test: { ...${JSON.stringify(test)}, ...suites } };
`;
}

function patternOf(names: readonly string[]): string {
  return names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join("|");
}

function run(
  folder: string,
  env: NodeJS.ProcessEnv,
  longestMs: number,
  args: readonly string[],
): Promise<void> {
  const meter = pathToFileURL(join(import.meta.dirname, "../dist/cpu-meter.js")).href;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(folder, "node_modules/vitest/vitest.mjs"), ...args], {
      cwd: folder,
      stdio: "ignore",
      env: { ...process.env, ...env, NODE_OPTIONS: `--import ${meter}` },
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), longestMs);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function readFinding(report: string): Promise<Finding | null> {
  const text = await readFile(report, "utf8").catch(() => null);
  if (text === null) return { by: "timeout", isChecker: false, message: "the suites did not end" };
  const { testResults, success } = JSON.parse(text) as {
    readonly success: boolean;
    readonly testResults: readonly {
      readonly message: string;
      readonly assertionResults: readonly TestReport[];
    }[];
  };
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === "failed");
  if (failed !== undefined) return findingOf(failed);
  if (success) return null;
  const message = testResults.map((each) => each.message).join("\n");
  return { by: "crash", isChecker: false, message };
}

function findingOf({ fullName, failureMessages }: TestReport): Finding {
  const message = failureMessages.join("\n");
  if (timeouts.test(message)) return { by: "timeout", isChecker: false, message };
  if (crashes.test(message)) return { by: "crash", isChecker: false, message };
  return { by: `test ${fullName.trim()}`, isChecker: true, message };
}

async function readCpuMs(own: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(own)) {
    if (name.endsWith(".cpu")) total += Number(await readFile(join(own, name), "utf8"));
  }
  return total;
}
