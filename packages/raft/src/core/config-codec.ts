import { decode, encode, FlotillaError, invariant, readArray, readList, readString } from "@flotilla/runtime";
import type { Configuration, Voter } from "./config.ts";
import type { Index } from "./types.ts";

/** Voters in one configuration. */
const maxVoters = 31;

const maxIdBytes = 64;
const maxAddressBytes = 300;
const nameBytes = 32;
const idPattern = /^[A-Za-z0-9._-]{1,64}$/;
const namePattern = /^[0-9a-f]{32}$/;

/** Payload of a `config` entry. The index is the entry's own and is not in it. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const { historyId, voters } = configuration;
  const payload = encode([
    historyId,
    voters.map(({ id, address, incarnation }) => [id, address, incarnation]),
  ]);
  invariant(payload.length > 0 && voters.length > 0, "ConfigurationNotEmpty");
  return payload;
}

function refuse(what: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `configuration: ${what}`);
}

function readVoter(value: unknown, what: string): Voter {
  const [id, address, incarnation] = readArray(value, what, 3, 3);
  const voter: Voter = {
    id: readString(id, "voter id", maxIdBytes),
    address: readString(address, "voter address", maxAddressBytes),
    incarnation: readString(incarnation, "voter incarnation", nameBytes),
  };
  if (!idPattern.test(voter.id)) refuse("a voter id has other characters than A-Z a-z 0-9 . _ -");
  if (!namePattern.test(voter.incarnation)) refuse("an incarnation is not 16 bytes of hex");
  return voter;
}

/**
 * Reads the payload of a `config` entry at `index`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` unless it names a history and 1 to 31 voters, sorted by id, each with an incarnation
 */
export function decodeConfiguration(payload: Uint8Array, index: Index): Configuration {
  const [history, list] = readArray(decode(payload), "configuration", 2, 2);
  const historyId = readString(history, "history id", nameBytes);
  if (!namePattern.test(historyId)) refuse("the history id is not 16 bytes of hex");
  const voters = readList(list, "voters", maxVoters, readVoter);
  if (voters.length === 0) refuse("there are no voters");
  for (const [position, voter] of voters.entries()) {
    const previous = voters[position - 1];
    if (previous !== undefined && previous.id >= voter.id) refuse("the voters are not sorted by id");
  }
  return { index, historyId, voters };
}
