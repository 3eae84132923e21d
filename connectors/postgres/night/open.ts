/**
 * The target opens in one transaction (design.md, decision 12): the epoch's row locked against whoever would take over, the
 * forward lanes closed, which waits for a batch under way, then the roles let in, then the state. Killed anywhere, all of it
 * stands or nothing; asked again, it makes what is missing of it, so an answer that was lost does no harm.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import type { Session } from "../connection.js";
import type { Claim } from "../epoch.js";
import { acts, holdDoors, isIn, readDoors, rightsToOpen } from "./doors.js";
import type { Door } from "./doors.js";
import type { NightMoment } from "./moments.js";
import { missingRights, statementsOf } from "./privileges.js";
import type { Right } from "./privileges.js";

export interface Opening {
  readonly session: Session;
  readonly claim: Claim;
  readonly plan: Plan;
  readonly moment: (name: NightMoment) => void | Promise<void>;
}

export async function openTarget(
  { session, claim, plan, moment }: Opening,
  cutover: string,
  roles: readonly string[],
): Promise<void> {
  const { migration } = claim;
  const doing = "opening the target";
  await session.transaction(async () => {
    await lockEpoch(session, claim);
    await demandOpenable(session, migration, cutover);
    await moment("open:proven");
    await session.query(
      "UPDATE headgate.lane SET closed = true WHERE migration = $1 AND NOT closed",
      [migration],
      "closing the forward lanes",
    );
    await moment("open:lanes-closed");
    await holdDoors(session);
    const given: Given[] = [];
    for (const door of demandKnown(await readDoors(session, roles))) {
      if (!door.login) {
        await session.query(acts.letLogin(door), undefined, `letting ${door.role} log in`);
        given.push({ role: door.role, kind: "login", object: door.role, privilege: "LOGIN" });
      }
      if (!door.connect) {
        await session.query(acts.letConnect(door), undefined, `letting ${door.role} connect`);
        given.push({ role: door.role, kind: "connect", object: door.database, privilege: "CONNECT" });
      }
    }
    await moment("open:doors-open");
    const rights = await missingRights(session, plan, roles);
    for (const sql of statementsOf(rights, "GRANT")) await session.query(sql, undefined, "giving rights");
    await note(session, migration, cutover, [...given, ...rights]);
    await demandOpen(session, plan, roles);
    await moment("open:rights-given");
    await session.query(
      `UPDATE headgate.migration SET state = 'soaking', since = clock_timestamp(), cutover = $2
        WHERE id = $1 AND (state, cutover) IS DISTINCT FROM ('soaking', $2)`,
      [migration, cutover],
      doing,
    );
    await moment("open:before-commit");
  }, doing);
  await moment("open:committed");
}

type Given = Right | (Omit<Right, "kind"> & { readonly kind: "login" | "connect" });

async function note(
  session: Session,
  migration: string,
  cutover: string,
  given: readonly Given[],
): Promise<void> {
  await session.query(
    `INSERT INTO headgate.opened (migration, role, kind, object, privilege, cutover, at)
     SELECT $1, o.role, o.kind, o.object, o.privilege, $2, clock_timestamp()
       FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS o (role, kind, object, privilege)
     ON CONFLICT (migration, role, kind, object, privilege) DO UPDATE SET cutover = excluded.cutover, at = excluded.at`,
    [
      migration,
      cutover,
      given.map(({ role }) => role),
      given.map(({ kind }) => kind),
      given.map(({ object }) => object),
      given.map(({ privilege }) => privilege),
    ],
    "noting what roles were given",
  );
}

/** As proveEpoch, against everybody: nothing of ours writes meanwhile, and nobody takes over. */
async function lockEpoch(session: Session, { migration, epoch }: Claim): Promise<void> {
  const { count } = await session.query(
    "SELECT 1 FROM headgate.epoch WHERE migration = $1 AND epoch = $2 FOR UPDATE",
    [migration, epoch],
    "locking the epoch",
  );
  if (count !== 1)
    throw new Fault(
      "epoch-lost",
      `Another engine has claimed ${migration}: epoch ${epoch} is no longer the last one.`,
    );
}

/** A cutover's number opens the target once; what was rolled back or completed is over. */
async function demandOpenable(session: Session, migration: string, cutover: string): Promise<void> {
  const [row] = (
    await session.query(
      `SELECT m.state, m.cutover,
              EXISTS (SELECT FROM headgate.lane l WHERE l.migration = m.id AND l.join_marker IS NULL) AS unjoined
         FROM headgate.migration m WHERE m.id = $1`,
      [migration],
      "asking how the migration stands",
    )
  ).rows;
  const [state, last] = [row?.["state"] ?? "", row?.["cutover"] ?? null];
  const refuse = (why: string): Fault =>
    new Fault("ledger-mismatch", `The target is not opened by the cutover ${cutover}: ${why}.`);
  if (state === "completed") throw refuse(`${migration} is completed`);
  if (state === "soaking" && last !== cutover) throw refuse(`the cutover ${last ?? ""} has opened it`);
  if (state === "rolled_back" && last === cutover) throw refuse("it was rolled back");
  if (row?.["unjoined"] === "t") throw refuse("a lane has not joined, so the target lacks rows");
}

function demandKnown(doors: readonly Door[]): readonly Door[] {
  for (const door of doors) {
    if (door.oid === null)
      throw new Fault("target-refused", `The role ${door.role} is to be let in, and the target has none.`);
    if (door.superuser || door.ours)
      throw new Fault(
        "target-refused",
        `The role ${door.role} ${door.ours ? "is Headgate's own" : "is a superuser"}: it could not be shut out again.`,
      );
    const rights = rightsToOpen(door);
    if (rights.length > 0)
      throw new Fault(
        "grant-missing",
        `${door.me} may not let ${door.role} in. An administrator of the target gives the right: ${rights.join(" ")}`,
        { next: rights.join(" ") },
      );
  }
  return doors;
}

/** GRANT without enough rights is a warning of PostgreSQL's, and no error. */
async function demandOpen(session: Session, plan: Plan, roles: readonly string[]): Promise<void> {
  const out = (await readDoors(session, roles)).find((door) => !isIn(door));
  if (out !== undefined)
    throw new Fault(
      "grant-missing",
      `${out.role} was let in and still may not ${out.login ? "connect" : "log in"}.`,
    );
  const lacking = await missingRights(session, plan, roles);
  const [first] = lacking;
  if (first !== undefined)
    throw new Fault(
      "grant-missing",
      `${first.role} was given ${first.privilege} on ${first.object} and still lacks it, as our account may not give it.`,
      {
        next: statementsOf(lacking, "GRANT")
          .map((sql) => `${sql};`)
          .join(" "),
      },
    );
}
