/** Asks the server how a character set's bytes become UTF-8. */
import { Fault } from "../../../src/errors.js";
import type { Connection } from "../connection.js";
import type { Charset } from "./charset.js";

const asTheyAre = new Set(["utf8mb4", "utf8mb3", "binary"]);

export function readCharset(_connection: Connection, name: string, maxBytes: number): Promise<Charset> {
  if (asTheyAre.has(name)) return Promise.resolve({ name, maxBytes, write: null });
  return Promise.reject(new Fault("log-refused", `Text in ${name} cannot be read from the log yet.`));
}
