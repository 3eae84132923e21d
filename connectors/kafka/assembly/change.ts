/** One changed row on its way to the sink. */
import type { ChangeOperation } from "../../../src/stream-port.js";
import type { RecordImages } from "../record.js";

export interface Change {
  readonly images: RecordImages;
  readonly operation: ChangeOperation;
  readonly value: Buffer;
  readonly before: number;
  readonly beforeEnd: number;
  readonly after: number;
  readonly afterEnd: number;
}
