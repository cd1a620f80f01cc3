import { FlotillaError } from "@flotilla/runtime";
import { requireNames } from "../../client/bad-argument.ts";
import { isRecord, isTextsByName } from "../record.ts";
import type { Check, FunctionCheck, HttpCheck, Service, ServiceTraits, TcpCheck, TtlCheck } from "./api.ts";
import type { InstanceFacts } from "./instance.ts";

const maxTags = 100;
const maxWeight = 1_000_000;
const maxPort = 65_535;
/** As long as a timer can be set for, ms. */
const maxMs = 2_147_483_647;

const allTraits: Readonly<Record<keyof ServiceTraits, true>> = {
  tags: true,
  zone: true,
  weight: true,
  meta: true,
};
const traitNames: ReadonlySet<string> = new Set(Object.keys(allTraits));

/** All there is of a service. */
export const serviceOptions: Readonly<Record<keyof Service, true>> = {
  ...allTraits,
  name: true,
  address: true,
  port: true,
  id: true,
  check: true,
  drainMs: true,
};
const serviceNames: ReadonlySet<string> = new Set(Object.keys(serviceOptions));

type CheckOption = keyof HttpCheck | keyof TcpCheck | keyof FunctionCheck | keyof TtlCheck;
const checkOptions: Readonly<Record<CheckOption, true>> = {
  http: true,
  expect: true,
  tcp: true,
  run: true,
  ttlMs: true,
  intervalMs: true,
  timeoutMs: true,
  rise: true,
  fall: true,
  removeAfterMs: true,
};
const checkNames: ReadonlySet<string> = new Set(Object.keys(checkOptions));

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function require(holds: boolean, expected: string): void {
  if (!holds) throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", expected);
}

export function isCount(value: unknown, from: number, to: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to;
}

/** A time that a timer can be set for. */
export function isMs(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value <= maxMs;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length <= maxTags && value.every((tag) => typeof tag === "string");
}

/**
 * The traits that are named, checked and copied.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function checkedTraits(traits: ServiceTraits): Partial<InstanceFacts> {
  require(isRecord(traits), "traits: expected an object");
  requireNames(traits, traitNames);
  return copiedTraits(traits);
}

function copiedTraits(traits: ServiceTraits): Partial<InstanceFacts> {
  const { tags, zone, weight, meta } = traits;
  require(tags === undefined || isTexts(tags), `tags: expected at most ${maxTags} texts`);
  require(zone === undefined || (typeof zone === "string" && zone !== ""), "zone: expected a text");
  const isWeight = typeof weight === "number" && weight >= 0 && weight <= maxWeight;
  require(weight === undefined || isWeight, `weight: expected a number from 0 to ${maxWeight}`);
  require(meta === undefined || isTextsByName(meta), "meta: expected texts by name");
  return {
    ...(tags === undefined ? {} : { tags: [...tags] }),
    ...(zone === undefined ? {} : { zone }),
    ...(weight === undefined ? {} : { weight }),
    ...(meta === undefined ? {} : { meta: { ...meta } }),
  };
}

/**
 * What is registered, checked, with what is left out.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function checkedService(service: Service): InstanceFacts {
  require(isRecord(service), "service: expected an object with name and address");
  requireNames(service, serviceNames);
  const { address, port, check, drainMs } = service;
  require(typeof address === "string" &&
    address.length > 0, "address: expected a text such as 127.0.0.1:8080");
  require(port === undefined || isCount(port, 1, maxPort), `port: expected an integer from 1 to ${maxPort}`);
  require(drainMs === undefined ||
    drainMs === 0 ||
    isMs(drainMs), `drainMs: expected milliseconds from 0 to ${maxMs}`);
  if (check !== undefined) requireCheck(check);
  const plain = { tags: [], zone: null, weight: 1, meta: {} };
  const state = check === undefined ? "passing" : "critical";
  return { address, port: port ?? null, ...plain, ...copiedTraits(service), state };
}

function requireCheck(check: Check): void {
  require(isRecord(check), "check: expected one of http, tcp, run, ttlMs");
  // Of an instance of a class, too, which has what else it needs.
  if (Object.getPrototypeOf(check) === Object.prototype) requireNames(check, checkNames);
  const given = (name: string): unknown => Reflect.get(check, name);
  const kinds = ["http", "tcp", "run", "ttlMs"].filter((kind) => given(kind) !== undefined);
  require(kinds.length === 1, "check: expected one of http, tcp, run, ttlMs");
  for (const kind of ["http", "tcp"])
    require(given(kind) === undefined || typeof given(kind) === "string", `check.${kind}: expected a text`);
  require(given("run") === undefined || typeof given("run") === "function", "check.run: expected a function");
  for (const time of ["ttlMs", "intervalMs", "timeoutMs", "removeAfterMs"])
    require(given(time) === undefined ||
      isMs(given(time)), `check.${time}: expected milliseconds above 0, at most ${maxMs}`);
  for (const times of ["rise", "fall"])
    require(given(times) === undefined ||
      isCount(given(times), 1, 1_000), `check.${times}: expected an integer from 1 to 1000`);
  require(given("expect") === undefined ||
    isCount(given("expect"), 100, 599), "check.expect: expected a status");
}
