import type { Acl, AclEntry, Budget } from "@flotilla/kv";
import { isObject } from "./given.ts";

function copyOfEntry(entry: AclEntry): AclEntry {
  if (!isObject(entry)) return entry;
  const { scheme, id, permissions } = entry;
  return { scheme, id, permissions };
}

/** A list of nobody else's. What is none stays what it is: a caller without types may hand over anything. */
export function copyOfAcl(acl: Acl): Acl {
  return Array.isArray(acl) ? acl.map(copyOfEntry) : acl;
}

/** The same of a budget. */
export function copyOfBudget(budget: Budget): Budget {
  if (!isObject(budget)) return budget;
  const bounds = Object.entries(budget);
  return Object.fromEntries(bounds.map(([kind, each]) => [kind, isObject(each) ? { ...each } : each]));
}
