import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import type { ReadOptions } from "../../client/read-api.ts";
import { requireInteger } from "../counted.ts";
import type { ConfigVersion } from "./api.ts";
import { isVersionName, readDocument, versionName } from "./document.ts";

/** Versions that one write takes away at most. */
const maxAtOnce = 200;

/** The names of the versions that are kept, the oldest first. */
export async function versionNames(
  session: Session,
  path: string,
  options: ReadOptions,
): Promise<readonly string[]> {
  return ((await session.children(path, options))?.names ?? []).filter(isVersionName);
}

/**
 * The version that is to follow. An earlier one may have been put back by hand: what is kept is never made again.
 * @throws FlotillaError `ERR_FLOTILLA_LIMIT`
 */
export function versionAfter(path: string, latest: number, kept: readonly string[]): number {
  const next = kept.reduce((most, name) => Math.max(most, Number(name)), latest) + 1;
  if (Number.isSafeInteger(next)) return next;
  throw new FlotillaError("ERR_FLOTILLA_LIMIT", `${path}: there are no versions beyond 2^53 - 1`);
}

/** Versions before one, the latest first; no others are read. */
export async function readVersions(
  session: Session,
  path: string,
  { before, limit }: { readonly before: number; readonly limit: number },
  options: ReadOptions,
): Promise<readonly ConfigVersion<unknown>[]> {
  const names = (await session.children(path, options))?.names ?? [];
  const wanted = names.filter((name) => isVersionName(name) && Number(name) < before).slice(-limit);
  const last = wanted.at(-1);
  if (last === undefined) return [];
  const isWanted = new Set(wanted);
  const found: ConfigVersion<unknown>[] = [];
  for (let at = names.indexOf(wanted[0] ?? ""); ;) {
    const after = names[at - 1];
    const page = await session.childNodes(path, {
      ...options,
      ...(after === undefined ? {} : { after }),
      limit: names.indexOf(last) + 1 - at,
    });
    for (const { name, node } of page?.children ?? [])
      if (node !== null && isWanted.has(name)) found.push(readDocument(`${path}/${name}`, node));
    const next = page?.next ?? null;
    if (next === null || next >= last) break;
    at = names.findIndex((name) => name > next);
  }
  return found.toReversed();
}

/** @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND` when it is not kept, `ERR_FLOTILLA_BAD_ARGUMENT` */
export async function readVersion(
  session: Session,
  path: string,
  version: number,
  options: ReadOptions,
): Promise<ConfigVersion<unknown>> {
  requireInteger(version, "version", 1, Number.MAX_SAFE_INTEGER);
  const node = await session.get(`${path}/${versionName(version)}`, options);
  if (node !== null) return readDocument(path, node);
  throw new FlotillaError("ERR_FLOTILLA_NOT_FOUND", `${path} does not keep version ${version}`);
}

/** The names of the oldest versions beyond so many, as many as one write takes away. */
export function surplus(names: readonly string[], kept: number): readonly string[] {
  return names.slice(0, Math.min(maxAtOnce, Math.max(0, names.length - kept)));
}
