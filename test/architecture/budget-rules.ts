/**
 * What may be installed with Headgate: few packages, none that runs a script or brings machine code, every version
 * pinned to the digit. Read from package.json and package-lock.json, because the lock is what users and CI get.
 * Raising a number here is a decision, made in a commit that says why; docs/decisions/0011 is the last.
 */

/** The parts of package.json and package-lock.json that are read. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export const budget = { direct: 23, total: 100 } as const;

/** The packages that a user of Headgate gets: everything in the lock that is not only for development. */
export function runtimePackages(lock: Lock): [string, LockedPackage][] {
  return Object.entries(lock.packages).filter(([path, entry]) => path !== "" && entry.dev !== true);
}

/** Every way in which the two files exceed the budget, one sentence each. */
export function budgetProblems(manifest: Manifest, lock: Lock): string[] {
  const problems: string[] = [];
  const direct = { ...manifest.dependencies, ...manifest.optionalDependencies };
  const count = Object.keys(direct).length;
  if (count > budget.direct)
    problems.push(`${count} direct runtime dependencies, allowed are ${budget.direct}`);
  const runtime = runtimePackages(lock);
  if (runtime.length > budget.total)
    problems.push(`${runtime.length} runtime packages in all, allowed are ${budget.total}`);
  for (const [path, entry] of runtime) {
    if (entry.hasInstallScript === true) problems.push(`${path} runs a script when it is installed`);
    if (entry.os !== undefined || entry.cpu !== undefined)
      problems.push(`${path} is built for one machine (os or cpu in the lock)`);
    if (entry.integrity === undefined) problems.push(`${path} has no integrity in the lock`);
  }
  for (const [name, version] of Object.entries({ ...direct, ...manifest.devDependencies }))
    if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version))
      problems.push(`${name}: "${version}" is no exact version`);
  for (const [path, entry] of Object.entries(lock.packages))
    if (entry.resolved !== undefined && /^https?:/.test(entry.resolved))
      problems.push(`${path} names the registry it came from`);
  return problems;
}
