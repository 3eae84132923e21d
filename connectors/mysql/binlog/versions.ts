/**
 * Changes of MariaDB's system-versioned tables. The copy has the rows of now, so a version that has ended is a row
 * that is gone: an update that ends one is told as its deletion, and what was history already is not told at all.
 */
import type { ChangeOperation, ChangeSink } from "../../../src/stream-port.js";
import type { ImageShape } from "../image/shape.js";

/** Takes what ChangeSink.change does. `historic` is the shape's own. */
export function handVersion(
  sink: Pick<ChangeSink, "change">,
  shape: ImageShape,
  historic: NonNullable<ImageShape["historic"]>,
  operation: ChangeOperation,
  bytes: Buffer,
  before: number,
  beforeEnd: number,
  after: number,
  afterEnd: number,
  unchecked: boolean,
): void {
  const was = operation !== "insert" && !historic(bytes, before, beforeEnd);
  const is = operation !== "delete" && !historic(bytes, after, afterEnd);
  if (was && is) sink.change(shape, "update", bytes, before, beforeEnd, after, afterEnd, unchecked);
  else if (was) sink.change(shape, "delete", bytes, before, beforeEnd, beforeEnd, beforeEnd, unchecked);
  else if (is) sink.change(shape, "insert", bytes, after, after, after, afterEnd, unchecked);
}
