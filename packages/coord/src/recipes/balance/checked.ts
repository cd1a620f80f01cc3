import { requireNames } from "../../client/bad-argument.ts";
import { isObject } from "../../given.ts";
import { isCount, isMs, require } from "../registry/checked.ts";
import { matcher } from "../registry/filter.ts";
import type { BalanceOptions, OutlierOptions, PickOptions, UseOptions } from "./api.ts";
import { requirePicker } from "./strategy.ts";

const maxCount = 1_000_000;

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireBalance(options: BalanceOptions): void {
  require(isObject(options), "options: expected an object");
  requireNames(options);
  const { pick, outliers } = options;
  if (pick !== undefined) requirePicker(pick);
  if (outliers !== undefined) requireOutliers(outliers);
  matcher(options);
}

function requireOutliers(outliers: OutlierOptions): void {
  require(isObject(outliers), "outliers: expected failures, ejectMs, maxShare");
  requireNames(outliers);
  const { failures, ejectMs, maxShare } = outliers;
  require(failures === undefined ||
    isCount(failures, 1, maxCount), `outliers.failures: expected an integer from 1 to ${maxCount}`);
  require(ejectMs === undefined || isMs(ejectMs), "outliers.ejectMs: expected milliseconds above 0");
  const isShare = typeof maxShare === "number" && maxShare >= 0 && maxShare <= 1;
  require(maxShare === undefined || isShare, "outliers.maxShare: expected a number from 0 to 1");
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requirePick(options: PickOptions): void {
  require(isObject(options), "options: expected an object");
  requireNames(options);
  require(options.key === undefined || typeof options.key === "string", "key: expected a text");
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireUse(fn: unknown, options: UseOptions): void {
  require(typeof fn === "function", "use: expected a function");
  requirePick(options);
  const { tries, retry } = options;
  const isTries = tries === Number.POSITIVE_INFINITY || isCount(tries, 1, maxCount);
  require(tries === undefined || isTries, `tries: expected an integer from 1 to ${maxCount}, or Infinity`);
  require(retry === undefined || typeof retry === "function", "retry: expected a function");
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireMin(min: unknown): void {
  require(isCount(min, 0, maxCount), `ready: expected an integer from 0 to ${maxCount}`);
}
