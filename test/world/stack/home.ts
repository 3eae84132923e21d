/** Where one server of the stack keeps what is its own: data, log, socket, temp. */
import { join } from "node:path";
import type { Name } from "./names.js";

/** The files of one server in the data folder. */
export interface Home {
  readonly data: string;
  /** The one folder that LOAD DATA and SELECT INTO OUTFILE may use. */
  readonly files: string;
  readonly temp: string;
  readonly log: string;
}

export function homeOf(folder: string, name: Name): Home {
  return {
    data: join(folder, "data", name),
    files: join(folder, "files", name),
    temp: join(folder, "temp", name),
    log: join(folder, "log", `${name}.log`),
  };
}
