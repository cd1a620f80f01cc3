import type { Member } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";

/** Turns what a flag, a variable or a file holds into a value; `where` names the place in errors. */
export type Reader<T> = (value: unknown, where: string) => T;

/** @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` */
export function refuse(where: string, expected: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `${where}: expected ${expected}`);
}

export const readText: Reader<string> = (value, where) =>
  typeof value === "string" && value !== "" ? value : refuse(where, "a text that is not empty");

export const readBoolean: Reader<boolean> = (value, where) => {
  if (value === true || value === "true" || value === "1") return true;
  if (value === false || value === "false" || value === "0") return false;
  return refuse(where, "true or false");
};

export const readCount: Reader<number> = (value, where) => {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0
    ? number
    : refuse(where, "a whole number");
};

const readItem = (value: unknown): string => (typeof value === "string" ? value.trim() : "");

/** `host:port,host:port`, or a list of such. */
export const readAddresses: Reader<readonly string[]> = (value, where) => {
  const addresses =
    typeof value === "string" ? split(value) : Array.isArray(value) ? value.map(readItem) : [];
  return addresses.length > 0 ? addresses : refuse(where, "host:port, or several with commas");
};

/** `n1=host:port,n2=host:port`, a list of such, or a table from id to address. */
export const readMembers: Reader<readonly Member[]> = (value, where) => {
  if (typeof value === "string") return split(value).map((item) => member(item, where));
  if (Array.isArray(value)) return value.map((item: unknown) => member(item, where));
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([id, address]) => ({
      id,
      address: readText(address, `${where}.${id}`),
    }));
  }
  return refuse(where, "members as id=host:port");
};

function member(value: unknown, where: string): Member {
  const [id, address, ...rest] = typeof value === "string" ? value.split("=") : [];
  if (id === undefined || id === "" || address === undefined || address === "" || rest.length > 0) {
    return refuse(where, "members as id=host:port");
  }
  return { id: id.trim(), address: address.trim() };
}

function split(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
