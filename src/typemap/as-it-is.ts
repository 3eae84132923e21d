/**
 * The cell of a value that is in the target's binary form already: its bytes are the field. So a row that the target itself
 * has told goes the way of the source's rows, with nothing about its types to know or to get wrong.
 */
import type { Cell } from "./codec.js";
import { opCell } from "./family.js";
import { ops } from "./opcode.js";

export const asItIs: Cell = opCell(ops.bytes, 0);
