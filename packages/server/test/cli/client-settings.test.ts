import { expect, test } from "vitest";
import { loadClientSettings } from "../../src/cli/client.ts";

const variables = [
  "FLOTILLA_ENDPOINTS",
  "FLOTILLA_CLUSTER",
  "FLOTILLA_SECRET",
  "FLOTILLA_SECRET_FILE",
  "FLOTILLA_AUTH",
  "FLOTILLA_AUTH_FILE",
  "FLOTILLA_TIMEOUT",
];

test("an empty variable is none", async () => {
  const empty = Object.fromEntries(variables.map((name) => [name, ""]));
  expect(await loadClientSettings({}, empty)).toEqual(await loadClientSettings({}, {}));
});

test("a flag wins over a variable, a variable over the default", async () => {
  const env = {
    FLOTILLA_ENDPOINTS: "a:1",
    FLOTILLA_CLUSTER: "b",
    FLOTILLA_TIMEOUT: "1s",
    FLOTILLA_SECRET: "s",
  };
  const settings = { endpoints: ["a:1"], cluster: "b", timeoutMs: 1_000, secret: "s" };
  expect(await loadClientSettings({}, env)).toMatchObject(settings);
  expect(await loadClientSettings({ cluster: "c", timeout: "2s" }, env)).toMatchObject({
    ...settings,
    cluster: "c",
    timeoutMs: 2_000,
  });
});

test("what is given and makes no sense is refused, an empty flag as well", async () => {
  for (const flags of [{ endpoints: "" }, { timeout: "" }, { timeout: "soon" }])
    await expect(loadClientSettings(flags, {})).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_CONFIG" });
});
