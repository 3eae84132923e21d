/** How an announced column differs from the plan's. */
import type { SourceColumn } from "../../../src/model.js";
import type { AnnouncedColumn } from "./announced.js";
import { charsetName } from "./world.js";
import type { ImageWorld } from "./world.js";

export function differenceOf(
  announced: AnnouncedColumn,
  column: SourceColumn,
  world: ImageWorld,
): string | null {
  if (announced.unsigned !== null && announced.unsigned !== column.unsigned) return "another sign";
  const charset = announced.collation === null ? undefined : world.collations.get(announced.collation);
  if (charset !== undefined && column.charset !== null && charset !== charsetName(column.charset))
    return "another character set";
  return null;
}
