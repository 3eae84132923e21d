/** The end of the soak, for whoever brings it about, and for whoever is over before it. */

/** `reopened`: a way back was given up, and its stream has ended; another life soaks on. */
export type Soaked = "rolled_back" | "reopened" | "completed" | "done";

export interface Turning {
  readonly promise: Promise<Soaked>;
  readonly resolve: (to: Soaked) => void;
  readonly reject: (why: unknown) => void;
}

export function turning(): Turning {
  let [resolve, reject]: [Turning["resolve"], Turning["reject"]] = [() => undefined, () => undefined];
  const promise = new Promise<Soaked>((resolved, rejected) => {
    [resolve, reject] = [resolved, rejected];
  });
  return { promise, resolve, reject };
}

/** What ends with the life; where the stream was drained for a proof, its end is none. */
export async function untilDrained(
  act: Promise<Soaked>,
  over: Promise<Soaked>,
  drained: AbortSignal,
): Promise<Soaked> {
  try {
    return await act;
  } catch (error) {
    if (drained.aborted) return await over;
    throw error;
  }
}
