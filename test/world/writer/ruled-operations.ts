/**
 * What the writer does to the tables that have rules: unique values that two rows swap, hand over or take from a
 * neighbour, parents whose children follow them, a tree that loses a branch, wallets that all sessions pay from.
 */
import { free, own, some } from "./plain-operations.js";
import type { Hand, Operation } from "./plain-operations.js";
import { walletCount } from "./tables.js";

const id = (w: number, n: number): string => String((w + 1) * 1000 + n);
const rows = 16;
/** No row's own key is so high. */
const aside = 900;

const mail = (w: number, n: number, email: string): string =>
  `INSERT INTO mails VALUES (${id(w, n)}, ${String(w)}, ${String(n)}, '${email}', ${n % 3 === 0 ? "NULL" : `'alias ${id(w, n)}'`}, ${String(w)}, ${n % 4 === 0 ? "NULL" : id(w, n)})`;

async function addMail(hand: Hand): Promise<void> {
  const [n] = some(hand.random, free(await hand.live("mails"), rows), 1);
  if (n === undefined) {
    await dropMail(hand);
    return;
  }
  const { w } = hand;
  // An address that its owner may have been given by somebody else meanwhile stays his.
  await hand.run(
    `${mail(w, n, `user${id(w, n)}-${String(hand.random.int(1_000_000))}@x.org`)} ON DUPLICATE KEY UPDATE seat = NULL`,
  );
}

async function dropMail(hand: Hand): Promise<void> {
  const [n] = some(hand.random, await hand.live("mails"), 1);
  if (n !== undefined) await hand.run(`DELETE FROM mails WHERE ${own(hand.w, n)}`);
}

/** Two rows' unique values change places by way of a value that nobody has. */
async function swapUnique(hand: Hand): Promise<void> {
  const [one, other] = some(hand.random, await hand.live("mails"), rows);
  if (one === undefined || other === undefined) {
    await addMail(hand);
    return;
  }
  const { w } = hand;
  const column = hand.random.pick(["email", "alias", "seat"]);
  const temporary = column === "email" ? `'swap ${String(w)}'` : "NULL";
  await hand.run(
    `SET @one = (SELECT ${column} FROM mails WHERE ${own(w, one)}), @other = (SELECT ${column} FROM mails WHERE ${own(w, other)})`,
  );
  await hand.run(`UPDATE mails SET ${column} = ${temporary} WHERE ${own(w, one)}`);
  await hand.run(`UPDATE mails SET ${column} = @one WHERE ${own(w, other)}`);
  await hand.run(`UPDATE mails SET ${column} = @other WHERE ${own(w, one)}`);
}

/** The same by a delete and an insert: the value is never changed, its row is. */
async function inheritUnique(hand: Hand): Promise<void> {
  const live = await hand.live("mails");
  const [gone] = some(hand.random, live, 1);
  const [heir] = free(live, rows);
  if (gone === undefined || heir === undefined) {
    await addMail(hand);
    return;
  }
  const { w } = hand;
  await hand.run(
    `SET @email = (SELECT email FROM mails WHERE ${own(w, gone)}), @alias = (SELECT alias FROM mails WHERE ${own(w, gone)})`,
  );
  await hand.run(`DELETE FROM mails WHERE ${own(w, gone)}`);
  await hand.run(
    `INSERT INTO mails VALUES (${id(w, heir)}, ${String(w)}, ${String(heir)}, @email, @alias, ${String(w)}, NULL)`,
  );
}

/** Each seat becomes its neighbour's, in one statement that is right at no moment but its steps. */
async function shiftUnique(hand: Hand): Promise<void> {
  await hand.run(`UPDATE mails SET seat = seat + 1 WHERE w = ${String(hand.w)} ORDER BY seat DESC`);
  if (hand.random.oneIn(2))
    await hand.run(`UPDATE mails SET seat = seat - 1 WHERE w = ${String(hand.w)} ORDER BY seat`);
}

/** REPLACE throws the neighbour out who has the value. */
async function takeUnique(hand: Hand): Promise<void> {
  const live = await hand.live("mails");
  const [neighbour] = some(hand.random, live, 1);
  const [n] = free(live, rows);
  if (neighbour === undefined || n === undefined) {
    await addMail(hand);
    return;
  }
  const { w } = hand;
  await hand.run(`SET @email = (SELECT email FROM mails WHERE ${own(w, neighbour)})`);
  await hand.run(
    `REPLACE INTO mails VALUES (${id(w, n)}, ${String(w)}, ${String(n)}, @email, NULL, ${String(w)}, NULL)`,
  );
}

/** A value travels from one session's row to another's, in two transactions. */
async function handOver(hand: Hand): Promise<void> {
  const { w } = hand;
  const value = hand.given.pop();
  const live = await hand.live("mails");
  const [n] = some(hand.random, live, 1);
  if (n === undefined) {
    if (value !== undefined) hand.given.push(value);
    await addMail(hand);
    return;
  }
  if (value !== undefined) {
    await hand.run(`UPDATE mails SET email = '${value}' WHERE ${own(w, n)}`);
    return;
  }
  const held = await hand.read(`SELECT email FROM mails WHERE ${own(w, n)}`);
  await hand.run(
    `UPDATE mails SET email = 'hand${id(w, n)}-${String(hand.random.int(1_000_000))}@x.org' WHERE ${own(w, n)}`,
  );
  // Free for all from the moment on that this is committed.
  if (held !== null) hand.onCommit(() => hand.given.push(held));
}

