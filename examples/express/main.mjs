// A job that runs once a second in a cluster of three Express apps, though one is killed. `npm run example -- express`
import { showSingleton } from "../support/show-singleton.mjs";

await showSingleton(import.meta.url);
