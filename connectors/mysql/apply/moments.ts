/**
 * The named moments of the way back's transaction, in the order in which it meets them, called as forward. A hook at each
 * does nothing in production; tests kill, cut or pause exactly there.
 */
import type { MysqlOptions } from "../connection.js";

export const reverseMoments = [
  "apply:begun",
  "apply:group-written",
  "apply:before-commit",
  "apply:commit-sent",
  "apply:committed",
] as const;

export type ReverseMoment = (typeof reverseMoments)[number];
export type OnMoment = (name: ReverseMoment) => void | Promise<void>;

export interface ReverseOptions extends MysqlOptions {
  /** Called at each named moment of a batch; nothing in production. */
  readonly moment?: OnMoment;
}
