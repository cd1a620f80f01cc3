// Prints "N passed, N failed" from a vitest JSON report plus the number of other steps that failed.
import { readFileSync } from "node:fs";

const [report, failedSteps] = process.argv.slice(2);
let passed = 0;
let failed = Number(failedSteps);
try {
  const totals = JSON.parse(readFileSync(report, "utf8"));
  passed = totals.numPassedTests;
  failed = Math.max(failed, totals.numFailedTests + (failed - (totals.success ? 0 : 1)));
  if (!totals.success && failed === 0) failed = 1;
} catch (error) {
  console.error(`no test report: ${error.message}`);
  failed = Math.max(failed, 1);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
