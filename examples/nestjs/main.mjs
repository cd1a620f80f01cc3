// A job a second and one for the leader in a cluster of three NestJS apps, though two are killed. `npm run example -- nestjs`
import { showSingleton } from "../support/show-singleton.mjs";

await showSingleton(import.meta.url, "dist/app.js", ["tick", "leads"]);
