/** Named moments of a verification: tests stop, corrupt and kill there. */
export const verifyMoments = [
  "verify:begun",
  "verify:looking",
  "verify:compared",
  "verify:proven",
  "verify:rechecked",
  "verify:settled",
  "verify:cleaned",
  "repair:read",
  "repair:caught-up",
  "repair:mended",
] as const;

export type VerifyMoment = (typeof verifyMoments)[number];

export type VerifyMomentHook = (moment: VerifyMoment) => void | Promise<void>;