async function addFamily(hand: Hand): Promise<void> {
  const { w } = hand;
  const owners = await hand.live("owners");
  const [n] = free(owners, rows);
  if (n === undefined || hand.random.oneIn(3)) {
    await addPet(hand, owners);
    return;
  }
  await hand.run(`INSERT INTO owners VALUES (${id(w, n)}, ${String(w)}, ${String(n)}, 'owner ${String(n)}')`);
  await addPet(hand, [n]);
  const [visit] = free(await hand.live("visits"), rows);
  if (visit !== undefined)
    await hand.run(
      `INSERT INTO visits SELECT ${id(w, visit)}, ${String(w)}, ${String(visit)}, id, 'seen' FROM owners WHERE ${own(w, n)}`,
    );
}

/** The parent is read from the source: its key may have moved. */
async function addPet(hand: Hand, owners: readonly number[]): Promise<void> {
  const { w } = hand;
  const [owner] = some(hand.random, owners, 1);
  const [pet] = free(await hand.live("pets"), rows);
  const toys = free(await hand.live("toys"), rows).slice(0, 2);
  if (owner === undefined || pet === undefined) {
    await loseOwner(hand);
    return;
  }
  await hand.run(
    `INSERT INTO pets SELECT ${id(w, pet)}, ${String(w)}, ${String(pet)}, id, NULL FROM owners WHERE ${own(w, owner)}`,
  );
  for (const toy of toys)
    await hand.run(
      `INSERT INTO toys SELECT ${id(w, toy)}, ${String(w)}, ${String(toy)}, id, 1.5 FROM pets WHERE ${own(w, pet)}`,
    );
}

async function loseOwner(hand: Hand): Promise<void> {
  const [n] = some(hand.random, await hand.live("owners"), 1);
  if (n === undefined) return;
  if (hand.random.oneIn(3)) await hand.run(`UPDATE owners SET name = 'leaves' WHERE ${own(hand.w, n)}`);
  await hand.run(`DELETE FROM owners WHERE ${own(hand.w, n)}`);
}

/** A parent's key moves, and its children's with it: away, or away and back. */
async function moveParent(hand: Hand): Promise<void> {
  const table = hand.random.pick(["owners", "pets"]);
  const [n] = some(hand.random, await hand.live(table), 1);
  if (n === undefined) {
    await addFamily(hand);
    return;
  }
  const { w } = hand;
  const there = hand.random.oneIn(2) ? String((w + 1) * 1000 + aside + n) : id(w, n);
  await hand.run(`UPDATE ${table} SET id = ${there}, name = 'moved' WHERE ${own(w, n)}`);
  if (hand.random.oneIn(3)) await hand.run(`UPDATE ${table} SET id = ${id(w, n)} WHERE ${own(w, n)}`);
  if (table === "pets" && hand.random.oneIn(3))
    await hand.run(`UPDATE toys SET price = 2 WHERE w = ${String(w)} AND pet = ${there}`);
}

async function grow(hand: Hand): Promise<void> {
  const { w } = hand;
  const live = await hand.live("tree");
  const [n] = free(live, rows);
  if (n === undefined) {
    await fell(hand);
    return;
  }
  // A tree of few levels: servers cascade fifteen deep, and the newest one counts a table twice for each of them.
  const [parent] = some(
    hand.random,
    live.filter((each) => each < n / 3),
    1,
  );
  const [friend] = some(hand.random, live, 1);
  const name = (each: number | undefined): string => (each === undefined ? "NULL" : id(w, each));
  await hand.run(
    `INSERT INTO tree VALUES (${id(w, n)}, ${String(w)}, ${String(n)}, ${name(parent)}, ${name(friend)}, 'leaf')`,
  );
}

/** With all that hangs on it. */
async function fell(hand: Hand): Promise<void> {
  const live = await hand.live("tree");
  const [n] = some(hand.random, live, 1);
  if (n === undefined) {
    await grow(hand);
    return;
  }
  if (hand.random.oneIn(2)) await hand.run(`UPDATE tree SET label = 'falls' WHERE w = ${String(hand.w)}`);
  await hand.run(`DELETE FROM tree WHERE ${own(hand.w, n)}`);
  if (hand.random.oneIn(3)) await grow(hand);
}

/** Every session's rows at once: the sum stays. */
async function pay(hand: Hand): Promise<void> {
  const [from = 1, to = 2] = some(
    hand.random,
    Array.from({ length: walletCount }, (_, at) => at + 1),
    walletCount,
  );
  const sum = String(hand.random.int(50));
  await hand.run(`UPDATE wallets SET balance = balance - ${sum} WHERE id = ${String(from)}`);
  await hand.run(`UPDATE wallets SET balance = balance + ${sum} WHERE id = ${String(to)}`);
}

export const ruledOperations: readonly (readonly [Operation, number])[] = [
  [addMail, 5],
  [dropMail, 1],
  [swapUnique, 4],
  [inheritUnique, 3],
  [shiftUnique, 2],
  [takeUnique, 2],
  [handOver, 3],
  [addFamily, 7],
  [loseOwner, 3],
  [moveParent, 4],
  [grow, 4],
  [fell, 2],
  [pay, 4],
];
