/** What one worker compares with: a look at the target, and a reader of the source that shows what the look shows. */
import type { SourceEngine } from "../model.js";
import type { RowReader } from "../port.js";
import type { TargetLook } from "../verify-port.js";

export interface Comparer {
  readonly look: TargetLook;
  readonly reader: RowReader;
  readonly engine: SourceEngine;
}
