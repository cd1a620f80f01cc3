import { expectItems, FlotillaError, readOptionalUint, readUint } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { budgetKinds } from "./budget.ts";
import type { Budget, BudgetBounds, BudgetExcess } from "./budget.ts";
import { isGiven, writeOptional } from "./conditions-codec.ts";
import { limits } from "./limits.ts";

/** A soft and a hard bound of each kind. */
const bounds = budgetKinds.length * 2;

function bad(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", message);
}

/**
 * Refuses what is no budget: a caller without types may hand over anything.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function checkBudgetShape(budget: Budget): void {
  if (typeof budget !== "object") bad("budget: expected bounds by kind");
  for (const kind of Object.keys(budget))
    if (!budgetKinds.some((known) => known === kind)) bad("budget: unknown kind");
  for (const kind of budgetKinds) {
    const given = budget[kind];
    if (given === undefined) continue;
    if (!isGiven(given) || typeof given !== "object") bad(`${kind}: expected soft, hard or both`);
    readOptionalUint(given.soft, "soft");
    readOptionalUint(given.hard, "hard");
  }
}

/** Writes a budget as the soft and the hard bound of each kind in turn. {@link readBudget} is its inverse. */
export function writeBudget(writer: CborWriter, budget: Budget): void {
  writer.array(bounds);
  for (const kind of budgetKinds) {
    writeOptional(writer, budget[kind]?.soft);
    writeOptional(writer, budget[kind]?.hard);
  }
}

function readBounds(reader: CborReader): BudgetBounds {
  const soft = reader.takeNothing() ? {} : { soft: reader.uint("soft") };
  return reader.takeNothing() ? soft : { ...soft, hard: reader.uint("hard") };
}

/**
 * Reads a budget; whether it can be set is for `isBudget` to say.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function readBudget(reader: CborReader): Budget {
  expectItems("budget", reader.array("budget", bounds, bounds), bounds);
  const given = budgetKinds.map((kind) => [kind, readBounds(reader)] as const);
  return Object.fromEntries(given.filter(([, { soft, hard }]) => soft !== undefined || hard !== undefined));
}

/** Writes which bound it was as `[path, kind, limit, used, wanted]`. */
export function writeExcess(writer: CborWriter, excess: BudgetExcess): void {
  writer.array(5);
  writer.text(excess.path);
  writer.number(budgetKinds.indexOf(excess.kind));
  for (const count of [excess.limit, excess.used, excess.wanted]) writer.number(readUint(count, "count"));
}

/**
 * Reads what {@link writeExcess} wrote.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function readExcess(reader: CborReader): BudgetExcess {
  expectItems("excess", reader.array("excess", 5, 5), 5);
  return {
    path: reader.text("path", limits.pathBytes),
    kind: budgetKinds[reader.uint("kind")] ?? bad("budget: unknown kind"),
    limit: reader.uint("limit"),
    used: reader.uint("used"),
    wanted: reader.uint("wanted"),
  };
}
