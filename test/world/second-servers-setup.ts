/**
 * Before every file of tests that use servers. Where two of them run at once (HEADGATE_TEST_SECOND, set by test/run.mjs),
 * those of the second worker have servers of their own, a whole second stack in the folder that it names: no file meets
 * another's global variables, accounts, slots, locks, or a server that it has killed.
 */
const second = process.env["HEADGATE_TEST_SECOND"];
if (second !== undefined && process.env["VITEST_POOL_ID"] === "2")
  process.env["HEADGATE_STACK_DATA"] = second;
