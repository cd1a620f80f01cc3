import type { Config, ConfigVersion, StandardSchema } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { configName } from "../actors/paths.ts";
import type { Part } from "./part.ts";
import { came, inRounds, look, pause } from "./part.ts";

const kept = 5;

interface Setting {
  readonly number: number;
}

const schema: StandardSchema<Setting> = {
  "~standard": {
    version: 1,
    vendor: "simulation",
    validate: (value) => {
      const number = typeof value === "object" && value !== null && "number" in value ? value.number : null;
      return typeof number === "number"
        ? { value: { number } }
        : { issues: [{ message: "expected a number" }] };
    },
  },
};

/** A version as text; null before the first. */
export function versionText(
  version: Pick<ConfigVersion<Setting>, "version" | "revision" | "value"> | null,
): string {
  return version === null
    ? "nothing"
    : `version ${version.version} at ${version.revision} is ${version.value.number}`;
}

/** Makes versions of a document in every way, reads it, its history, and follows it. */
export async function playConfig(part: Part): Promise<void> {
  const { coord, follows } = part;
  const config = coord.config(configName, { schema, history: kept });
  follows.add("config", async (show, signal) => {
    for await (const version of config.watch({ signal })) show(versionText(version));
  });
  await inRounds(part, () => round(part, config));
}

async function round(part: Part, config: Config<Setting>): Promise<void> {
  const { actor, random } = part;
  await pause(part, 100, 2000);
  if (random.chance(0.3))
    return look(part, "config", async () => versionText(await config.get({ timeoutMs: 3000 })));
  const { versions } = actor.world.ledger.plays;
  try {
    versions.push(versionText(await write(part, config)));
    came(part, "config/version");
  } catch (error) {
    // Somebody else was quicker, or the version is kept no more.
    const isRefused =
      FlotillaError.is(error, "ERR_FLOTILLA_BAD_VERSION") ||
      FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND");
    if (!isRefused) throw error;
  }
}

async function write({ random }: Part, config: Config<Setting>): Promise<ConfigVersion<Setting>> {
  const within = { timeoutMs: 3000 };
  const number = random.below(1_000_000);
  switch (random.below(4)) {
    case 0:
      return config.set({ number }, within);
    case 1:
      return config.update((before) => ({ number: (before?.number ?? 0) + 1 }), within);
    case 2: {
      const version = (await config.get(within))?.version ?? 0;
      return config.set({ number }, { ...within, version });
    }
    default: {
      const latest = (await config.get(within))?.version ?? 1;
      return config.rollback(Math.max(1, latest - random.below(kept)), within);
    }
  }
}
