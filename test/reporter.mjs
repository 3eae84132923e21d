// Counts what vitest ran, for test/run.mjs: vitest's own JSON report leaves out why a test was skipped, and a suite
// whose beforeAll failed shows there as tests that were skipped for nothing. Writes one JSON file, whose path is in
// HEADGATE_TEST_COUNT: { passed, failed, skipped: [{ test, reason }], failures: [name, what failed] }. A skip without a reason is
// a failure: a silent skip is how a proof quietly goes missing.
import { writeFileSync } from "node:fs";

export default class CountingReporter {
  onTestRunEnd(modules, unhandled) {
    const count = { passed: 0, failed: 0, skipped: [], failures: [] };
    const fail = (name, errors = []) => {
      count.failed += 1;
      count.failures.push([name, ...errors.map(brief)].join("\n      "));
    };
    for (const module of modules) {
      const file = module.relativeModuleId;
      if (module.errors().length > 0) fail(file, module.errors());
      for (const suite of module.children.allSuites())
        if (suite.errors().length > 0) fail(`${file} > ${suite.fullName}`, suite.errors());
      for (const test of module.children.allTests()) {
        const name = `${file} > ${test.fullName}`;
        const result = test.result();
        if (result.state === "passed") count.passed += 1;
        else if (result.state === "skipped") {
          const reason = result.note ?? brokenAbove(test);
          if (reason === undefined || reason.trim() === "") fail(`${name} (skipped without a reason)`);
          else count.skipped.push({ test: name, reason });
        } else fail(name, result.errors);
      }
    }
    for (const error of unhandled) fail(`unhandled: ${error.message}`);
    writeFileSync(process.env["HEADGATE_TEST_COUNT"], JSON.stringify(count));
  }
}

// What stands in the summary: the log that CI keeps may begin after the test that failed.
function brief({ message }) {
  const [first = "", ...rest] = message.split("\n");
  return [first, ...rest.filter((line) => /seed|counterexample/iu.test(line))]
    .map((line) => line.slice(0, 400))
    .slice(0, 5)
    .join("\n      ");
}

// The suite or file whose preparation failed; its failure is counted there, once.
function brokenAbove(test) {
  for (let at = test.parent; at !== undefined; at = at.parent) {
    if (at.errors().length > 0) return "the preparation of its suite failed";
    if (at.type === "module") break;
  }
  return undefined;
}
