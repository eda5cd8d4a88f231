/** Prints `PASSED FAILED` of jest's report; a suite that could not run counts as one failure, and so does a missing report. */
import { readFileSync } from 'node:fs';

function counts(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    return [report.numPassedTests, report.numFailedTests + report.numRuntimeErrorTestSuites];
  } catch {
    return [0, 1];
  }
}

console.log(counts(process.argv[2]).join(' '));
