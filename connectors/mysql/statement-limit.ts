/**
 * The server's own limit on how long a statement may take, lifted for a session before anything else is said in it: a
 * limit for dashboards must not cut a catalogue query in half. MariaDB's cuts off whatever it is, the statement that
 * lifts it among them, so that one is said again.
 */

/** Read as a comment by a server that has no such limit. MySQL's own, max_execution_time, ends nothing but SELECT. */
export const withoutLimit = "SET SESSION sql_auto_is_null = 0 /*M!100101 , max_statement_time = 0 */";

const cutOff = 1969;
/** A limit of a millisecond lets most through even on a busy server: a hundred in a row are no accident. */
const mostTries = 100;

/** `say` runs `withoutLimit`, `numberOf` finds the server's number in what it threw. What is thrown by the last try passes. */
export async function untilLifted<T>(
  say: () => Promise<T>,
  numberOf: (error: unknown) => unknown,
): Promise<T> {
  for (let tried = 1; ; tried += 1)
    try {
      return await say();
    } catch (error) {
      if (numberOf(error) !== cutOff || tried === mostTries) throw error;
    }
}
