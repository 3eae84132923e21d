/** One row change on its way in, as the feed handed it over: images in one buffer, and the shape that reads them. */
import type { ChangeOperation } from "../stream-port.js";
import type { Shape } from "./table.js";

/** A change on its way in. An insert has no before image, a delete no after image. */
export interface Change {
  readonly shape: Shape;
  readonly operation: ChangeOperation;
  readonly bytes: Buffer;
  readonly before: number;
  readonly beforeEnd: number;
  readonly after: number;
  readonly afterEnd: number;
  /** The source's foreign keys did nothing beside it. */
  readonly unchecked: boolean;
}
