import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import type { ReadOptions } from "../../client/read-api.ts";
import { readNodes } from "../children.ts";
import { requireInteger } from "../counted.ts";
import type { ConfigVersion } from "./api.ts";
import { isVersionName, readDocument, versionName } from "./document.ts";

/** Versions that one write takes away at most. */
const maxAtOnce = 200;

/** Versions before one, the latest first. */
export async function readVersions(
  session: Session,
  path: string,
  { before, limit }: { readonly before: number; readonly limit: number },
  options: ReadOptions,
): Promise<readonly ConfigVersion<unknown>[]> {
  const nodes = await readNodes(session, path, options);
  return nodes
    .filter(({ name }) => isVersionName(name))
    .map(({ name, node }) => readDocument(`${path}/${name}`, node))
    .filter(({ version }) => version < before)
    .toReversed()
    .slice(0, limit);
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
export async function surplus(
  session: Session,
  path: string,
  kept: number,
  options: ReadOptions,
): Promise<readonly string[]> {
  const names = ((await session.children(path, options))?.names ?? []).filter(isVersionName);
  return names.slice(0, Math.min(maxAtOnce, Math.max(0, names.length - kept)));
}
