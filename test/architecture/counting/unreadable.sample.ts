/**
 * A file that fails before its first test is known, for reporter.test.ts to count.
 */
throw new Error("cannot be read");
