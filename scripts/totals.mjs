// Prints "N passed, N failed" of the tests (vitest's JSON report), the scenarios on real processes (what `jepsen --json`
// printed) and the steps that failed: `totals.mjs REPORT SCENARIOS STEP,STEP`.
import { readFileSync } from "node:fs";

const [report, scenarios, failedSteps] = process.argv.slice(2);

/** What a file tells; one failure when it tells nothing. */
function counted(what, count) {
  try {
    return count();
  } catch (error) {
    console.error(`no ${what}: ${error.message}`);
    return { passed: 0, failed: 1 };
  }
}

const tests = counted("test report", () => {
  const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(report, "utf8"));
  return { passed: numPassedTests, failed: success ? 0 : Math.max(1, numFailedTests) };
});

const runs = counted("result of scenarios", () => {
  const lines = readFileSync(scenarios, "utf8").trim().split("\n").map(JSON.parse);
  const total = lines.pop();
  if (total.scenarios !== lines.length || total.scenarios === 0) throw new Error("it broke off");
  const bad = lines.filter(({ undecided, violations }) => undecided > 0 || violations.length > 0);
  return { passed: lines.length - bad.length, failed: bad.length };
});

// The steps of those two are counted by what failed in them.
const told = new Set([...(tests.failed > 0 ? ["test"] : []), ...(runs.failed > 0 ? ["scenarios"] : [])]);
const others = failedSteps.split(",").filter((step) => step !== "" && !told.has(step));
const passed = tests.passed + runs.passed;
const failed = tests.failed + runs.failed + others.length;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
